/** The order of work with real counts, and what went wrong on the way. */

import { itemName, stages } from "../fold.js";
import { messages, stageNames } from "../messages.js";
import { classes, html } from "../ui.js";

export function Stages({ state }) {
  return html`<section class="stages" aria-labelledby="stages-title">
    <h2 id="stages-title" class="heading">${messages.stagesTitle}</h2>
    <ol>
      ${stages(state).map((stage) => html`<${Stage} key=${stage.name} stage=${stage} troubles=${state.troubles} />`)}
    </ol>
  </section>`;
}

function Stage({ stage, troubles }) {
  const own = troubles.filter((trouble) => trouble.stage === stage.name);
  return html`<li class=${classes("stage", `is-${stage.state}`)} aria-current=${stage.state === "now" ? "step" : undefined}>
    <span class="stage-mark" aria-hidden="true"></span>
    <span class="stage-name">${stageNames[stage.name] ?? stage.name}</span>
    <span class="leader" aria-hidden="true"></span>
    <span class="stage-count">
      ${stage.total !== 1 && stage.total !== 0 && (stage.total !== null || stage.done > 0) && messages.count(stage.done, stage.total)}
      <span class=${stage.total === 1 || stage.total === 0 ? "" : "unseen"}>
        ${stage.state === "open" && stage.total === 1 ? html`<span class="unseen">${messages.stageStates.open}</span>` : messages.stageStates[stage.state]}
      </span>
    </span>
    ${own.slice(-3).map(
      (trouble) => html`<p class="trouble" key=${trouble.item}>
        ${trouble.stage === "speak_line" && `${messages.lineNumber(itemNumber(trouble.item))} `}
        <strong>${trouble.retryIn === null ? messages.attemptsOver(trouble.attempt) : messages.attempt(trouble.attempt, trouble.attempts)}</strong>
        ${" "}${messages.attemptReason(trouble.attempt, trouble.retryIn === null ? 0 : trouble.attempts, trouble.reason)}
      </p>`,
    )}
  </li>`;
}

/** Lines are numbered from 1 for people. */
const itemNumber = (item) => Number(itemName(item)) + 1;
