/** How far the drama is, what happens now, how long it will take, and a way to call it off. */

import { messages } from "../messages.js";
import { html, useState } from "../ui.js";

export function Progress({ session, state }) {
  const known = state.progress !== null;
  return html`<section class="progress" aria-label=${messages.progressLabel}>
    <div class="progress-bar" role="progressbar" aria-label=${messages.progressLabel}
      aria-valuemin="0" aria-valuemax="100" aria-valuenow=${known ? Math.floor(state.progress) : undefined} aria-valuetext=${state.step || undefined}>
      <div class="progress-done" style=${{ inlineSize: `${state.progress ?? 0}%` }}></div>
    </div>
    <p class="progress-text">
      <span class="progress-percent">${known && messages.percent(state.progress)}</span>
      <span class="progress-step">${state.step || messages.kickers[state.status]}</span>
      <span class="progress-eta">${state.etaSeconds !== null && messages.eta(state.etaSeconds)}</span>
      <${Cancel} session=${session} />
    </p>
  </section>`;
}

function Cancel({ session }) {
  const [asking, setAsking] = useState(false);
  if (!asking) {
    return html`<button class="quiet" type="button" onClick=${() => setAsking(true)}>${messages.cancelButton}</button>`;
  }
  const confirm = async () => { if (!(await session.cancel())) setAsking(false); };
  return html`<span class="cancel-question">
    <span>${messages.cancelSure}</span>
    <button class="quiet is-grave" type="button" ref=${(button) => button?.focus()} onClick=${confirm}>${messages.cancelButton}</button>
    <button class="quiet" type="button" onClick=${() => setAsking(false)}>${messages.cancelNo}</button>
  </span>`;
}
