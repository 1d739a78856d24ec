/**
 * Offsets and line ends of a story.
 *
 * The service counts characters as code points, JavaScript strings are UTF-16: `codePointIndex` translates once for
 * a whole text, so that a slice is then as cheap as ever.
 */

const encoder = new TextEncoder();

export const byteLength = (text) => encoder.encode(text).length;

/** A function from an offset in code points to one in UTF-16 units. */
export function codePointIndex(text) {
  let astral = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit <= 0xdbff) { astral = true; break; }
  }
  if (!astral) return (offset) => offset;
  const units = [0];
  let at = 0;
  for (const character of text) units.push((at += character.length));
  return (offset) => units[Math.min(offset, units.length - 1)];
}

/**
 * The text with the line ends of hard-wrapped prose turned into blanks, and of the same length. A line end counts as
 * a wrap when the line before it has the length of a wrapped line and the next one is not empty or indented: verse
 * keeps its lines, and so do paragraphs that are one long line each.
 */
export function unwrapped(text) {
  let lineStart = 0;
  let result = "";
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== "\n") continue;
    const next = text[i + 1];
    const wraps = isFull(i - lineStart) && next !== undefined && !/\s/.test(next);
    result += text.slice(lineStart, i) + (wraps ? " " : "\n");
    lineStart = i + 1;
  }
  return result + text.slice(lineStart);
}

const isFull = (length) => length >= 45 && length <= 90;

/** The paragraphs of a passage, each `{text, start}` with its UTF-16 offset in the whole story. */
export function paragraphs(story, start, end) {
  const found = [];
  const blank = /\n\s*\n/g;
  let from = start;
  const passage = story.slice(start, end);
  for (const gap of passage.matchAll(blank)) {
    found.push([from, start + gap.index]);
    from = start + gap.index + gap[0].length;
  }
  found.push([from, end]);
  return found
    .map(([first, last]) => {
      const text = story.slice(first, last);
      const lead = text.length - text.trimStart().length;
      return { text: text.trim(), start: first + lead };
    })
    .filter((paragraph) => paragraph.text !== "");
}
