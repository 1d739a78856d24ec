/** A waveform in the speakers' colours. */

import { classes, html, useEffect, useRef } from "../ui.js";

const BAR = 2;
const GAP = 1;

/**
 * @param {object} props
 * @param {{height: number, voice: number}[]} props.bars heights 0..1 and colours; any number of them, evenly spread
 * @param {number} props.played the part that was heard, 0..1
 */
export function Waveform({ bars, played = null, className = "" }) {
  const canvas = useRef(null);
  const drawn = useRef(null);
  drawn.current = () => canvas.current && draw(canvas.current, bars, played);
  useEffect(() => drawn.current(), [bars, played]);
  useEffect(() => {
    const again = () => drawn.current();
    const sizes = new ResizeObserver(again);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    sizes.observe(canvas.current);
    scheme.addEventListener("change", again);
    return () => { sizes.disconnect(); scheme.removeEventListener("change", again); };
  }, []);
  return html`<canvas class=${classes("waveform", className)} ref=${canvas} aria-hidden="true"></canvas>`;
}

function draw(canvas, bars, played) {
  const { width, height } = canvas.getBoundingClientRect();
  if (width === 0) return;
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const colours = Array.from({ length: 10 }, (_, voice) => style.getPropertyValue(`--voice-${voice}`).trim());
  const faint = style.getPropertyValue("--rule").trim();
  const columns = Math.max(1, Math.floor(width / (BAR + GAP)));
  for (let column = 0; column < columns; column++) {
    const { height: level, voice } = loudest(bars, column, columns);
    const tall = Math.max(BAR, level * (height - 2));
    pen.fillStyle = voice === null ? faint : colours[voice];
    pen.globalAlpha = played === null || voice === null || column / columns <= played ? 1 : 0.38;
    pen.fillRect(column * (BAR + GAP), (height - tall) / 2, BAR, tall);
  }
}

/** The loudest of the bars that fall into a column. */
function loudest(bars, column, columns) {
  const from = Math.floor((column * bars.length) / columns);
  const to = Math.max(from + 1, Math.floor(((column + 1) * bars.length) / columns));
  let best = bars[from] ?? { height: 0, voice: null };
  for (let i = from + 1; i < Math.min(to, bars.length); i++) if (bars[i].height > best.height) best = bars[i];
  return best;
}

const COLUMNS = 480;
// Speech at -19 LUFS has a mean square of about 0.013; this brings its root near two thirds of the height.
const SPEECH_GAIN = 5;

/** Bars for a drama in the making: every line has the width of its text, and its sound as soon as it is spoken. */
export function growingBars(segments, lines, colour) {
  if (segments.length === 0) return [];
  const length = segments.at(-1).end;
  const bars = [];
  let line = 0;
  for (let column = 0; column < COLUMNS; column++) {
    const at = ((column + 0.5) / COLUMNS) * length;
    while (line < segments.length - 1 && segments[line].end <= at) line++;
    const energies = lines[line]?.energies;
    if (!energies?.length) {
      bars.push({ height: 0, voice: energies ? colour(segments[line].speaker) : null });
      continue;
    }
    const { start, end, speaker } = segments[line];
    const energy = energies[Math.min(energies.length - 1, Math.floor(((at - start) / (end - start)) * energies.length))];
    bars.push({ height: Math.min(1, Math.sqrt(energy) * SPEECH_GAIN), voice: colour(speaker) });
  }
  return bars;
}

/** Bars for the part of a drama that can be heard while it is made: the voices, as loud as they are. */
export function streamedBars(script, seconds, colour) {
  const bars = [];
  let line = 0;
  for (let column = 0; column < COLUMNS; column++) {
    const at = ((column + 0.5) / COLUMNS) * seconds;
    while (line < script.length - 1 && script[line].ends <= at) line++;
    const { begins, ends, energies, speaker } = script[line] ?? {};
    const speaking = begins <= at && at < ends && energies?.length > 0;
    const energy = speaking ? energies[Math.min(energies.length - 1, Math.floor((at - begins) * 10))] : 0;
    bars.push({ height: Math.min(1, Math.sqrt(energy) * SPEECH_GAIN), voice: speaking ? colour(speaker) : 0 });
  }
  return bars;
}

/** Bars for the finished drama: its peaks, in the colour of whoever speaks then. */
export function finishedBars(peaks, script, duration, colour) {
  const loudestPeak = Math.max(0.001, ...peaks);
  let line = 0;
  return peaks.map((peak, i) => {
    const at = ((i + 0.5) / peaks.length) * duration;
    while (line < script.length - 1 && script[line].ends <= at) line++;
    const speaking = script[line] && at >= script[line].begins && at < script[line].ends;
    return { height: peak / loudestPeak, voice: speaking ? colour(script[line].speaker) : 0 };
  });
}
