import assert from "node:assert/strict";
import { test } from "node:test";

import { backoff, follow, messageParser } from "../static/follow.js";

const message = (version) => `event: recorded\nid: ${version}\ndata: {"version": ${version}}\n\n`;

const stream = (chunks, { breaks = false } = {}) =>
  new Response(new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      if (breaks) setTimeout(() => controller.error(new TypeError("network error")));
      else controller.close();
    },
  }), { headers: { "Content-Type": "text/event-stream" } });

/** Follows scripted answers until they end; gives what was asked, taken, shown and waited. */
async function following(answers, last) {
  const seen = { asked: [], taken: [], shown: [], waited: [] };
  const stop = new AbortController();
  await follow({
    url: () => "http://localhost/events/j",
    cursor: () => seen.taken.at(-1) ?? 0,
    ended: () => seen.taken.at(-1) === last,
    onMessages: (messages) => { seen.taken.push(...messages.map((one) => one.data.version)); },
    onConnection: (connection) => seen.shown.push(connection),
    signal: stop.signal,
    random: () => 0.5,
    pause: async (milliseconds) => { seen.waited.push(milliseconds); },
    fetch: async (address) => {
      seen.asked.push(new URL(address).searchParams.get("after"));
      const next = answers.shift();
      if (next === undefined) throw new Error("asked once more than there are answers");
      if (next instanceof Error) throw next;
      return next;
    },
  });
  return seen;
}

test("given chunks cut anywhere, then the messages are the same", () => {
  const text = ": hello\n\nid: 1\r\nevent: status\r\ndata: {\"a\":\r\ndata: \"ü\"}\r\n\r\nretry: 5\n\n" + message(2);
  const whole = messageParser()(text);
  assert.deepEqual(whole, [{ kind: "status", data: { a: "ü" } }, { kind: "recorded", data: { version: 2 } }]);
  for (let cut = 0; cut <= text.length; cut++) {
    const parse = messageParser();
    assert.deepEqual([...parse(text.slice(0, cut)), ...parse(text.slice(cut))], whole);
  }
});

test("given a broken stream and a busy server, then it asks again after the last version and says that it resumed", async () => {
  const seen = await following([
    stream([message(1), message(2)], { breaks: true }),
    new TypeError("connection refused"),
    new Response("{}", { status: 503, headers: { "Retry-After": "2", "Content-Type": "application/problem+json" } }),
    stream([message(3)]),
  ], 3);
  assert.deepEqual(seen.asked, ["0", "2", "2", "2"]);
  assert.deepEqual(seen.taken, [1, 2, 3]);
  assert.deepEqual(seen.shown.map((one) => one.state), ["connecting", "live", "lost", "lost", "lost", "live", "ended"]);
  assert.equal(seen.shown.at(-2).resumedAt, 2);
  assert.equal(seen.waited.at(-1), 2250);
});

test("given a stream that the server ends in the middle, then it goes on without an alarm", async () => {
  const seen = await following([stream([message(1)]), stream([message(2)])], 2);
  assert.deepEqual(seen.shown.map((one) => one.state), ["connecting", "live", "live", "ended"]);
});

test("given 204, then it stops", async () => {
  const seen = await following([new Response(null, { status: 204 })], 9);
  assert.equal(seen.shown.at(-1).state, "ended");
});

test("given an unknown job, then it stops and hands on the reason", async () => {
  const problem = new Response(JSON.stringify({ title: "No such job", detail: "There is none." }), {
    status: 404, headers: { "Content-Type": "application/problem+json" },
  });
  const seen = await following([problem], 9);
  assert.equal(seen.shown.at(-1).state, "refused");
  assert.equal(seen.shown.at(-1).problem.detail, "There is none.");
});

test("given more and more failures, then the pauses grow up to a limit and are spread", () => {
  assert.ok(backoff(1, () => 1) < backoff(4, () => 1));
  assert.equal(backoff(50, () => 1), 15_100);
  assert.equal(backoff(50, () => 0), 100);
});
