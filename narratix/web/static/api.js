/** The calls of the service that the page makes. Every failure is a `Problem`. */

import { messages } from "./messages.js";
import { Problem, problemOf } from "./problem.js";

const path = (name, ...ids) => ["/api/demo", name, ...ids.map(encodeURIComponent)].join("/");

export const samples = async () => (await call(path("samples"))).samples;
export const templates = async () => (await call(path("templates"))).templates;
export const engines = async () => (await call(path("voices"))).engines;
export const library = async () => (await call(`${path("library")}?limit=20`)).dramas;
export const estimate = (story, signal) => call(path("estimate"), { method: "POST", json: story, signal });
export const generate = (wish) => call(path("generate-text"), { method: "POST", json: wish });
export const result = (job) => call(path("result", job));
export const text = (job) => call(path("text", job), { as: "text" });
export const cancel = (job) => call(path("cancel", job), { method: "POST" });
export const retry = (job) => call(path("retry", job), { method: "POST" });
export const feedback = (job, given) => call(path("feedback", job), { method: "POST", json: given });
export const eventsUrl = (job) => path("events", job);
export const streamUrl = (job) => path("stream", job, "playlist.m3u8");
export const lineUrl = (job, line) => path("line", job, String(line));

let lastSubmission = { body: "", key: "" };

/** Submits a story. The same story sent again, because no answer came, makes no second job. */
export async function submit(story) {
  const body = JSON.stringify(story);
  if (body !== lastSubmission.body) lastSubmission = { body, key: newKey() };
  const accepted = await call(path("submit"), {
    method: "POST",
    json: story,
    headers: { "Idempotency-Key": lastSubmission.key },
  });
  lastSubmission = { body: "", key: "" };
  return accepted;
}

async function call(address, { method = "GET", json, headers = {}, as = "json", signal } = {}) {
  const body = json === undefined ? undefined : JSON.stringify(json);
  const sent = body === undefined ? headers : { "Content-Type": "application/json", ...headers };
  let answer;
  try {
    answer = await fetch(address, { method, body, headers: sent, signal });
  } catch {
    throw new Problem({ detail: messages.unreachable });
  }
  if (!answer.ok) throw await problemOf(answer);
  if (as === "text") return answer.text();
  const content = await answer.text();
  return content === "" ? null : JSON.parse(content);
}

/** 128 random bits; `crypto.randomUUID` is missing where the page does not come over TLS. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
