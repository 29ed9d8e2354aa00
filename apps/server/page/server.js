// What the page asks of the server, and what it makes of the replies.

const TOKEN = "guided-profile-token";

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// runId: of the last answer with the profile; a correction is noted on its trace.
export const state = { user: null, admin: false, task: null, runId: null };

export function signIn(token) {
  if (token) sessionStorage.setItem(TOKEN, token);
  else sessionStorage.removeItem(TOKEN);
}

function headers() {
  const token = sessionStorage.getItem(TOKEN);
  if (!token) return {};
  return token.startsWith("gp_") ? { "X-Api-Key": token } : { Authorization: `Bearer ${token}` };
}

function address(path, query = {}) {
  const asked = new URLSearchParams();
  if (state.admin && state.user) asked.set("user", state.user);
  for (const [name, value] of Object.entries(query)) {
    for (const entry of [value].flat()) asked.append(name, entry);
  }
  return `/v1/${path}?${asked}`;
}

async function refusal(response) {
  let problem = null;
  try {
    problem = await response.json();
  } catch {
    // no words of ours
  }
  return new Refused(response.status, problem?.message ?? `the server said ${response.status}.`);
}

export async function call(method, path, { query, body } = {}) {
  const sent = { method, headers: headers() };
  if (body !== undefined) {
    sent.headers["Content-Type"] = "application/json";
    sent.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(address(path, query), sent);
  } catch {
    throw new Refused(0, "the server cannot be reached; try again in a moment.");
  }
  if (!response.ok) throw await refusal(response);
  return response.status === 204 ? null : response.json();
}

// Ask, telling each stage as it begins; resolves to the answer.
export async function ask(body, onStage, path = "ask") {
  const response = await fetch(address(path), {
    method: "POST",
    headers: { ...headers(), "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw await refusal(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let answer = null;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
    const events = text.split("\n\n");
    text = events.pop();
    for (const event of events) {
      const name = /^event: (.*)$/m.exec(event)?.[1];
      const data = JSON.parse(/^data: (.*)$/m.exec(event)[1]);
      if (name === "stage") onStage(data);
      else if (name === "answer") answer = data;
      else if (name === "error") throw new Refused(503, data.message);
    }
  }
  if (!answer) throw new Refused(0, "the answer broke off; ask again.");
  return answer;
}

// Send a file; fetch reports no progress, so this is the older way.
export function upload(file, onProgress, fields = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address("history/file"));
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    request.onerror = () => reject(new Refused(0, "the server cannot be reached; send it again."));
    request.onload = () => {
      let reply = {};
      try {
        reply = JSON.parse(request.responseText);
      } catch {
        // no words of ours
      }
      if (request.status < 300) resolve(reply);
      else reject(new Refused(request.status, reply.message ?? `the server said ${request.status}.`));
    };
    const form = new FormData();
    form.append("file", file);
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    request.send(form);
  });
}
