/** One polite live region. A sentence replaces the one before it, so that a reader is never behind the page. */

import { html, signal } from "./ui.js";

const sentence = signal("");

export function announce(text) {
  sentence.value = text;
}

export const LiveRegion = () => html`<div class="unseen" aria-live="polite" role="status">${sentence.value}</div>`;
