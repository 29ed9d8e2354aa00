/** Against a live server with a scripted model: `tests/live/test_typescript_client.py` runs it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { unwrap, guidedProfile, GuidedProfileError, stream, type StreamEvent } from "../src/index.js";

const url = process.env.GUIDED_PROFILE_URL ?? "";
const key = process.env.GUIDED_PROFILE_API_KEY ?? "";
const server = guidedProfile({ url, key, timeout: 60_000 });

test("a history is added, listed and deleted", async () => {
  const items = [{ text: "a steel wok", source: "purchases" }];
  const added = await unwrap(server.POST("/v1/history", { body: { items } }));
  assert.equal(added.added.length, 1);
  const query = { source: "purchases", limit: 5 };
  const page = await unwrap(server.GET("/v1/history", { params: { query } }));
  assert.deepEqual(page.items.map((item) => item.text), ["a steel wok"]);
  const gone = await unwrap(
    server.DELETE("/v1/history", { params: { query: { id: added.added } } }),
  );
  assert.deepEqual(gone.deleted, added.added);
});

test("a file is added", async () => {
  const form = new FormData();
  form.append("file", new Blob(['{"text": "a lamp"}\n']), "shop.jsonl");
  const result = await unwrap(
    server.POST("/v1/history/file", {
      body: form as never,
      bodySerializer: (body) => body as unknown as FormData,
    }),
  );
  assert.equal(result.added, 1);
});

test("a profile is made, and a sentence of it forbidden", async () => {
  const { profile } = await unwrap(server.POST("/v1/profile"));
  const sentence = profile.sentences[0];
  assert.ok(sentence && sentence.evidence.length > 0);
  const decided = await unwrap(
    server.PATCH("/v1/profile", { body: { do: "forbid", text: sentence.text } }),
  );
  assert.deepEqual(decided.map((wish) => wish.kind), ["forbid"]);
  await unwrap(server.DELETE("/v1/profile"));
});

test("a question is answered whole, and in stages", async () => {
  const asked = { question: "What is my cat called?" };
  const { answer } = await unwrap(server.POST("/v1/ask", { body: asked }));
  assert.ok(answer.kind === "answered");
  assert.equal(answer.text, "Miso, my cat.");
  const events: StreamEvent[] = [];
  for await (const event of stream(server, asked)) events.push(event);
  const last = events.pop();
  assert.ok(last?.event === "answer" && last.data.answer.kind === "answered");
  assert.equal(last.data.answer.text, answer.text);
  assert.ok(events.some((event) => event.event === "stage" && event.data.stage === "respond"));
});

test("what is wrong comes in the server's words", async () => {
  const refused = (code: string, status: number) => (error: unknown) =>
    error instanceof GuidedProfileError && error.code === code && error.status === status;
  const asked = { question: "What?", task: "nothing" };
  await assert.rejects(unwrap(server.POST("/v1/ask", { body: asked })), refused("bad_input", 422));
  await assert.rejects(stream(server, asked).next(), refused("bad_input", 422));
  const { error } = await server.POST("/v1/ask", { body: asked });
  assert.match(error?.message ?? "", /task/);
  const other = guidedProfile({ url, key, user: "bob" });
  await assert.rejects(unwrap(other.GET("/v1/history")), refused("forbidden", 403));
  const nobody = guidedProfile({ url: `${url}/` });
  await assert.rejects(unwrap(nobody.GET("/v1/me")), refused("unauthorized", 401));
  const elsewhere = guidedProfile({
    url,
    fetch: async () => new Response("<html>", { status: 502 }),
  });
  await assert.rejects(unwrap(elsewhere.GET("/v1/me")), refused("strange", 502));
});

test("a stream that ends early is no answer", async () => {
  const cut = guidedProfile({
    url,
    fetch: async () => new Response('event: stage\ndata: {"stage": "recall"}\n\n'),
  });
  const events = stream(cut, { question: "What?" });
  assert.equal((await events.next()).value?.event, "stage");
  await assert.rejects(events.next(), /ended before it answered/);
});
