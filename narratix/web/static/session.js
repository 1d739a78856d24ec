/** A job that the visitor looks at: its folded state, its connection, its text and, in the end, its result. */

import { announce } from "./announce.js";
import * as api from "./api.js";
import { fold, hasEnded, initial } from "./fold.js";
import { follow, wait } from "./follow.js";
import { messages, stageNames } from "./messages.js";
import { batch, signal } from "./ui.js";

const TOGETHER = 50;

export function openSession(id) {
  const state = signal(initial);
  const connection = signal({ state: "connecting" });
  const resumedAt = signal(null);
  const story = signal(null);
  const result = signal(null);
  const problem = signal(null);
  const closing = new AbortController();
  let said = { stage: null, quarter: 0, ended: false };

  // Events come in bursts, above all when a page is loaded late; they are all folded, and shown together.
  let latest = initial;
  let showing = null;

  function take(received) {
    latest = received.reduce(fold, latest);
    showing ??= setTimeout(show, TOGETHER);
    return latest.gap === null;
  }

  function show() {
    showing = null;
    state.value = latest;
    if (!hasEnded(latest)) {
      awaitingRetry = 0;
      result.value = null;
    }
    speakOf(latest);
    if (story.value === null && latest.segments.length > 0) loadStory();
    if (latest.status === "completed" && result.value === null) loadResult();
  }

  function speakOf(next) {
    const quarter = Math.floor((next.progress ?? 0) / 25);
    if (hasEnded(next)) {
      if (!said.ended && next.status === "completed") announce(messages.announceCompleted);
      said.ended = true;
    } else if (next.stage !== said.stage) {
      announce(messages.announceStage(stageNames[next.stage] ?? next.step));
    } else if (quarter > said.quarter) {
      announce(messages.announceProgress(quarter * 25));
    }
    said = { ...said, stage: next.stage, quarter };
  }

  function connected(now) {
    batch(() => {
      if (now.state === "lost" && connection.value.state !== "lost") announce(messages.announceLost);
      if (now.state === "live" && now.resumedAt) {
        resumedAt.value = now.resumedAt;
        announce(messages.resumed(now.resumedAt));
      }
      if (now.state === "lost") resumedAt.value = null;
      connection.value = now;
    });
  }

  let listening = false;
  let awaitingRetry = 0;
  async function listen() {
    if (listening) return;
    listening = true;
    do {
      await follow({
        url: () => latest.links.events ?? api.eventsUrl(id),
        cursor: () => latest.version,
        ended: () => hasEnded(latest),
        onMessages: take,
        onConnection: connected,
        signal: closing.signal,
      });
      // A retry was accepted, but the end it follows is all that the stream had to tell yet.
      if (awaitingRetry > 0) await wait(500, closing.signal);
    } while (!closing.signal.aborted && hasEnded(latest) && awaitingRetry-- > 0);
    listening = false;
  }

  let loadingStory = false;
  async function loadStory() {
    if (loadingStory) return;
    loadingStory = true;
    try {
      story.value = { text: await api.text(id), problem: null };
    } catch (error) {
      story.value = { text: null, problem: error };
    }
    loadingStory = false;
  }

  let loadingResult = false;
  async function loadResult() {
    if (loadingResult) return;
    loadingResult = true;
    problem.value = null;
    try {
      result.value = await api.result(id);
    } catch (error) {
      problem.value = error;
    }
    loadingResult = false;
  }

  async function command(call) {
    problem.value = null;
    try {
      await call();
      return true;
    } catch (error) {
      problem.value = error;
      return false;
    }
  }

  listen();
  return {
    id, state, connection, resumedAt, story, result, problem, loadResult,
    cancel: () => command(() => api.cancel(id)),
    retry: async () => {
      if (!(await command(() => api.retry(id)))) return;
      said = { stage: null, quarter: 0, ended: false };
      awaitingRetry = 20;
      listen();
    },
    close() {
      closing.abort();
      clearTimeout(showing);
    },
  };
}
