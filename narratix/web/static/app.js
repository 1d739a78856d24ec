/** The page: its frame, and the view that the address names. */

import { LiveRegion } from "./announce.js";
import { messages } from "./messages.js";
import { onLink, route } from "./route.js";
import { html, render, useEffect, useRef } from "./ui.js";
import { Front } from "./views/front.js";
import { Job } from "./views/job.js";

function Page() {
  const { view, job } = route.value;
  const main = useRef(null);
  const shown = useRef(false);
  useEffect(() => {
    // A new view takes the focus, so that the keyboard and a screen reader go on from its top.
    if (shown.current) main.current.focus({ preventScroll: true });
    shown.current = true;
  }, [view, job]);
  return html`
    <a class="skip" href="#main">${messages.skip}</a>
    <header class="masthead">
      <a class="wordmark" href="/" aria-label=${messages.home} onClick=${onLink}><${Mark} /> <span>${messages.name}</span></a>
      <span class="tagline">${messages.tagline}</span>
      ${view === "job" && html`<nav><a class="quiet-link" href="/" onClick=${onLink}>${messages.newDrama}</a></nav>`}
    </header>
    <main id="main" tabindex="-1" ref=${main}>
      ${view === "job" ? html`<${Job} key=${job} id=${job} />` : html`<${Front} />`}
    </main>
    <${LiveRegion} />
  `;
}

const Mark = () => html`<svg class="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
  <path d="M3 10v4M7.5 6v12M12 2v20M16.5 7v10M21 10v4" />
</svg>`;

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${Page} />`, root);
