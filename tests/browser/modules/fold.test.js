import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { castWithLines, fold, hasEnded, initial, stages } from "../static/fold.js";

const history = JSON.parse(readFileSync(new URL("../history.json", import.meta.url)));
const recorded = (data) => ({ kind: "recorded", data });
const all = history.map(recorded);
const folded = (messages, from = initial) => messages.reduce(fold, from);
const stage = (state, name) => stages(state).find((one) => one.name === name);
const until = (type) => all.slice(0, history.findIndex((event) => event.type === type) + 1);
const event = (state, type, data) =>
  recorded({ job_id: "j", version: state.version + 1, type, recorded_at: "2026-01-01T00:00:00Z", data, hash: "" });

test("given a whole history, then the job is completed and every stage is done", () => {
  const state = folded(all);
  assert.equal(state.status, "completed");
  assert.equal(state.progress, 100);
  assert.equal(state.version, history.length);
  assert.ok(hasEnded(state));
  for (const { name, done, total, state: is } of stages(state)) assert.deepEqual([name, is, done], [name, "done", total]);
});

test("given any prefix delivered twice, then nothing changes by the second delivery", () => {
  for (let n = 1; n <= all.length; n++) {
    const once = folded(all.slice(0, n));
    assert.deepEqual(folded(all.slice(0, n), once), once);
  }
});

test("given a history that is cut anywhere, then folding its parts is folding the whole", () => {
  const whole = folded(all);
  for (let n = 0; n <= all.length; n++) assert.deepEqual(folded(all.slice(n), folded(all.slice(0, n))), whole);
});

test("given a missing event, then the gap is named and the later ones are not taken", () => {
  const before = folded(all.slice(0, 3));
  const state = folded(all.slice(4, 9), before);
  assert.deepEqual(state.gap, { after: 3, got: 9 });
  assert.deepEqual({ ...state, gap: null }, before);
  assert.equal(folded(all.slice(3), state).gap, null);
});

test("given spoken lines, then the count is theirs, once each", () => {
  const state = folded(until("EffectRendered"));
  const spoken = history.filter((one) => one.type === "LineSpoken");
  assert.equal(stage(state, "speak_line").done, spoken.length);
  const again = fold(state, event(state, "LineSpoken", spoken[0].data));
  assert.equal(stage(again, "speak_line").done, spoken.length);
});

test("given a revised line, then it is unspoken again, and what was made before it counts for nothing", () => {
  const finished = folded(all);
  const line = history.find((one) => one.type === "LineSpoken").data;
  const mixed = history.find((one) => one.type === "DramaMixed").data;
  const revised = {
    line: line.line, speaker: "narrator", direction: "loud", text_sha256: "a", text_key: "texts/a", spoken: true, passages: [0], mixed: 1,
  };
  let state = fold(finished, event(finished, "LineRevised", revised));
  const since = state.version;
  state = fold(state, event(state, "JobRetried", {}));
  assert.equal(state.status, "running");
  assert.deepEqual([state.mixed, state.published, state.progress, state.lines[line.line]], [null, false, null, null]);
  assert.equal(state.segments[line.line].direction, "loud");
  assert.equal(stage(state, "speak_line").done, finished.spoken - 1);
  for (const [type, stale] of [["LineSpoken", line], ["DramaMixed", mixed]]) {
    const after = fold(state, event(state, type, stale));
    assert.deepEqual([after.lines[line.line], after.mixed, after.spoken], [null, null, finished.spoken - 1]);
  }
  state = fold(state, event(state, "LineSpoken", { ...line, revision: since }));
  state = fold(state, event(state, "DramaMixed", { ...mixed, revision: since }));
  assert.equal(state.spoken, finished.spoken);
  assert.equal(state.mixed.duration, mixed.duration);
});

test("given a failed attempt, then it is told until that very line is spoken", () => {
  const state = folded(until("AttemptFailed"));
  assert.deepEqual(state.troubles.map(({ item, attempt, attempts }) => [item, attempt, attempts]), [["6", 1, 4]]);
  const other = history.find((one) => one.type === "LineSpoken" && one.data.line === 7);
  const same = history.find((one) => one.type === "LineSpoken" && one.data.line === 6);
  const next = fold(state, event(state, "LineSpoken", other.data));
  assert.equal(next.troubles.length, 1);
  assert.equal(fold(next, event(next, "LineSpoken", same.data)).troubles.length, 0);
});

