/** What was measured of the finished sound, and what made it. */

import { clock, list, messages } from "../messages.js";
import { html } from "../ui.js";

export function Sound({ result }) {
  const { audio } = result;
  const engines = [...new Set(Object.values(result.engines ?? {}).filter((name) => typeof name === "string" && name !== ""))];
  const rows = [
    [messages.duration, clock(audio.duration_seconds)],
    [messages.loudness, messages.lufs(audio.loudness_lufs)],
    [messages.truePeak, messages.dbtp(audio.true_peak_dbtp)],
    engines.length > 0 && [messages.enginesLabel, list(engines)],
  ].filter(Boolean);
  return html`<section class="sound" aria-labelledby="sound-title">
    <h2 id="sound-title" class="heading">${messages.soundTitle}</h2>
    <dl>${rows.map(([term, value]) => html`<div key=${term}><dt>${term}</dt><span class="leader" aria-hidden="true"></span><dd>${value}</dd></div>`)}</dl>
  </section>`;
}
