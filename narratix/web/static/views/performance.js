/** The finished drama: player, script that follows the sound, what to keep, and what the listener says. */

import { messages, size } from "../messages.js";
import { Icon, html, useEffect, useMemo } from "../ui.js";
import { Cast } from "./cast.js";
import { Feedback } from "./feedback.js";
import { PlayerBar } from "./player-bar.js";
import { Script } from "./script.js";
import { Sound } from "./sound.js";
import { finishedBars } from "./waveform.js";

export function Performance({ session, player, state, cast, colour, name, engines, result }) {
  useMemo(() => player.perform(result, state.language), [result]);
  useEffect(() => { player.describe(state.title); }, [state.title]);
  const story = session.story.value ?? { text: null };
  const script = result.script;
  const bars = useMemo(() => finishedBars(result.peaks, script, result.audio.duration_seconds, colour), [result]);
  const line = player.line.value;
  return html`
    <${PlayerBar} player=${player} script=${script} bars=${bars} name=${name} />
    <div class="spread">
      <${Script}
        segments=${script}
        story=${story}
        language=${state.language}
        colour=${colour}
        name=${name}
        isLit=${always}
        current=${line}
        playing=${player.playing.value ? line : null}
        word=${player.word.value}
        following=${line}
        news=${0}
        newsLabel=${null}
        onLine=${player.playLine}
      />
      <div class="margin">
        <${Cast} cast=${cast} colour=${colour} engines=${engines} />
        <${Downloads} result=${result} />
        <${Sound} result=${result} state=${state} />
        <${Feedback} session=${session} state=${state} />
      </div>
    </div>
  `;
}

const always = () => true;

function Downloads({ result }) {
  const captions = Object.entries(result.captions ?? {}).filter(([, url]) => url).map(([format, url]) => ({ format, url }));
  return html`<section class="downloads" aria-labelledby="downloads-title">
    <h2 id="downloads-title" class="heading">${messages.downloadsTitle}</h2>
    <ul>
      ${[...result.formats, ...captions].map(
        (file) => html`<li key=${file.format}>
          <a href=${file.url} download>
            <${Icon} name="down" /> <span>${messages.download[file.format] ?? file.format}</span>
            <span class="leader" aria-hidden="true"></span>
            <span class="muted">${file.size_bytes ? size(file.size_bytes) : ""}</span>
          </a>
        </li>`,
      )}
    </ul>
  </section>`;
}
