/** What every view is made of. */

import htm from "./vendor/htm.js";
import { Component, Fragment, h, render } from "./vendor/preact.js";
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "./vendor/preact-hooks.js";
import { batch, computed, effect, signal } from "./vendor/preact-signals.js";

export const html = htm.bind(h);
export {
  Component, Fragment, batch, computed, effect, render, signal,
  useEffect, useId, useLayoutEffect, useMemo, useRef, useState,
};

export const classes = (...names) => names.filter(Boolean).join(" ");

export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

const ICONS = {
  play: "M7 4.5v15l12-7.5z",
  pause: "M6 4.5h4.5v15H6zM13.5 4.5H18v15h-4.5z",
  stop: "M6 6h12v12H6z",
  down: "M12 4v12.5M6 11l6 6 6-6M5 20.5h14",
};

export function Icon({ name }) {
  const stroked = name === "down";
  return html`<svg class=${classes("icon", stroked && "icon-stroked")} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d=${ICONS[name]} />
  </svg>`;
}

/** A sentence about a `Problem`, said at once to screen readers. */
export const ProblemNote = ({ problem, lead = "", children }) =>
  problem &&
  html`<div class="note note-problem" role="alert">
    <p>${lead && html`<strong>${lead}</strong> `}${problem.detail}</p>
    ${children}
  </div>`;

const LOAD_AGAIN = 2000;

/** Loads once per mounting, and again while the service does not answer; gives `{value, problem}`. */
export function useLoaded(load) {
  const [loaded, setLoaded] = useState({ value: null, problem: null });
  useEffect(() => {
    let current = true;
    let timer = 0;
    const attempt = () => load().then(
      (value) => current && setLoaded({ value, problem: null }),
      (problem) => {
        if (!current) return;
        setLoaded({ value: null, problem });
        if (problem.passing) timer = setTimeout(attempt, Math.max(LOAD_AGAIN, (problem.retryAfter ?? 0) * 1000));
      },
    );
    attempt();
    return () => { current = false; clearTimeout(timer); };
  }, []);
  return loaded;
}

/** The whole seconds that are left of some. */
export function useCountdown(seconds) {
  const [left, setLeft] = useState(Math.ceil(seconds));
  useEffect(() => {
    const ends = performance.now() + seconds * 1000;
    const timer = setInterval(() => setLeft(Math.max(0, Math.ceil((ends - performance.now()) / 1000))), 250);
    return () => clearInterval(timer);
  }, [seconds]);
  return left;
}
