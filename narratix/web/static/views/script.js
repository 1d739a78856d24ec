/** The script as a list of lines. It follows the action until the reader scrolls, then offers the way back. */

import { itemName } from "../fold.js";
import { messages } from "../messages.js";
import { codePointIndex, paragraphs, unwrapped } from "../text.js";
import { Component, Icon, classes, html, reducedMotion, useEffect, useMemo, useRef, useState } from "../ui.js";

/**
 * @param {object} props
 * @param {object[]} props.segments with offsets in code points
 * @param {{text: string}} props.story
 * @param {?string} props.language of the story, an ISO 639-1 code
 * @param {(line: number) => boolean} props.isLit whether a line can be played
 * @param {?number} props.current the line that is heard
 * @param {?number} props.playing the line whose button stops it
 * @param {?number[]} props.word the word that is heard, [start, end) in code points
 * @param {?number} props.following the line to keep in view
 * @param {number} props.news a count that grows with what the reader may be missing
 * @param {(line: number) => void} props.onLine
 */
export function Script({
  segments, story, language, colour, name, isLit, current, playing, word, following, news, newsLabel, troubles = [], onLine, children,
}) {
  const passages = useMemo(() => passagesOf(story.text, segments), [story.text, segments]);
  const pane = useRef(null);
  const { paused, follow, onReader } = useFollowing(pane, following, news);
  const [reached, setReached] = useState(0);
  const at = useMemo(() => (story.text === null ? null : codePointIndex(story.text)), [story.text]);

  function onKeyDown(event) {
    onReader(event);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !event.target.matches(".line-button")) return;
    event.preventDefault();
    const next = Math.min(Math.max(reached + step, 0), segments.length - 1);
    setReached(next);
    pane.current.querySelector(`[data-line="${next}"] .line-button`)?.focus();
  }

  if (passages === null) {
    return html`<section class="script" aria-labelledby="script-title">
      <h2 id="script-title" class="heading">${messages.scriptTitle}</h2>
      ${children}
      <p class="muted">${story.problem?.detail ?? messages.scriptGone}</p>
    </section>`;
  }
  return html`<section class="script" aria-labelledby="script-title">
    <h2 id="script-title" class="heading">${messages.scriptTitle}</h2>
    ${children}
    <p class="unseen" id="script-hint">${messages.scriptHint}</p>
    <div class="pane-frame">
      <div class="pane" ref=${pane} role="group" aria-labelledby="script-title" aria-describedby="script-hint"
        onWheel=${onReader} onTouchMove=${onReader} onPointerDown=${onReader} onKeyDown=${onKeyDown}>
        <ol class="lines" lang=${language}>
          ${passages.map(
            (passage, line) => html`<${Line}
              key=${line}
              line=${line}
              passage=${passage}
              speaker=${name(segments[line].speaker)}
              named=${segments[line].kind === "speech" && !sameVoice(segments, line)}
              direction=${segments[line].direction}
              colour=${colour(segments[line].speaker)}
              kind=${segments[line].kind}
              lit=${isLit(line)}
              current=${current === line}
              playing=${playing === line}
              word=${current === line && word ? within(segments[line], at)(word[0]) : null}
              wordEnd=${current === line && word ? within(segments[line], at)(word[1]) : null}
              trouble=${troubleOf(troubles, line)}
              reachable=${reached === line}
              onLine=${onLine}
              onReach=${setReached}
            />`,
          )}
        </ol>
      </div>
      ${paused !== null &&
      (newsLabel === null || news > paused) &&
      html`<button class="pill pill-button" type="button" onClick=${follow}>
        <${Icon} name="down" /> ${newsLabel ? newsLabel(news - paused) : messages.backToLine}
      </button>`}
    </div>
  </section>`;
}

class Line extends Component {
  shouldComponentUpdate(next) {
    return Object.keys(next).some((key) => !STEADY.has(key) && next[key] !== this.props[key]);
  }

