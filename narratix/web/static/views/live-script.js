/** The script while it is made: dim at first, each line lit and playable as soon as it is spoken. */

import { messages } from "../messages.js";
import { Icon, html, useMemo } from "../ui.js";
import { Script } from "./script.js";
import { Waveform, growingBars } from "./waveform.js";

/** With a `player`, what the stream has by now is heard there, in its place; what it has not, line by line. */
export function LiveScript({ state, story, colour, name, clips, player }) {
  const bars = useMemo(() => growingBars(state.segments, state.lines, colour), [state.segments, state.lines, state.cast]);
  if (state.segments.length === 0 || story === null) {
    return html`<section class="script is-waiting" aria-labelledby="script-title">
      <h2 id="script-title" class="heading">${messages.scriptTitle}</h2>
      <p class="muted">${messages.scriptWaiting}</p>
      <div class="ghost" aria-hidden="true">${GHOST.map((width) => html`<span style=${{ inlineSize: `${width}%` }}></span>`)}</div>
    </section>`;
  }
  const listening = clips.listening.value;
  const streaming = player?.playing.value ?? false;
  const playing = streaming ? player.line.value : clips.playing.value;
  const onLine = (line) => {
    if (!player?.has(line)) {
      player?.audio.pause();
      return clips.toggle(line);
    }
    clips.stop();
    return player.playLine(line);
  };
  return html`<${Script}
    segments=${state.segments}
    story=${story}
    language=${state.language}
    colour=${colour}
    name=${name}
    isLit=${(line) => state.lines[line] != null}
    current=${playing}
    playing=${playing}
    word=${streaming ? player.word.value : null}
    following=${listening || streaming ? playing : state.latestLine}
    news=${state.spoken}
    newsLabel=${messages.newLines}
    troubles=${state.troubles}
    onLine=${onLine}
  >
    <div class="script-tools">
      <${Waveform} bars=${bars} />
      ${!player && html`<button class="button button-small" type="button" aria-disabled=${state.spoken === 0}
        onClick=${() => state.spoken > 0 && clips.listen()}>
        <${Icon} name=${listening ? "stop" : "play"} /> ${listening ? messages.listenStop : messages.listenFromStart}
      </button>`}
      <span class="muted" role="status">
        ${listening && playing === null && messages.listenWaiting}
        ${clips.failed.value !== null && messages.clipFailed(clips.failed.value + 1)}
      </span>
    </div>
  <//>`;
}

const GHOST = [92, 84, 96, 61, 88, 94, 79, 90, 42];
