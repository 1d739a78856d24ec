/** A rating and a word about the drama. */

import * as api from "../api.js";
import { messages } from "../messages.js";
import { ProblemNote, html, useState } from "../ui.js";

export function Feedback({ session, state }) {
  const [rating, setRating] = useState(0);
  const [comment, setComment] = useState("");
  const [problem, setProblem] = useState(null);
  const [sent, setSent] = useState(false);

  async function send(event) {
    event.preventDefault();
    if (rating === 0) return setProblem({ detail: messages.ratingMissing });
    try {
      await api.feedback(session.id, comment.trim() ? { rating, comment: comment.trim() } : { rating });
      setProblem(null);
      setSent(true);
    } catch (error) {
      setProblem(error);
    }
    return undefined;
  }

  if (sent || state.rating) {
    return html`<section class="feedback"><h2 class="heading">${messages.feedbackTitle}</h2>
      <p role="status">${messages.feedbackThanks}</p></section>`;
  }
  return html`<form class="feedback" onSubmit=${send}>
    <fieldset>
      <legend class="heading">${messages.feedbackTitle}</legend>
      <div class="stars" role="radiogroup" aria-label=${messages.ratingLabel}>
        ${[1, 2, 3, 4, 5].map(
          (n) => html`<label key=${n} class=${n <= rating ? "is-on" : ""}>
            <input type="radio" name="rating" value=${n} checked=${rating === n} onChange=${() => setRating(n)} />
            <span class="unseen">${messages.stars(n)}</span>
            <svg viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="M12 2.8l2.8 6 6.5.8-4.8 4.5 1.3 6.5L12 17.3l-5.8 3.3 1.3-6.5L2.7 9.6l6.5-.8z" /></svg>
          </label>`,
        )}
      </div>
      <div class="field">
        <label for="feedback-comment">${messages.commentLabel} <span class="muted">(${messages.optional})</span></label>
        <textarea id="feedback-comment" rows="2" maxlength="2000" value=${comment} onInput=${(event) => setComment(event.target.value)}></textarea>
      </div>
      <button class="button button-small" type="submit">${messages.feedbackButton}</button>
    </fieldset>
    <${ProblemNote} problem=${problem} />
  </form>`;
}