  render({ line, passage, speaker, named, direction, colour, kind, lit, current, playing, word, wordEnd, trouble, reachable }) {
    const said = lit ? (playing ? messages.stopLine : messages.playLine) : messages.unspokenLine;
    const { onLine, onReach } = this.props;
    const press = () => lit && onLine(line);
    return html`<li class=${classes("line", `voice-${colour}`, `is-${kind}`, lit && "is-lit", current && "is-current")} data-line=${line}
      aria-current=${current ? "true" : undefined}>
      <button class="line-button" type="button" aria-label=${said(line + 1, speaker)} aria-disabled=${!lit}
        tabindex=${reachable ? 0 : -1} onClick=${press} onFocus=${() => onReach(line)}>
        <span class="line-number" aria-hidden="true">${line + 1}</span>
        ${lit && html`<${Icon} name=${playing ? "pause" : "play"} />`}
      </button>
      <div class="line-text" onClick=${press}>
        ${named && html`<p class="speaker"><span class="speaker-name">${speaker}</span>${direction && html` <i class="direction">(${direction})</i>`}</p>`}
        ${passage.map((paragraph) => html`<p dir="auto">${withWord(paragraph, word, wordEnd)}</p>`)}
        ${trouble && html`<p class="trouble"><strong>${trouble.retryIn === null ? messages.attemptsOver(trouble.attempt) : messages.attempt(trouble.attempt, trouble.attempts)}</strong> ${trouble.reason}</p>`}
      </div>
    </li>`;
  }
}

const STEADY = new Set(["onLine", "onReach", "children"]);

/** Whether the line goes on with the voice of the line before it. */
const sameVoice = (segments, line) =>
  line > 0 && segments[line - 1].kind === "speech" && segments[line - 1].speaker === segments[line].speaker;

const troubleOf = (troubles, line) =>
  troubles.find((trouble) => trouble.stage === "speak_line" && itemName(trouble.item) === String(line));

function withWord({ text, start }, word, wordEnd) {
  if (word === null || word < start || wordEnd > start + text.length) return text;
  const [from, to] = [word - start, wordEnd - start];
  return html`${text.slice(0, from)}<span class="word">${text.slice(from, to)}</span>${text.slice(to)}`;
}

function passagesOf(text, segments) {
  if (text === null) return null;
  const story = unwrapped(text);
  const at = codePointIndex(text);
  return segments.map((segment) =>
    segment.text ? paragraphs(segment.text, 0, segment.text.length) : paragraphs(story, at(segment.start), at(segment.end)),
  );
}

/** The words of a line that was revised are counted in its own text. */
const within = (segment, at) => (segment.text ? codePointIndex(segment.text) : at);

const SCROLL_KEYS = new Set(["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End", " "]);

/** Keeps a line in view; `paused` is null, or the count of news at which the reader took over. */
function useFollowing(pane, line, news) {
  const [paused, setPaused] = useState(null);
  const latest = useRef(news);
  latest.current = news;

  const show = () => {
    const element = pane.current?.querySelector(`[data-line="${line}"]`);
    if (!element) return;
    const frame = pane.current;
    const top = element.offsetTop - Math.max(0, (frame.clientHeight - element.offsetHeight) * 0.4);
    // Lines that were never in view have an estimated height, so a long way is taken in one step.
    const near = Math.abs(top - frame.scrollTop) < 3 * frame.clientHeight;
    frame.scrollTo({ top, behavior: near && !reducedMotion() ? "smooth" : "auto" });
  };

  useEffect(() => { if (line !== null && line !== undefined && paused === null) show(); }, [line, paused]);

  return {
    paused,
    follow: () => setPaused(null),
    onReader(event) {
      if (event.type === "keydown" && !SCROLL_KEYS.has(event.key)) return;
      if (event.type === "pointerdown" && event.target !== pane.current) return;
      if (event.type === "keydown" && event.key === " " && event.target.matches("button")) return;
      setPaused((before) => before ?? latest.current);
    },
  };
}