test("given a failed job that is retried, then it runs and keeps what was made", () => {
  const state = folded(until("EffectRendered"));
  const failed = fold(state, event(state, "JobFailed", { stage: "mix_drama", item: "", reason: "No room on the disk." }));
  assert.equal(failed.status, "failed");
  assert.equal(stage(failed, "mix_drama").state, "failed");
  const retried = fold(failed, event(failed, "JobRetried", {}));
  assert.equal(retried.status, "running");
  assert.equal(retried.failure, null);
  assert.equal(retried.spoken, state.spoken);
});

test("given a status view, then it adds progress and time left and never takes progress back", () => {
  const view = { job_id: "j", title: "t", status: "running", progress: 40, stage: "speak_line", step: "…", eta_seconds: 30,
    version: 5, cast: [], lines: { total: 32, spoken: 2 }, links: { events: "/e" }, stages: [] };
  const state = fold(folded(all.slice(0, 5)), { kind: "status", data: view });
  assert.deepEqual([state.progress, state.etaSeconds, state.links.events], [40, 30, "/e"]);
  assert.equal(fold(state, { kind: "status", data: { ...view, version: 6, progress: 35 } }).progress, 40);
  assert.equal(fold(state, { kind: "status", data: { ...view, version: 4, progress: 90 } }), state);
});

test("given a status view older than the events, then it does not bring back an earlier status", () => {
  const state = folded(all);
  const late = { job_id: "j", status: "running", progress: 99, version: 3, cast: [], links: {}, stages: [] };
  const next = fold(state, { kind: "status", data: late });
  assert.deepEqual([next.status, next.progress], ["completed", 100]);
});

test("given a stage that is not known here, then the count of the service is shown before the mix", () => {
  const view = { job_id: "j", status: "running", progress: 1, version: 1, cast: [], links: {},
    stages: [{ name: "stream_drama", done: 2, total: 9 }] };
  const names = stages(fold(folded(all.slice(0, 1)), { kind: "status", data: view })).map((one) => one.name);
  assert.equal(names.indexOf("stream_drama"), names.indexOf("mix_drama") - 1);
});

test("given a count of 0 lines before the script is written, then the lines are still to come", () => {
  const view = { job_id: "j", status: "running", progress: 1, version: 1, cast: [], links: {}, lines: { total: 0, spoken: 0 },
    stages: [{ name: "speak_line", done: 0, total: 0 }] };
  const state = fold(folded(all.slice(0, 1)), { kind: "status", data: view });
  assert.deepEqual([stage(state, "speak_line").total, stage(state, "speak_line").state], [null, "open"]);
});

test("given the script and the casting, then everybody has their lines and their voice", () => {
  const cast = castWithLines(folded(until("VoicesCast")));
  assert.ok(cast.every((member) => member.lines > 0 && member.voice));
  assert.equal(cast[0].id, "narrator");
});

test("given an unknown event, then it is counted and nothing else", () => {
  const state = folded(all.slice(0, 4));
  const next = fold(state, event(state, "CastMerged", { line: 1 }));
  assert.equal(next.version, 5);
  assert.deepEqual(next.segments, state.segments);
});

test("given notes on the script and voices that stand in, then both are kept to be shown", () => {
  const before = folded(all.slice(0, 1));
  const [script] = until("ScriptWritten").slice(-1);
  const noted = fold(before, event(before, "ScriptWritten", { ...script.data.data, notes: ["It is French."] }));
  assert.deepEqual(noted.notes, ["It is French."]);
  const view = { job_id: "j", version: noted.version, status: "running", progress: 5, notice: "Kokoro speaks the others." };
  assert.equal(fold(noted, { kind: "status", data: view }).notice, "Kokoro speaks the others.");
  assert.equal(fold(noted, { kind: "status", data: { ...view, notice: null } }).notice, null);
});
