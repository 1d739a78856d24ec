import assert from "node:assert/strict";
import { test } from "node:test";

import { byteLength, codePointIndex, paragraphs, unwrapped } from "../static/text.js";

test("given characters beyond the basic plane, then offsets in code points find them", () => {
  const text = "a𝒜b“𝄞”c";
  const characters = [...text];
  const at = codePointIndex(text);
  for (let i = 0; i < characters.length; i++) assert.equal(text.slice(at(i), at(i + 1)), characters[i]);
  assert.equal(at(characters.length), text.length);
});

test("given a text, then its length is counted in bytes of UTF-8", () => {
  assert.equal(byteLength("a“é𝄞"), 1 + 3 + 2 + 4);
});

test("given hard-wrapped prose, then its lines flow and the length stays", () => {
  const prose = "It was a bright cold day in the little town by the sea,\nand nobody was out.\n\nNobody.";
  const flowing = unwrapped(prose);
  assert.equal(flowing.length, prose.length);
  assert.equal(flowing, "It was a bright cold day in the little town by the sea, and nobody was out.\n\nNobody.");
});

test("given verse, or paragraphs of one long line each, then every line end stays", () => {
  const verse = "Twinkle, twinkle, little bat!\nHow I wonder what you’re at!\n";
  const long = `${"word ".repeat(40)}\n${"word ".repeat(40)}`;
  assert.equal(unwrapped(verse), verse);
  assert.equal(unwrapped(long), long);
});

test("given a passage, then its paragraphs come trimmed and know where they start", () => {
  const story = "One.\n\n  Two.\n \nThree. ";
  const found = paragraphs(story, 0, story.length);
  assert.deepEqual(found.map((one) => one.text), ["One.", "Two.", "Three."]);
  for (const { text, start } of found) assert.equal(story.slice(start, start + text.length), text);
});
