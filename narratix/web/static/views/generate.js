/** Has a story written from a template. */

import * as api from "../api.js";
import { messages } from "../messages.js";
import { ProblemNote, html, useLoaded, useState } from "../ui.js";

export function Generate({ onTake }) {
  const { value: templates, problem: unavailable } = useLoaded(api.templates);
  const [template, setTemplate] = useState("");
  const [premise, setPremise] = useState("");
  const [length, setLength] = useState("600");
  const [problem, setProblem] = useState(null);
  const [writing, setWriting] = useState(false);
  const chosen = template || templates?.[0]?.id || "";

  async function write() {
    if (writing) return;
    setWriting(true);
    setProblem(null);
    try {
      const story = await api.generate({ template: chosen, premise: premise || undefined, length: Number(length) });
      onTake(story, messages.generated(story.title));
    } catch (error) {
      setProblem(error);
    }
    setWriting(false);
  }

  // Within the story's form, so that Enter in a field here must not send the story.
  const onKeyDown = (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    write();
  };

  if (unavailable || templates?.length === 0) return null;
  return html`<details class="generate" onKeyDown=${onKeyDown}>
    <summary class="heading">${messages.generateLabel}</summary>
    <div class="field">
      <label for="generate-template">${messages.templateLabel}</label>
      <select id="generate-template" value=${chosen} aria-describedby="generate-about" onChange=${(event) => setTemplate(event.target.value)}>
        ${templates?.map((one) => html`<option key=${one.id} value=${one.id}>${one.title}</option>`)}
      </select>
      <p class="hint" id="generate-about">${templates?.find((one) => one.id === chosen)?.description}</p>
    </div>
    <div class="field">
      <label for="generate-premise">${messages.premiseLabel} <span class="muted">(${messages.optional})</span></label>
      <input id="generate-premise" type="text" maxlength="500" value=${premise} aria-describedby="generate-premise-hint"
        onInput=${(event) => setPremise(event.target.value)} />
      <p class="hint" id="generate-premise-hint">${messages.premiseHint}</p>
    </div>
    <div class="field">
      <label for="generate-length">${messages.lengthLabel}</label>
      <select id="generate-length" value=${length} onChange=${(event) => setLength(event.target.value)}>
        ${Object.entries(messages.lengths).map(([words, label]) => html`<option key=${words} value=${words}>${label}</option>`)}
      </select>
    </div>
    <button class="button" type="button" aria-disabled=${writing} onClick=${write}>
      ${writing ? messages.generating : messages.generateButton}
    </button>
    <${ProblemNote} problem=${problem}>
      ${problem?.errors.map((one) => html`<p>${one.field}: ${one.message}</p>`)}
    <//>
  </details>`;
}
