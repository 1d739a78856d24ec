/** Where the visitor is: the front page or a job. */

import { signal } from "./ui.js";

const read = () => {
  const match = /^\/job\/([^/]+)\/?$/.exec(location.pathname);
  return match ? { view: "job", job: decodeURIComponent(match[1]) } : { view: "front", job: null };
};

export const route = signal(read());

addEventListener("popstate", () => { route.value = read(); });

export const jobPath = (job) => `/job/${encodeURIComponent(job)}`;

export function go(path) {
  history.pushState(null, "", path);
  route.value = read();
  scrollTo(0, 0);
}

/** Follows a plain click on a link of ours without loading the document again. */
export function onLink(event) {
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!plain) return;
  event.preventDefault();
  go(event.currentTarget.getAttribute("href"));
}
