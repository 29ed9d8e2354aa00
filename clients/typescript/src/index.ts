/** A typed client of a Guided Profile server: `openapi-fetch` over its own OpenAPI. */

import createClient, { type Client } from "openapi-fetch";

import type { components, paths } from "./schema.js";

export type { paths } from "./schema.js";
export type Schemas = components["schemas"];
export type Asked = Schemas["Asked"];
export type Reply = Schemas["Reply"];
export type Answered = Schemas["Answered"];
export type Abstained = Schemas["Abstained"];
export type AsksBack = Schemas["AsksBack"];
export type HistoryItem = Schemas["HistoryItem"];
export type Profile = Schemas["Profile"];
export type Problem = Schemas["Problem"];

export type GuidedProfile = Client<paths, "application/json">;

export interface Options {
  /** The server's address, like `http://127.0.0.1:8000`. */
  url: string;
  /** An API key (`gp_…`) or a token. Never in a page that others load: keep it on your server. */
  key?: string;
  /** Whose data it is about, for a key of the admin scope; left out: the key's own user's. */
  user?: string;
  /** How many milliseconds an answer that is not streamed may take. */
  timeout?: number;
  /** What sends the requests, in place of the runtime's own. */
  fetch?: (request: Request) => Promise<Response>;
}

/** Return a client: `GET`, `POST`, `PATCH` and `DELETE` take a route, and know what it takes. */
export function guidedProfile(options: Options): GuidedProfile {
  const send = options.fetch ?? ((request: Request) => globalThis.fetch(request));
  const client: GuidedProfile = createClient<paths, "application/json">({
    baseUrl: options.url.replace(/\/+$/, ""),
    headers: options.key ? { Authorization: `Bearer ${options.key}` } : {},
    fetch: (request) => {
      const streams = request.headers.get("Accept") === STREAM;
      if (options.timeout === undefined || streams) return send(request);
      const signal = AbortSignal.any([request.signal, AbortSignal.timeout(options.timeout)]);
      return send(new Request(request, { signal }));
    },
  });
  const { user } = options;
  if (user !== undefined) {
    client.use({
      onRequest({ request }) {
        const url = new URL(request.url);
        if (!url.searchParams.has("user")) url.searchParams.set("user", user);
        return new Request(url, request);
      },
    });
  }
  return client;
}

/** What the server would not do, in its own words. */
export class GuidedProfileError extends Error {
  constructor(
    message: string,
    /** A word for programs, such as `bad_input`. */
    readonly code: string,
    /** The HTTP status; undefined: the answer had begun. */
    readonly status?: number,
  ) {
    super(message);
    this.name = "GuidedProfileError";
  }
}

/** Return what a call brought, or throw what the server said instead. */
export async function unwrap<T>(
  call: Promise<{ data?: T; error?: Problem; response: Response }>,
): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw refusal(error, response.status);
  return data as T;
}

/** A stage of the workflow that begins, or what became of the question. */
export type StreamEvent =
  | { event: "stage"; data: { stage: string; [more: string]: unknown } }
  | { event: "answer"; data: Reply };

/** Ask a question; yields each stage as it begins, and then the answer. */
export async function* stream(
  client: GuidedProfile,
  asked: Asked,
  signal?: AbortSignal,
): AsyncGenerator<StreamEvent, void, undefined> {
  yield* readStream(client.POST("/v1/ask", { body: asked, ...streaming(signal) }));
}

/** Reply to what was asked back; yields the same for what follows. */
export async function* streamReply(
  client: GuidedProfile,
  run_id: string,
  reply: string,
  signal?: AbortSignal,
): AsyncGenerator<StreamEvent, void, undefined> {
  const params = { path: { run_id } };
  yield* readStream(
    client.POST("/v1/ask/{run_id}/reply", { params, body: { reply }, ...streaming(signal) }),
  );
}

const STREAM = "text/event-stream";

function streaming(signal?: AbortSignal) {
  return { headers: { Accept: STREAM }, parseAs: "stream" as const, signal };
}

async function* readStream(
  call: Promise<{ data?: ReadableStream<Uint8Array> | null; error?: Problem; response: Response }>,
): AsyncGenerator<StreamEvent, void, undefined> {
  const body = await unwrap(call);
  let rest = "";
  let event = "";
  let answered = false;
  const decoder = new TextDecoder();
  for await (const bytes of body ?? []) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("event: ")) event = line.slice(7);
      if (!line.startsWith("data: ")) continue;
      const data = JSON.parse(line.slice(6));
      if (event === "error") throw refusal(data);
      if (event !== "stage" && event !== "answer") continue; // of a newer server
      answered ||= event === "answer";
      yield { event, data };
    }
  }
  if (!answered) {
    throw new GuidedProfileError("the server ended before it answered; ask again.", "cut_off");
  }
}

function refusal(problem?: Partial<Problem>, status?: number): GuidedProfileError {
  const strange = `what answers is no Guided Profile server (HTTP ${status}); see the address.`;
  return new GuidedProfileError(problem?.message ?? strange, problem?.error ?? "strange", status);
}
