// The profile: its sentences with their evidence, what the user decided, and its versions.

import { ago, at, busy, cost, count, day, make, notice, percent } from "./parts.js";
import { plot } from "./plot.js";
import { call, state } from "./server.js";

const task = () => ({ task: state.task });

export async function show() {
  let shown = null;
  try {
    shown = await call("GET", "profile", { query: task() });
  } catch (error) {
    if (error.status !== 404) throw error;
  }
  draw(shown);
  const [versions, decided] = await Promise.all([
    call("GET", "profile/versions", { query: task() }),
    call("GET", "profile/wishes", { query: task() }),
  ]);
  drawVersions(versions);
  drawDecisions(decided);
  plot(versions.map((version) => version.profile));
}

function draw(shown) {
  const profile = shown?.profile;
  at("make").textContent = profile ? "Refresh it" : "Make it";
  at("profile-facts").textContent = !profile
    ? "There is none yet for this task. Add some history, then make it."
    : profile.note || `Version ${profile.version}, made ${ago(profile.created)} by ` +
      `${profile.model}: ${cost(profile.cost)}.`;
  drawWorth(profile, shown?.items);
  const sentences = profile?.sentences ?? [];
  const used = sentences.filter((sentence) => sentence.pinned || sentence.evidence.length);
  const unused = sentences.filter((sentence) => !sentence.pinned && !sentence.evidence.length);
  const lowering = new Set((profile?.worth?.sentences ?? []).filter(lowers).map((measured) => measured.text));
  at("sentences").replaceChildren(
    ...used.map((sentence) => sentenceItem(sentence, shown.items, lowering.has(sentence.text))));
  const rest = at("unused");
  rest.hidden = !unused.length;
  rest.querySelector("summary").textContent =
    `${count(unused.length, "sentence")} that the history does not support, or that say nothing: not used`;
  rest.querySelector("ul").replaceChildren(...unused.map((sentence) => make("li", { text: why(sentence) })));
}

const SURE = 2.4; // standard errors, as in graph/records.py
// Whether it lowers what the profile is worth, by more than chance would.
const lowers = (measured) => measured.gain + SURE * measured.error < 0;

function drawWorth(profile, items) {
  const worth = profile?.worth;
  at("worth").hidden = !profile?.sentences.some((sentence) => sentence.pinned || sentence.evidence.length);
  at("measure").hidden = Boolean(worth && worth.gain !== null);
  at("worth").querySelector("span").textContent = worth ? worthInWords(worth, items) : "";
}

function worthInWords(worth, items) {
  if (worth.gain === null) return `What it is worth is not known. ${worth.note}`;
  const sure = Math.abs(worth.gain) > SURE * worth.error && Math.abs(worth.gain) >= 0.005;
  const times = Math.exp(Math.abs(worth.gain)).toFixed(1);
  const said = !sure ? "It neither helps nor misleads, as far as this person's own past can tell"
    : worth.gain > 0 ? `It helps: this person's own past is ${times} times as likely with it`
    : `It misleads: this person's own past is ${times} times less likely with it`;
  const known = worth.examples.map((id) => items[id]).filter(Boolean);
  const examples = known.length ? ` Past items that help beside it: ${known.map((item) => `“${item.text}”`).join(", ")}.` : "";
  return `${said} (${worth.gain.toFixed(2)} ± ${worth.error.toFixed(2)} nats, ` +
    `${count(worth.items, "item")}).${examples}`;
}

function why(sentence) {
  if (sentence.verdict === "contradicted") return `${sentence.text} (the history contradicts this)`;
  return sentence.verdict === "inferred" ? `${sentence.text} (true of most people)` : sentence.text;
}

