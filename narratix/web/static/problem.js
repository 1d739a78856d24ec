/** Errors of the service (RFC 9457), and the lack of an answer, as one kind of error with a sentence for people. */

export class Problem extends Error {
  constructor({ status = 0, title = "", detail = "", errors = [], retryAfter = null }) {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.detail = detail || title;
    this.errors = errors;
    this.retryAfter = retryAfter;
    /** Whether it is likely to pass by itself: no answer at all, or one that says "not now". */
    this.passing = status === 0 || status === 502 || status === 503 || status === 504;
  }
}

export async function problemOf(answer) {
  const told = answer.headers.get("content-type")?.includes("json") ? await answer.json().catch(() => null) : null;
  const seconds = Number.parseFloat(answer.headers.get("retry-after"));
  return new Problem({
    status: answer.status,
    title: told?.title ?? "",
    detail: told?.detail ?? told?.title ?? `The service answered ${answer.status} without saying why.`,
    errors: Array.isArray(told?.errors) ? told.errors : [],
    retryAfter: Number.isFinite(seconds) ? seconds : null,
  });
}
