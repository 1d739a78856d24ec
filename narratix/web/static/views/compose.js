/** The form: a story, how to perform it, and every complaint beside its field. */

import { announce } from "../announce.js";
import * as api from "../api.js";
import { messages } from "../messages.js";
import { go, jobPath } from "../route.js";
import { byteLength } from "../text.js";
import { ProblemNote, classes, html, signal, useCountdown, useLoaded, useRef, useState } from "../ui.js";
import { Estimate } from "./estimate.js";
import { Generate } from "./generate.js";

const LIMIT = Number(document.documentElement.dataset.textLimit);
const FIELDS = ["text", "title", "options.engine"];

// Kept outside the form, so that a look at another drama and back does not lose what was written.
const draft = signal({ title: "", text: "", engine: "", music: true, effects: true });
const write = (change) => { draft.value = { ...draft.value, ...change }; };

export function Compose() {
  const { title, text, engine, music, effects } = draft.value;
  const [problem, setProblem] = useState(null);
  const [complaints, setComplaints] = useState({});
  const [sending, setSending] = useState(false);
  const form = useRef(null);
  const used = byteLength(text);

  function complain(errors) {
    setComplaints(errors);
    const first = FIELDS.find((field) => errors[field]);
    if (first) form.current.querySelector(`[name="${first}"]`).focus();
  }

  async function submit(event) {
    event.preventDefault();
    if (sending) return;
    setProblem(null);
    if (text.trim() === "") return complain({ text: messages.emptyText });
    if (used > LIMIT) return complain({ text: messages.bytesOver(used - LIMIT) });
    complain({});
    setSending(true);
    try {
      const accepted = await api.submit({ title, text, options: { engine, music, effects } });
      write({ title: "", text: "" });
      go(jobPath(accepted.job_id));
    } catch (error) {
      const errors = error.status === 413 ? [{ field: "text", message: error.detail }] : error.errors;
      const known = errors.filter((one) => FIELDS.includes(one.field));
      complain(Object.fromEntries(known.map((one) => [one.field, one.message])));
      if (known.length < errors.length || known.length === 0) setProblem(error);
      setSending(false);
    }
  }

  function take(story, sentence) {
    write({ title: story.title, text: story.text });
    setComplaints({});
    announce(sentence);
  }

  return html`<form class="compose" ref=${form} onSubmit=${submit} noValidate>
    <fieldset class="story">
      <legend class="heading">${messages.storyLegend}</legend>
      <${Field} label=${messages.titleLabel} aside=${messages.optional} complaint=${complaints.title} name="title">
        ${(given) => html`<input type="text" dir="auto" maxlength="200" value=${title} ...${given}
          onInput=${(event) => write({ title: event.target.value })} />`}
      <//>
      <${Field} label=${messages.storyLabel} hint=${messages.storyHint} complaint=${complaints.text} name="text">
        ${(given) => html`<textarea rows="14" dir="auto" spellcheck="true" value=${text} ...${given}
          onInput=${(event) => write({ text: event.target.value })}></textarea>
          <${Counter} used=${used} />`}
      <//>
    </fieldset>
    <div class="compose-aside">
      <${Samples} onTake=${take} />
      <${Generate} onTake=${take} />
      <${Performance} engine=${engine} music=${music} effects=${effects} complaint=${complaints["options.engine"]} />
      <${Estimate} story=${text.trim() && used <= LIMIT ? { text, options: { engine, music, effects } } : null} />
      <button class="button button-main" type="submit" aria-disabled=${sending} aria-describedby="estimate">
        ${sending ? messages.submitting : messages.submitButton}
      </button>
      <${ProblemNote} problem=${problem} lead=${messages.submitFailed}>
        ${problem?.errors.map((one) => html`<p>${one.field}: ${one.message}</p>`)}
        ${problem?.retryAfter && html`<${Wait} key=${problem} seconds=${problem.retryAfter} />`}
      <//>
    </div>
  </form>`;
}

/** Counts down for the eyes; a screen reader is told once, with the rest of the problem. */
const Wait = ({ seconds }) => html`<p aria-live="off">${messages.tryAgainIn(useCountdown(seconds))}</p>`;

/** A labelled field; `children` draws the control with the attributes that tie it to its hint and its complaint. */
export function Field({ label, aside, hint, complaint, name, children }) {
  const id = `field-${name.replace(".", "-")}`;
  const described = [hint && `${id}-hint`, complaint && `${id}-complaint`].filter(Boolean).join(" ");
  const given = { id, name, "aria-describedby": described || undefined, "aria-invalid": complaint ? "true" : undefined };
  return html`<div class="field">
    <label for=${id}>${label}${aside && html` <span class="muted">(${aside})</span>`}</label>
    ${children(given)}
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    ${complaint && html`<p class="complaint" id=${`${id}-complaint`} role="alert">${complaint}</p>`}
  </div>`;
}

function Counter({ used }) {
  const over = used > LIMIT;
  return html`<div class=${classes("counter", over && "is-over")}>
    <meter min="0" max=${LIMIT} high=${LIMIT * 0.9} value=${Math.min(used, LIMIT)} aria-label=${messages.bytes(used, LIMIT)}></meter>
    <span>${messages.bytes(used, LIMIT)}</span>
  </div>`;
}

function Samples({ onTake }) {
  const { value, problem } = useLoaded(api.samples);
  if (problem) return html`<p class="muted">${messages.samplesFailed} ${problem.passing ? messages.keepsTrying : problem.detail}</p>`;
  return html`<section aria-labelledby="samples-title">
    <h2 class="heading" id="samples-title">${messages.samplesLabel}</h2>
    <ul class="samples">
      ${value?.map(
        (sample) => html`<li key=${sample.id}>
          <button type="button" class="sample" onClick=${() => onTake(sample, messages.sampleTaken(sample.title))}>
            <span class="sample-title">${sample.title}</span>
            <span class="sample-by">${[sample.author && messages.sampleBy(sample.author), sample.source].filter(Boolean).join(" · ")}</span>
          </button>
        </li>`,
      )}
    </ul>
  </section>`;
}

function Performance({ engine, music, effects, complaint }) {
  const { value: engines, problem } = useLoaded(api.engines);
  const chosen = engine || engines?.find((one) => one.default)?.name || "";
  return html`<fieldset class="performance">
    <legend class="heading">${messages.optionsLegend}</legend>
    <${Field} label=${messages.engineLabel} name="options.engine" complaint=${complaint} hint=${problem ? messages.engineFailed : null}>
      ${(given) => html`<select ...${given} value=${chosen} onChange=${(event) => write({ engine: event.target.value })}>
        ${!engines && html`<option value="">${messages.engineDefault}</option>`}
        ${engines?.map(
          (one) => html`<option key=${one.name} value=${one.name}>${one.name} (${messages.engineVoices(one.voices.length)})</option>`,
        )}
      </select>`}
    <//>
    <label class="tick">
      <input type="checkbox" name="options.music" checked=${music} onChange=${(event) => write({ music: event.target.checked })} />
      ${messages.musicLabel}
    </label>
    <label class="tick">
      <input type="checkbox" name="options.effects" checked=${effects} onChange=${(event) => write({ effects: event.target.checked })} />
      ${messages.effectsLabel}
    </label>
  </fieldset>`;
}
