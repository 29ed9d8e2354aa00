// Asking: without the history, with all of it as it is, and with the profile, side by side.

import { at, busy, cost, day, make, notice, percent } from "./parts.js";
import { ask, call, state } from "./server.js";

const WHY = {
  off_topic: "off the topic",
  private: "private, and not raised",
  makes_no_difference: "makes no difference here",
  already_in_conversation: "said already",
  over_budget: "no room",
  no_worth: "not proven to be of use",
};

const WAYS = [
  { title: "With the profile", body: {}, best: true },
  { title: "With the raw history", body: { sees: ["personal_context"] } },
  { title: "Without the history", body: { sees: [] } },
];
const STAGES = {
  recall: "looking through the history",
  digest: "asking the guiding question",
  profile: "writing the profile",
  respond: "answering",
  review: "checking",
};

export function setTask(task) {
  state.runId = null;
  const choice = task.kind === "choice";
  at("options-field").hidden = !choice;
  at("options").required = choice;
  at("question-label").textContent =
    task.name === "paraphrase" ? "A text to rewrite in this person's style" : "Question";
  at("answers").replaceChildren();
  at("stages").textContent = "";
}

// What the user thinks of an answer goes to its trace, where the server keeps any.
function thumbs(runId) {
  const box = make("div", { class: "thumbs", role: "group", "aria-label": "Was this a good answer?" });
  const give = (thumbs, title) =>
    make("button", {
      type: "button", text: title, class: "quiet",
      on: {
        click: ({ target }) => busy(target, async () => {
          await call("POST", "feedback", { body: { run_id: runId, thumbs } });
          box.replaceChildren(make("small", { text: "Noted, thank you.", role: "status" }));
        }),
      },
    });
  box.append(give("up", "Good answer"), give("down", "Not good"));
  return box;
}

// What the user is asked before there can be an answer; their reply takes the place of it.
function askedBack(box, way, question, runId) {
  const field = make("input", { "aria-label": question, autocomplete: "off" });
  const form = make("form", {
    on: {
      submit: (event) => {
        event.preventDefault();
        busy(event.submitter, async () => {
          const path = `ask/${runId}/reply`;
          box.replaceWith(shown(way, await ask({ reply: field.value }, () => {}, path)));
        });
      },
    },
  }, field, make("button", { text: "Reply" }));
  box.append(form);
  return box;
}

function shown(way, { answer, items, run_id: runId }) {
  const answered = answer.kind === "answered";
  const said = answered ? answer.text : (answer.detail ?? answer.text);
  const box = make("div", { class: way.best ? "answer best" : "answer" },
    make("h3", { text: way.title }),
    make("p", { text: said, class: answered ? "" : "abstained" }));
  if (answer.kind === "asks_back") return askedBack(box, way, said, runId);
  if (answered && answer.confidence !== null) {
    box.append(make("small", { text: `confidence ${percent(answer.confidence)}` }));
  }
  for (const id of answer.evidence ?? []) {
    const item = items[id];
    if (item) box.append(make("small", { text: `because of “${item.text}” (${day(item.time)})` }));
  }
  for (const text of way.best ? (answer.used ?? []) : []) {
    box.append(make("small", { text: `used: ${text}` }));
  }
  for (const held of answer.held_back ?? []) {
    box.append(make("small", { text: `held back (${WHY[held.reason] ?? held.reason}): ${held.text}` }));
  }
  if (answer.cost) box.append(make("small", { text: cost(answer.cost) }));
  box.append(thumbs(runId));
  if (way.best) state.runId = runId;
  return box;
}

export function listen(onProfile) {
  at("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    const options = at("options").value.split("\n").map((option) => option.trim()).filter(Boolean);
    const choosing = !at("options-field").hidden;
    if (choosing && options.length < 2) return notice("give at least two options, one a line.");
    const asked = { question: at("question").value, task: state.task };
    if (choosing) asked.options = options;
    return busy(event.submitter ?? at("make"), async () => {
      at("answers").replaceChildren();
      try {
        for (const way of WAYS) {
          const answer = await ask({ ...asked, ...way.body }, ({ stage, tries }) => {
            const again = tries ? ` (attempt ${tries + 1})` : "";
            at("stages").textContent = `${way.title}: ${STAGES[stage] ?? stage}${again} …`;
          });
          at("answers").append(shown(way, answer));
          if (way.best) await onProfile();
        }
      } finally {
        at("stages").textContent = "";
      }
    });
  });
}
