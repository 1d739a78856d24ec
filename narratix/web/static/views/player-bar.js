/** Play, pause, seek: the waveform is a slider that listens to the keyboard and to the pointer. */

import { clock, messages } from "../messages.js";
import { Icon, html, useRef } from "../ui.js";
import { Waveform } from "./waveform.js";

const SPEEDS = [0.8, 1, 1.25, 1.5];

/** `growing`: there is going to be more of it. */
export function PlayerBar({ player, script, bars, name, growing = false }) {
  const duration = Math.max(player.length.value, 0.1);
  const at = Math.min(player.at.value, duration);
  const line = player.line.value;
  const speaker = line === null ? "" : name(script[line].speaker);
  const playing = player.playing.value;
  const slider = useRef(null);

  const seekTo = (event) => {
    const box = slider.current.getBoundingClientRect();
    const part = (event.clientX - box.left) / box.width;
    player.seek(Math.min(1, Math.max(0, getComputedStyle(slider.current).direction === "rtl" ? 1 - part : part)) * duration);
  };
  const onPointerDown = (event) => {
    if (event.button !== 0) return;
    slider.current.setPointerCapture(event.pointerId);
    seekTo(event);
  };
  const onPointerMove = (event) => { if (slider.current.hasPointerCapture(event.pointerId)) seekTo(event); };
  const onKeyDown = (event) => {
    const target = {
      ArrowLeft: at - 5, ArrowDown: at - 5, ArrowRight: at + 5, ArrowUp: at + 5,
      PageDown: at - 30, PageUp: at + 30, Home: 0, End: duration - 0.1,
    }[event.key];
    if (event.key === " " || event.key === "Enter") player.toggle();
    else if (target !== undefined) player.seek(target);
    else return;
    event.preventDefault();
  };

  return html`<section class="player" aria-label=${growing ? messages.streamTitle : messages.kickers.completed}>
    <button class="play-button" type="button" aria-label=${playing ? messages.pause : messages.play} onClick=${player.toggle}>
      <${Icon} name=${playing ? "pause" : "play"} />
    </button>
    <div class="wave" ref=${slider} role="slider" tabindex="0" aria-label=${messages.seekLabel} aria-valuemin="0"
      aria-valuemax=${Math.round(duration)} aria-valuenow=${Math.round(at)} aria-valuetext=${messages.seekText(at, duration, speaker)}
      onPointerDown=${onPointerDown} onPointerMove=${onPointerMove} onKeyDown=${onKeyDown}>
      <${Waveform} bars=${bars} played=${at / duration} />
      <span class="needle" style=${{ insetInlineStart: `${(100 * at) / duration}%` }}></span>
    </div>
    <p class="player-foot">
      <span class="player-time">${clock(at)} <span class="muted">/ ${growing ? messages.streamSoFar(duration) : clock(duration)}</span></span>
      <span class="player-speaker" role=${player.waiting.value ? "status" : undefined} aria-hidden=${player.waiting.value ? undefined : "true"}>
        ${player.waiting.value ? messages.streamWaiting : speaker}
      </span>
      <label class="speed">${messages.speedLabel}
        <select onChange=${(event) => player.speed(Number(event.target.value))}>
          ${SPEEDS.map((factor) => html`<option key=${factor} value=${factor} selected=${factor === 1}>${messages.speed(factor)}</option>`)}
        </select>
      </label>
    </p>
    ${player.failed.value && html`<p class="note note-problem" role="alert">${messages.playerFailed}</p>`}
    <${Sounding} player=${player} />
  </section>`;
}

/** The element itself belongs to the player; it stands in the document so that captions and the system find it. */
const Sounding = ({ player }) => html`<div hidden ref=${(place) => place && !place.contains(player.audio) && place.append(player.audio)}></div>`;
