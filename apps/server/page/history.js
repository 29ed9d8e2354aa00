// The history: pasted, dropped, listed, deleted.

import { at, busy, count, day, make, notice } from "./parts.js";
import { call, upload } from "./server.js";

const PAGE = 20;
const DECIDED = { pin: "always", forbid: "never", release: "no order" };
let next = 0;
let changed = () => {};

export async function show() {
  next = 0;
  at("items").replaceChildren();
  await Promise.all([older(), showHeld()]);
}

// What no prompt has, since it looks like orders to the model: shown with the reasons, to release.
async function showHeld() {
  const { items, total } = await call("GET", "history/held", { query: { limit: PAGE } });
  const shown = at("held");
  shown.hidden = !total;
  shown.querySelector("summary").textContent = `Held back: ${count(total, "item")}`;
  shown.querySelector("ul").replaceChildren(...items.map(({ item, reasons }) => {
    const free = make("button", {
      type: "button", class: "quiet", text: "Release", "aria-label": `Release: ${item.text}`,
      on: {
        click: () => busy(free, async () => {
          await call("POST", "history/held/release", { query: { id: item.id } });
          await Promise.all([show(), changed()]);
        }),
      },
    });
    return make("li", {},
      make("span", {}, `${item.text} `, make("small", { text: reasons.join("; ") })), free);
  }));
}

async function older() {
  const page = await call("GET", "history", { query: { limit: PAGE, offset: next } });
  at("items").append(...page.items.map(line));
  next = page.next_offset ?? 0;
  at("older").hidden = page.next_offset === null;
  at("forget").hidden = !page.total;
  at("history-facts").textContent = page.total
    ? `${count(page.total, "item")}, the newest first.`
    : "Nothing yet. Only what the person wrote, bought or did counts as evidence about them.";
}

function line(item) {
  const gone = make("button", {
    type: "button", class: "quiet", text: "Delete", "aria-label": `Delete: ${item.text}`,
    on: {
      click: () => busy(gone, async () => {
        await call("DELETE", "history", { query: { id: item.id } });
        await Promise.all([show(), changed()]);
      }),
    },
  });
  const from = [day(item.time), item.source, item.category, item.role === "other" ? "by others" : null];
  return make("li", {},
    make("span", {}, `${item.text} `, make("small", { text: from.filter(Boolean).join(", ") })), gone);
}

function showCounts(done) {
  const parts = [`added ${done.added}`, `already there ${done.duplicates}`];
  const left = Object.entries(done.left_out ?? {}).map(([reason, number]) => `${reason} ${number}`);
  if (left.length) parts.push(`left out ${left.join(" and ")}`);
  if (done.masked) parts.push(`secrets masked ${done.masked}`);
  if (done.refused) {
    const named = done.refusals.slice(0, 3).map((refusal) => `${refusal.place}: ${refusal.reason}`).join("; ");
    parts.push(`refused ${done.refused} (${named}${done.refused > 3 ? "; …" : ""})`);
  }
  if (done.held_back) parts.push(`held back ${done.held_back}, see below`);
  if (done.restored) parts.push(`profiles and wishes restored ${done.restored}`);
  const found = (done.formats ?? []).map(({ title, format, files }) =>
    `${title} (${format})${files > 1 ? `, ${count(files, "file")}` : ""}`);
  const lines = [found.length ? `Found: ${found.join("; ")}.` : "", `${parts.join(", ")}.`];
  at("added").textContent = lines.filter(Boolean).join(" ");
}

async function showFormats() {
  const known = await call("GET", "history/formats");
  at("formats").querySelector("ul").replaceChildren(...known.map(({ title, obtain }) =>
    make("li", {}, make("span", {}, `${title} `, make("small", { text: obtain })))));
}

async function sendAll(files) {
  for (const file of files) await send(file);
}

async function send(file) {
  const bar = at("progress");
  bar.hidden = false;
  bar.value = 0;
  at("added").textContent = `Sending ${file.name} …`;
  notice(null);
  try {
    const progress = (part) => {
      if (part < 1) bar.value = part;
      else {
        bar.removeAttribute("value");
        at("added").textContent = `Finding out what kind of file ${file.name} is, and reading it …`;
      }
    };
    const fields = {};
    for (const name of ["me", "dates"]) if (at(name).value.trim()) fields[name] = at(name).value.trim();
    const done = await upload(file, progress, fields);
    showCounts(done);
    const wishes = done.wishes_left.map((wish) => `${DECIDED[wish.kind]}: ${wish.text}`);
    if (wishes.length && confirm(`Are these wishes in the file your own?\n\n${wishes.join("\n")}`)) {
      showCounts(await upload(file, progress, { ...fields, keep_wishes: true }));
    }
    await show();
  } catch (error) {
    at("added").textContent = "";
    notice(error);
  } finally {
    bar.hidden = true;
    at("file").value = "";
  }
}

export function listen(onChange) {
  changed = onChange;
  at("paste").addEventListener("submit", (event) => {
    event.preventDefault();
    const lines = at("pasted").value.split("\n").map((line) => line.trim()).filter(Boolean);
    if (!lines.length) return notice("paste at least one line, then add it.");
    const time = new Date().toISOString();
    return busy(event.submitter ?? at("older"), async () => {
      const done = { added: 0, duplicates: 0, held_back: 0, masked: 0 };
      for (let first = 0; first < lines.length; first += 500) {
        const items = lines.slice(first, first + 500).map((text) => ({ text, time }));
        const sent = await call("POST", "history", { body: { items } });
        done.masked += sent.masked;
        done.added += sent.added.length;
        done.duplicates += sent.duplicates.length;
        done.held_back += sent.held_back.length;
      }
      at("pasted").value = "";
      showCounts(done);
      await show();
    });
  });
  at("file").addEventListener("change", () => sendAll([...at("file").files]));
  const drop = at("drop");
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    sendAll([...event.dataTransfer.files]);
  });
  at("formats").addEventListener("toggle", () => {
    if (at("formats").open && !at("formats").querySelector("li")) busy(at("older"), showFormats);
  });
  at("older").addEventListener("click", () => busy(at("older"), older));
  at("forget").addEventListener("click", () => {
    const sure = "Delete this person's history, profiles and threads, down to the disk?";
    if (!window.confirm(sure)) return;
    busy(at("forget"), async () => {
      await call("DELETE", "everything", { query: { confirm: "everything" } });
      await Promise.all([show(), changed()]);
    });
  });
}
