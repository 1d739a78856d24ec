/** Which colour and which name a speaker has on the page. */

import { messages } from "./messages.js";

const COLOURS = 9;

/** A function from a cast id to the number of its colour: 0 for the narrator, then 1 to 9 in order of appearance. */
export function colouring(cast) {
  const numbers = new Map();
  let next = 0;
  for (const member of cast) numbers.set(member.id, member.narrator ? 0 : (next++ % COLOURS) + 1);
  return (id) => numbers.get(id) ?? 0;
}

export function naming(cast) {
  const names = new Map(cast.map((member) => [member.id, member.narrator ? messages.narrator : member.name]));
  return (id) => names.get(id) ?? id;
}

/** "Emma, female, British" for a voice id; the id itself while the list of voices is not known. */
export function describeVoice(engines, id) {
  if (!id) return null;
  for (const engine of engines ?? []) {
    const voice = engine.voices.find((candidate) => candidate.id === id);
    if (!voice) continue;
    const traits = [messages.ages[voice.age], messages.genders[voice.gender], voice.accent].filter(Boolean);
    return { name: voice.name || id, traits: traits.join(", ") };
  }
  return { name: id, traits: "" };
}
