/**
 * Follows the events of a job through lost connections.
 *
 * `EventSource` gives up for good on any answer but 200 and cannot tell a finished job from a busy server, so this
 * reads the stream itself: it asks again with `after=` the last version it folded, waits with jittered, growing
 * pauses (or as long as the server says), and ends a connection on which nothing, not even a keep-alive, came.
 */

import { Problem, problemOf } from "./problem.js";

const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 15_000;
const SILENCE = 45_000;
const HOPELESS = new Set([400, 401, 403, 404, 410]);

/**
 * @param {object} options
 * @param {() => string} options.url the stream's address, without `after`
 * @param {() => number} options.cursor the last version that was folded
 * @param {() => boolean} options.ended whether the job has come to its end
 * @param {(messages: {kind: string, data: object}[]) => boolean | void} options.onMessages whole batches, in order;
 *   `false` says that one is missing, and the stream is asked again
 * @param {(connection: {state: string}) => void} options.onConnection connecting, live, lost, ended or refused
 * @param {AbortSignal} options.signal stops everything
 */
export async function follow({
  url, cursor, ended, onMessages, onConnection, signal,
  fetch = globalThis.fetch.bind(globalThis), pause = wait, random = Math.random, silence = SILENCE,
}) {
  let failures = 0;
  let lost = false;
  onConnection({ state: "connecting" });
  while (!signal.aborted) {
    let asked = null;
    try {
      const connection = new AbortController();
      const answer = await fetch(withCursor(url(), cursor()), {
        headers: { Accept: "text/event-stream" },
        signal: AbortSignal.any([signal, connection.signal]),
        cache: "no-store",
      });
      if (answer.status === 204) return onConnection({ state: "ended" });
      if (!answer.ok) throw await problemOf(answer);
      onConnection({ state: "live", resumedAt: lost ? cursor() : null });
      lost = false;
      for await (const messages of readMessages(answer.body, connection, silence)) {
        failures = 0;
        if (onMessages(messages) === false) break;
      }
      if (ended()) return onConnection({ state: "ended" });
    } catch (error) {
      if (signal.aborted) return undefined;
      if (error instanceof Problem && HOPELESS.has(error.status)) return onConnection({ state: "refused", problem: error });
      if (error instanceof Problem) asked = error.retryAfter;
      else if (ended()) return onConnection({ state: "ended" });
      lost = true;
      failures += 1;
    }
    const delay = asked !== null ? asked * 1000 + random() * 500 : backoff(failures, random);
    if (lost) onConnection({ state: "lost", retryIn: delay / 1000 });
    await pause(delay, signal);
  }
  return undefined;
}

/** Splits a stream of text into `{kind, data}`; comments and unknown fields are passed over (WHATWG HTML, 9.2). */
export function messageParser() {
  let rest = "";
  let kind = "message";
  let data = [];
  return (chunk) => {
    const messages = [];
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) messages.push({ kind, data: JSON.parse(data.join("\n")) });
        kind = "message";
        data = [];
        continue;
      }
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "event") kind = value;
      if (field === "data") data.push(value);
    }
    return messages;
  };
}

/** Milliseconds before attempt number `failures`: full jitter over a doubling span. */
export function backoff(failures, random) {
  return 100 + random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failures, 10));
}

async function* readMessages(body, connection, silence) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const parse = messageParser();
  try {
    for (;;) {
      const watchdog = setTimeout(() => connection.abort(), silence);
      const { done, value } = await reader.read().finally(() => clearTimeout(watchdog));
      if (done) return;
      const messages = parse(value);
      if (messages.length > 0) yield messages;
    }
  } finally {
    connection.abort();
  }
}

function withCursor(address, after) {
  const url = new URL(address, globalThis.location?.href ?? "http://localhost/");
  url.searchParams.set("include", "events");
  // Without a cursor the stream would begin with the present; 0 asks for everything.
  url.searchParams.set("after", String(after));
  return url.href;
}

/** Waits, but no longer than until the network comes back or the signal stops everything. */
export function wait(milliseconds, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    globalThis.addEventListener?.("online", done);
    signal.addEventListener("abort", done);
  });
}
