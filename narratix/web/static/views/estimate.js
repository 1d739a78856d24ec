/** What the story would become, while it is written: how long, how dear, and how soon. */

import * as api from "../api.js";
import { messages } from "../messages.js";
import { html, useEffect, useState } from "../ui.js";

const PAUSE = 600;

/** The estimate of a story; null before there is one. Asked for when the writer pauses; what is asked for in vain, since
    the story has changed, is broken off. */
function useEstimate(story) {
  const [found, setFound] = useState({ quote: null, problem: null, stale: false });
  const asked = story && JSON.stringify(story);
  useEffect(() => {
    if (!asked) {
      setFound({ quote: null, problem: null, stale: false });
      return undefined;
    }
    setFound((before) => ({ ...before, stale: true }));
    const leaving = new AbortController();
    const timer = setTimeout(async () => {
      try {
        setFound({ quote: await api.estimate(JSON.parse(asked), leaving.signal), problem: null, stale: false });
      } catch (problem) {
        if (!leaving.signal.aborted) setFound({ quote: null, problem, stale: false });
      }
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [asked]);
  return found;
}

/** One line, which the button below it is described by; it says nothing by itself while somebody types. */
export function Estimate({ story }) {
  const { quote, problem, stale } = useEstimate(story);
  const said = quote ? sentences(quote) : [problem ? messages.estimateFailed : story ? messages.estimating : ""];
  return html`<p class="estimate" id="estimate" aria-busy=${stale && Boolean(quote)}>${said.join(" · ")}</p>`;
}

function sentences({ seconds, usd, wait_seconds: wait, affordable, left }) {
  const lasting = [messages.estimateLength(seconds), usd > 0 ? messages.estimateCost(usd) : messages.estimateFree];
  if (!affordable) return [...lasting, messages.estimateBeyond(Math.min(...Object.values(left)))];
  return wait === null ? lasting : [...lasting, messages.estimateWait(wait)];
}
