/** The front page: a story goes in, and what was performed lately. */

import * as api from "../api.js";
import { date, clock, list, messages } from "../messages.js";
import { jobPath, onLink } from "../route.js";
import { html, useEffect, useLoaded } from "../ui.js";
import { Compose } from "./compose.js";

export function Front() {
  useEffect(() => { document.title = messages.documentTitle(""); }, []);
  return html`<div class="front">
    <div class="hero">
      <div>
        <h1>${messages.heroTitle}</h1>
        <p>${messages.heroText}</p>
      </div>
      <${Vignette} />
    </div>
    <${Compose} />
    <${Library} />
  </div>`;
}

/** A conversation as a waveform: each voice in turn, in its colour. */
function Vignette() {
  return html`<svg class="vignette" viewBox="0 0 342 120" aria-hidden="true" focusable="false">
    ${VIGNETTE.flatMap(([voice, first, last]) =>
      Array.from({ length: last - first }, (_, i) => {
        const x = first + i;
        const within = Math.sin((Math.PI * (i + 0.7)) / (last - first + 0.4));
        const tall = 6 + 98 * within ** 0.7 * Math.abs(Math.sin(x * 1.7) * 0.55 + Math.sin(x * 0.61) * 0.45);
        return html`<path class=${`voice-${voice}`} d=${`M${x * 6 + 3} ${60 - tall / 2}v${tall}`} />`;
      }),
    )}
  </svg>`;
}

/** [voice, first bar, last bar) */
const VIGNETTE = [[0, 0, 13], [2, 14, 22], [1, 23, 29], [3, 30, 40], [2, 41, 45], [4, 46, 57]];

function Library() {
  const { value, problem } = useLoaded(api.library);
  return html`<section class="library" aria-labelledby="library-title">
    <h2 id="library-title" class="heading">${messages.libraryTitle}</h2>
    ${problem && html`<p class="muted">${messages.libraryFailed} ${problem.passing ? messages.keepsTrying : problem.detail}</p>`}
    ${value?.length === 0 && html`<p class="muted">${messages.libraryEmpty}</p>`}
    ${value?.length > 0 &&
    html`<ol class="bill">
      ${value.map(
        (drama) => html`<li key=${drama.job_id}>
          <a href=${jobPath(drama.job_id)} onClick=${onLink}>
            <span class="bill-title" dir="auto">${drama.title || messages.untitled}</span>
            <span class="leader" aria-hidden="true"></span>
            <span class="bill-time">${clock(drama.duration_seconds)}</span>
          </a>
          <p class="bill-detail" dir="auto">
            ${drama.cast_names?.length > 0 && html`<span>${list(drama.cast_names)}</span> · `}
            <time datetime=${drama.completed_at ?? drama.created_at}>${date(drama.completed_at ?? drama.created_at)}</time>
          </p>
        </li>`,
      )}
    </ol>`}
  </section>`;
}
