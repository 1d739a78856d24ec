/** A job that the visitor looks at: its folded state, its connection, its text and, in the end, its result. */

import { announce } from "./announce.js";
import * as api from "./api.js";
import { fold, hasEnded, initial } from "./fold.js";
import { follow } from "./follow.js";
import { messages, stageNames } from "./messages.js";
import { batch, signal } from "./ui.js";

export function openSession(id) {
  const state = signal(initial);
  const connection = signal({ state: "connecting" });
  const resumedAt = signal(null);
  const story = signal(null);
  const result = signal(null);
  const problem = signal(null);
  const closing = new AbortController();
  let said = { stage: null, quarter: 0, ended: false };

  function take(received) {
    const next = received.reduce(fold, state.value);
    state.value = next;
    speakOf(next);
    if (story.value === null && next.segments.length > 0) loadStory();
    if (next.status === "completed" && result.value === null) loadResult();
    return next.gap === null;
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

  const listen = () =>
    follow({
      url: () => state.value.links.events ?? api.eventsUrl(id),
      cursor: () => state.value.version,
      ended: () => hasEnded(state.value),
      onMessages: take,
      onConnection: connected,
      signal: closing.signal,
    });

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
      if (connection.value.state === "ended") listen();
    },
    close: () => closing.abort(),
  };
}
