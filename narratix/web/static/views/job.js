/** One drama: its making, live, and then its performance. */

import * as api from "../api.js";
import { clipPlayer } from "../clips.js";
import { castWithLines, hasEnded, streamedScript } from "../fold.js";
import { messages, stageNames } from "../messages.js";
import { player as createPlayer } from "../player.js";
import { go } from "../route.js";
import { openSession } from "../session.js";
import { prepare } from "../stream.js";
import { colouring, naming } from "../voices.js";
import { ProblemNote, classes, html, useEffect, useLoaded, useMemo } from "../ui.js";
import { Cast } from "./cast.js";
import { LiveScript } from "./live-script.js";
import { Performance } from "./performance.js";
import { PlayerBar } from "./player-bar.js";
import { Progress } from "./progress.js";
import { Stages } from "./stages.js";
import { streamedBars } from "./waveform.js";

export function Job({ id }) {
  const session = useMemo(() => openSession(id), [id]);
  const clips = useMemo(() => clipPlayer((line) => api.lineUrl(id, line), () => session.state.value.lines), [id]);
  const player = useMemo(() => createPlayer(session.loadResult), [id]);
  const { value: engines } = useLoaded(api.engines);
  useEffect(() => () => { session.close(); clips.stop(); player.close(); }, [id]);

  const state = session.state.value;
  useEffect(() => { document.title = messages.documentTitle(state.title); }, [state.title]);
  useEffect(() => clips.arrived(), [state.lines]);

  const connection = session.connection.value;
  if (connection.state === "refused") return html`<${Missing} problem=${connection.problem} />`;

  const result = session.result.value;
  const cast = castWithLines(result ? { ...state, cast: mergeResultCast(state.cast, result.cast) } : state);
  const colour = colouring(cast);
  const name = naming(cast);
  const shared = { session, player, state, cast, colour, name, engines };
  return html`<div class="job">
    <${Title} ...${shared} />
    <${Notices} state=${state} />
    ${result
      ? html`<${Performance} ...${shared} result=${result} />`
      : html`<${Making} ...${shared} clips=${clips} />`}
  </div>`;
}

const mergeResultCast = (cast, final) => (cast.length > 0 ? cast : final ?? []);

function Making({ session, player, state, cast, colour, name, engines, clips }) {
  const { stream } = state;
  const opened = stream.opened && state.status !== "expired";
  const script = useMemo(() => (opened ? streamedScript(state) : state.segments), [opened, stream.begins, state.lines]);
  const bars = useMemo(() => (opened ? streamedBars(script, stream.seconds, colour) : []), [script, stream.seconds]);
  useEffect(prepare, []);
  useEffect(() => {
    if (!opened) return;
    player.follow(script, stream.seconds);
    if (player.streams) return;
    // Who has just sent a story waits to hear it; who comes by, or listens to single lines, decides for themselves. An
    // element that is told to play before it has a source is paused by getting one (WHATWG HTML, media load algorithm).
    player.listen(state.links.stream ?? api.streamUrl(session.id)).then(() => {
      if (navigator.userActivation?.hasBeenActive && !clips.playing.value) player.play();
    });
  }, [opened, script, stream.seconds]);
  return html`
    ${opened && html`<${PlayerBar} player=${player} script=${script} bars=${bars} name=${name} growing=${!stream.sealed} />`}
    <${Ending} session=${session} state=${state} />
    <${ProblemNote} problem=${session.problem.value}>
      ${state.status === "completed" &&
      html`<button class="button" type="button" onClick=${session.loadResult}>${messages.loadAgain}</button>`}
    <//>
    ${!hasEnded(state) && html`<${Progress} session=${session} state=${state} />`}
    <div class="spread">
      <div class="margin">
        <${Stages} state=${state} />
        <${Cast} cast=${cast} colour=${colour} engines=${engines} />
      </div>
      <${LiveScript} state=${state} story=${session.story.value} colour=${colour} name=${name} clips=${clips}
        player=${opened ? player : null} />
    </div>
  `;
}

function Title({ session, state }) {
  return html`<header class="title">
    <p class="kicker">${messages.kickers[state.status] ?? state.status}</p>
    <h1 dir="auto">${state.version === 0 ? messages.loadingShort : state.title || messages.untitled}</h1>
    <p class="imprint">
      ${state.createdAt && html`<span>${messages.submittedAt(state.createdAt)}</span>`}
      ${state.version > 0 &&
      html`<span title=${state.latest?.hash}>${messages.recordedEvents(state.version)}</span>`}
      <${Connection} session=${session} />
    </p>
  </header>`;
}

/** What a listener should know of how it is made: another language, guesses, voices that stand in. */
function Notices({ state }) {
  const notices = [...state.notes, state.notice].filter(Boolean);
  return notices.length > 0 && html`<div class="note notices" role="note">${notices.map((notice) => html`<p key=${notice}>${notice}</p>`)}</div>`;
}

function Connection({ session }) {
  const { state } = session.connection.value;
  const resumed = session.resumedAt.value;
  return html`
    ${messages.connection[state] && html`<span class=${classes("connection", `is-${state}`)}>${messages.connection[state]}</span>`}
    ${resumed && html`<span class="pill">${messages.resumed(resumed)}</span>`}
  `;
}

function Ending({ session, state }) {
  if (!["failed", "cancelled", "expired"].includes(state.status)) return null;
  const { failure } = state;
  return html`<div class=${classes("note", state.status === "failed" && "note-problem")} role=${state.status === "failed" ? "alert" : undefined}>
    ${state.status === "failed" &&
    html`<p><strong>${messages.failedTitle}.</strong> ${failure?.reason}</p>
      <p>${failure?.stage && messages.failedAt(stageNames[failure.stage] ?? failure.stage)} ${messages.failedKept}</p>`}
    ${state.status === "cancelled" && html`<p>${messages.cancelledText}</p>`}
    ${state.status === "expired" && html`<p>${messages.expiredText}</p>`}
    ${state.status !== "expired" &&
    html`<p><button class="button" type="button" onClick=${session.retry}>${messages.retryButton}</button></p>`}
  </div>`;
}

function Missing({ problem }) {
  return html`<div class="job">
    <header class="title">
      <h1>${messages.missingTitle}</h1>
    </header>
    <div class="note note-problem" role="alert"><p>${problem.detail}</p></div>
    <p><button class="button" type="button" onClick=${() => go("/")}>${messages.newDrama}</button></p>
  </div>`;
}
