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
      <h1>${messages.heroTitle}</h1>
      <p>${messages.heroText}</p>
    </div>
    <${Compose} />
    <${Library} />
  </div>`;
}

function Library() {
  const { value, problem } = useLoaded(api.library);
  return html`<section class="library" aria-labelledby="library-title">
    <h2 id="library-title" class="heading">${messages.libraryTitle}</h2>
    ${problem && html`<p class="muted">${messages.libraryFailed} ${problem.detail}</p>`}
    ${value?.length === 0 && html`<p class="muted">${messages.libraryEmpty}</p>`}
    ${value?.length > 0 &&
    html`<ol class="bill">
      ${value.map(
        (drama) => html`<li key=${drama.job_id}>
          <a href=${jobPath(drama.job_id)} onClick=${onLink}>
            <span class="bill-title">${drama.title || messages.untitled}</span>
            <span class="leader" aria-hidden="true"></span>
            <span class="bill-time">${clock(drama.duration_seconds)}</span>
          </a>
          <p class="bill-detail">
            ${drama.cast_names?.length > 0 && html`<span>${list(drama.cast_names)}</span> · `}
            <time datetime=${drama.completed_at ?? drama.created_at}>${date(drama.completed_at ?? drama.created_at)}</time>
          </p>
        </li>`,
      )}
    </ol>`}
  </section>`;
}