function sentenceItem(sentence, items, lowering) {
  const known = sentence.evidence.map((id) => items[id]).filter(Boolean);
  const evidence = make("div", { class: "evidence" }, ...known.map((item) =>
    make("p", {}, `“${item.text}” `, make("small", { text: `${day(item.time)}, ${item.source}` }))));
  if (!known.length) evidence.append(make("p", { text: "You vouched for this yourself." }));
  const toggle = make("button", {
    type: "button", text: sentence.text, "aria-expanded": "false",
    class: sentence.pinned ? "sentence pinned" : "sentence",
    on: {
      click: () => {
        const kept = evidence.classList.toggle("kept");
        toggle.setAttribute("aria-expanded", String(kept));
      },
    },
  });
  const meta = make("div", { class: "meta" },
    sentence.pinned ? make("span", { text: "pinned" }) : make("meter", {
      value: sentence.confidence, min: 0, max: 1, "aria-label": `confidence ${percent(sentence.confidence)}`,
    }),
    sentence.pinned ? null : make("span", { text: percent(sentence.confidence) }),
    sentence.pinned ? null : make("span", { text: sentence.verdict === "inferred" ? "probably, inferred" : "stated" }),
    make("span", { text: count(known.length, "item") + (sentence.since ? `, latest ${day(sentence.since)}` : "") }),
    lowering ? make("span", { text: "lowers its worth" }) : null,
    sentence.pinned ? null : decide("Pin", sentence, () => ({ do: "pin", text: sentence.text })),
    make("button", {
      type: "button", class: "quiet", text: "Correct", "aria-label": `Correct: ${sentence.text}`,
      on: {
        click: () => {
          form.hidden = !form.hidden;
          if (!form.hidden) form.querySelector("input").select();
        },
      },
    }),
    decide("Forbid", sentence, () => ({ do: "forbid", text: sentence.text })));
  const form = correction(sentence);
  return make("li", {}, toggle, meta, form, evidence);
}

function correction(sentence) {
  const right = make("input", { maxlength: 500, value: sentence.text });
  return make("form", {
    class: "row", hidden: true,
    on: {
      submit: (event) => {
        event.preventDefault();
        const text = right.value.trim();
        if (!text || text === sentence.text) return notice("write what is true instead, then save it.");
        return busy(event.submitter, () => send({ do: "correct", text: sentence.text, right: text }));
      },
    },
  }, make("label", { class: "grow" }, "What is true instead? ", right), make("button", { text: "Save" }));
}

function decide(label, sentence, decision) {
  const button = make("button", {
    type: "button", class: "quiet", text: label, "aria-label": `${label}: ${sentence.text}`,
    on: { click: () => busy(button, () => send(decision())) },
  });
  return button;
}

async function send(decision) {
  const shown = state.runId ? { run_id: state.runId } : {};
  await call("PATCH", "profile", { query: { ...task(), ...shown }, body: decision });
  await show();
}

function drawDecisions(decided) {
  const shown = at("decisions");
  shown.hidden = !decided.length;
  shown.querySelector("ul").replaceChildren(...decided.map((wish) => {
    const back = make("button", {
      type: "button", class: "quiet", text: "Take back", "aria-label": `Take back: ${wish.text}`,
      on: { click: () => busy(back, () => send({ do: "take_back", key: wish.key })) },
    });
    const said = wish.kind === "pin" ? "Pinned: " : "Forbidden: ";
    return make("li", {}, said, make("span", { text: wish.text }), " ", back);
  }));
}

function drawVersions(versions) {
  const shown = at("versions");
  shown.hidden = !versions.length;
  shown.querySelector("summary").textContent = `${count(versions.length, "version")}, and what each changed`;
  shown.querySelector("ol").replaceChildren(...versions.toReversed().map(({ profile, changes }) => {
    const lines = [
      ...changes.added.map((text) => make("ins", { text })),
      ...changes.removed.map((text) => make("del", { text })),
      ...changes.replaced.map((old) => make("del", { text: `${old.text} (no longer so)` })),
    ];
    const kept = changes.kept.length ? `, ${changes.kept.length} kept` : "";
    return make("li", { value: profile.version },
      make("span", { text: [`${new Date(profile.created).toLocaleString()}${kept}`, profile.note].filter(Boolean).join(", ") }),
      ...lines.map((line) => make("p", { class: "change" }, line)));
  }));
}

// Have the model make the profile, or measure it, and show what came of it.
const have = (button, query) => button.addEventListener("click", () => busy(button, async () => {
  at("profile-facts").textContent = "The model is at it: a small one on a laptop takes some seconds.";
  try {
    await call("POST", "profile", { query: { ...task(), ...query } });
  } finally {
    await show();
  }
}));

export function listen() {
  have(at("make"), {});
  have(at("measure"), { worth: true });
  at("pin-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = at("pin-text").value.trim();
    if (!text) return notice("write what it should know, then pin it.");
    return busy(event.submitter ?? at("make"), async () => {
      await send({ do: "pin", text });
      at("pin-text").value = "";
    });
  });
}
