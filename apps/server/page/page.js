// The page: who is shown, for which task, and the parts that show it.

import * as asking from "./asking.js";
import * as history from "./history.js";
import { at, make, notice } from "./parts.js";
import * as profile from "./profile.js";
import { call, signIn, state } from "./server.js";

let tasks = [];

async function refresh() {
  notice(null);
  const nobody = state.admin && !state.user;
  for (const section of document.querySelectorAll("main section")) section.hidden = nobody;
  if (nobody) {
    at("about").open = true;
    at("user").focus();
    return;
  }
  asking.setTask(tasks.find((task) => task.name === state.task));
  try {
    await Promise.all([profile.show(), history.show()]);
  } catch (error) {
    notice(error);
  }
}

async function begin() {
  notice(null);
  try {
    const me = await call("GET", "me");
    state.admin = me.admin;
    state.user = me.user_id || at("user").value.trim() || null;
    tasks = me.tasks;
    at("user-field").hidden = !me.admin;
    at("users").replaceChildren(...me.users.map((value) => make("option", { value })));
    if (me.admin && !at("user").value && me.users.length) at("user").value = me.users[0];
    if (me.admin) state.user = at("user").value.trim() || state.user;
    const chosen = at("task").value || "assistant";
    at("task").replaceChildren(...tasks.map((task) =>
      make("option", { value: task.name, text: task.name, title: task.description })));
    at("task").value = tasks.some((task) => task.name === chosen) ? chosen : tasks[0].name;
    state.task = at("task").value;
    at("sign-in").hidden = me.open;
    at("sign-in").textContent = "Sign in as another";
  } catch (error) {
    for (const section of document.querySelectorAll("main section")) section.hidden = true;
    at("sign-in").hidden = error.status !== 401;
    at("about").open = true;
    notice(error);
    return;
  }
  await refresh();
}

at("who").addEventListener("submit", (event) => event.preventDefault());
at("user").addEventListener("change", () => {
  state.user = at("user").value.trim() || null;
  refresh();
});
at("task").addEventListener("change", () => {
  state.task = at("task").value;
  refresh();
});
at("sign-in").addEventListener("click", () => at("token-dialog").showModal());
at("token-dialog").addEventListener("close", () => {
  if (at("token-dialog").returnValue !== "ok") return;
  signIn(at("token").value.trim());
  at("token").value = "";
  begin();
});
profile.listen();
history.listen(profile.show);
asking.listen(profile.show);
begin();
