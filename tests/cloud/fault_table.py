"""What happens when a vendor fails, line by line. `test_fault_table.py` proves every line and that docs/faults.md is this
table: `python -m tests.cloud.fault_table` writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from tests.cloud.elevenlabs_standin import Fault as SpeechFault
from tests.language.claude_standin import Fault as ClaudeFault

Service = Literal["Claude", "Claude's labels", "ElevenLabs", "Replicate", "Replicate's webhook"]

PAGE: Final = Path(__file__).parents[2] / "docs" / "faults.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`fault` persists; `inject` is how the stand-in brings it about. `asks`: how often the vendor is asked before somebody
    else does the work. `failures`: how many attempts of the stage go on record as failed meanwhile, the first with the
    reason `said`; where that is none, `said` is what the script's notes, or the log, say. `wait`: seconds that the vendor
    asked for, which the next attempt keeps."""

    service: Service
    fault: str
    inject: Any
    asks: int
    failures: int
    then: str
    said: str
    wait: float | None = None
    paid: str = "nothing"

    @property
    def passes(self) -> bool:
        return self.failures > 1

    @property
    def retried(self) -> str:
        if self.asks <= 1:
            return "no"
        if self.service == "Claude's labels":
            return f"in halves, down to eighths: {self.asks} questions for five lines"
        kept = f", after {self.wait:g} s or more" if self.wait else ""
        return f"yes, {self.asks} times in all{kept}"


def _claude(
    fault: str, inject: ClaudeFault, said: str, *, lasts: bool = False, wait: float | None = None, paid: str = "nothing"
) -> Row:
    return Row(
        service="Claude",
        fault=fault,
        inject=inject,
        asks=1 if lasts else 3,
        failures=0 if lasts else 2,
        then="the rules read the story",
        said=said,
        wait=wait,
        paid=paid,
    )


def _labels(fault: str, inject: Callable[[Any], Any] | str, said: str, asks: int, then: str = "") -> Row:
    return Row(
        service="Claude's labels",
        fault=fault,
        inject=inject,
        asks=asks,
        failures=0,
        then=then or "the rules label the lines that are left, which the script's notes name",
        said=said,
        paid="each answer once; a repeated attempt finds them kept",
    )


def _speech(
    fault: str, inject: SpeechFault, said: str, *, lasts: bool = False, wait: float | None = None, paid: str = "nothing"
) -> Row:
    return Row(
        service="ElevenLabs",
        fault=fault,
        inject=inject,
        asks=1 if lasts else 3,
        failures=1 if lasts else 3,
        then="the local engine speaks on",
        said=said,
        wait=wait,
        paid=paid,
    )


def _replicate(
    fault: str,
    inject: int | str,
    said: str,
    *,
    lasts: bool = False,
    wait: float | None = None,
    paid: str = "nothing",
) -> Row:
    return Row(
        service="Replicate",
        fault=fault,
        inject=inject,
        asks=1 if lasts else 3,
        failures=0 if lasts else 2,
        then="the local engine composes",
        said=said,
        wait=wait,
        paid=paid,
    )


TESTED_SECONDS: Final = "0.4 seconds"
"""How long the tests wait for a slow vendor. Outside them it is longer, and said so."""

SHAPE: Final = "in a shape that its API does not have."
USELESS: Final = "each answer, though it was of no use"
COMPUTED: Final = "each computation, though it was of no use"

ROWS: Final[Sequence[Row]] = (
    _claude("401 wrong key", ClaudeFault(401, "authentication_error"), "Claude does not know this API key; set ANTHROPIC_API_KEY anew.", lasts=True),
    _claude("402 no credit", ClaudeFault(402, "billing_error"), "Claude's account has no credit left.", lasts=True),
    _claude("403 not allowed", ClaudeFault(403, "permission_error"), "Claude's account may not use this model.", lasts=True),
    _claude("404 no such model", ClaudeFault(404, "not_found_error"), "Claude has no model of this name any more; set NARRATIX_CLAUDE_MODEL.", lasts=True),
    _claude("408 timed out there", ClaudeFault(408, "timeout_error"), "Claude did not take the question in time."),
    _claude("413 too large", ClaudeFault(413, "request_too_large"), "The question was too large for Claude.", lasts=True),
    _claude("422 not accepted", ClaudeFault(422, "invalid_request_error"), "Claude does not accept the question (status 422).", lasts=True),
    _claude("429 too many at once", ClaudeFault(429, "rate_limit_error", headers={"retry-after": "7"}), "Claude has had too many questions for the moment.", wait=7),
    _claude("429 spend limit", ClaudeFault(429, "rate_limit_error", code="enforced_spend_limit_reached"), "The spend limit of Claude's account is reached.", lasts=True),
    _claude("500", ClaudeFault(500, "api_error"), "Claude has a fault of its own (status 500)."),
    _claude("503", ClaudeFault(503, "api_error", headers={"retry-after": "3"}), "Claude has a fault of its own (status 503).", wait=3),
    _claude("529 overloaded", ClaudeFault(529, "overloaded_error"), "Claude is overloaded."),
    _claude("slow", ClaudeFault(how="stall"), "Claude did not answer within 0.4 seconds."),
    _claude("cut mid-body", ClaudeFault(how="cut"), "Claude cannot be reached.", paid="unknown: the vendor counts it or not"),
    _claude("malformed JSON", ClaudeFault(how="garbage"), "Claude's answer broke off (JSONDecodeError)."),
    _claude("a message of another shape", ClaudeFault(how="missing"), f"Claude answered {SHAPE}"),
    _labels("wrong schema", lambda labels: [{key: value for key, value in one.items() if key != "speaker"} for one in labels], "the labels do not fit their schema", 9),
    _labels("malformed JSON", "garbled", "the labels do not fit their schema", 9),
    _labels("missing ids", lambda labels: labels[1:], "lines were left out", 9),
    _labels("duplicated ids", lambda labels: [*labels, labels[0]], "a line was labelled twice", 9),
    _labels("unknown speaker", lambda labels: [{**one, "speaker": "p99"} for one in labels], "was given to 'p99', who is not in the cast", 9),
    _labels("max_tokens", "max_tokens", "the answer was cut off at its longest", 9),
    _labels("refusal", "refusal", "the model refused them (general_harms)", 9),
    _labels("text against the policy", "policy", "It urges violence.", 0, "nobody: the job fails and says why"),
    _speech("401 wrong key", SpeechFault(401, {"status": "invalid_api_key", "message": "Invalid API key"}), "ElevenLabs refuses for good: Invalid API key", lasts=True),
    _speech("401 quota exceeded", SpeechFault(401, {"status": "quota_exceeded", "message": "You have 3 credits left."}), "ElevenLabs refuses for good: You have 3 credits left.", lasts=True),
    _speech("402 not paid", SpeechFault(402, "pay"), "ElevenLabs wants to be paid first.", lasts=True),
    _speech("403 not allowed", SpeechFault(403, {"status": "forbidden", "message": "no"}), "ElevenLabs does not accept the key; set ELEVENLABS_API_KEY anew.", lasts=True),
    _speech("404 voice is gone", SpeechFault(404, {"status": "voice_not_found", "message": "A voice was not found."}), "ElevenLabs does not know what was asked for: A voice was not found.", lasts=True),
    _speech("408 timed out there", SpeechFault(408, "timeout"), "ElevenLabs is busy."),
    _speech("422 not accepted", SpeechFault(422, [{"loc": ["body", "text"], "msg": "too long"}]), "ElevenLabs does not accept the call (status 422): body.text: too long", lasts=True),
    _speech("429 system busy", SpeechFault(429, {"status": "system_busy", "message": "busy"}, {"Retry-After": "2"}), "ElevenLabs is busy.", wait=2),
    Row(
        service="ElevenLabs",
        fault="429 too many at once",
        inject=SpeechFault(429, {"status": "too_many_concurrent_requests", "message": "Too many."}),
        asks=90,
        failures=3,
        then="the local engine speaks on",
        said="ElevenLabs has more calls at once than its plan allows.",
    ),
    _speech("500", SpeechFault(500, "oops"), "ElevenLabs has a fault of its own (status 500)."),
    _speech("503", SpeechFault(503, "oops", {"retry-after": "9"}), "ElevenLabs has a fault of its own (status 503).", wait=9),
    _speech("529 overloaded", SpeechFault(529, "oops"), "ElevenLabs has a fault of its own (status 529)."),
    _speech("slow", SpeechFault(how="stall"), "ElevenLabs did not answer within 0.4 seconds."),
    _speech("cut mid-body", SpeechFault(how="cut"), "ElevenLabs cannot be reached, or broke off.", paid="unknown: the vendor counts it or not"),
    _speech("malformed JSON", SpeechFault(how="garbage"), f"ElevenLabs answered {SHAPE}"),
    _speech("wrong schema", SpeechFault(how="other shape"), f"ElevenLabs answered {SHAPE}"),
    _speech("empty audio", SpeechFault(how="empty"), "ElevenLabs sent an empty sound.", paid=USELESS),
    _speech("truncated audio", SpeechFault(how="short"), "ElevenLabs sent a sound that ends before its words do.", paid=USELESS),
    _speech("wrong format", SpeechFault(how="text"), "ElevenLabs sent something that is no sound.", paid=USELESS),
    _speech("timings of another text", SpeechFault(how="other text"), "ElevenLabs timed another text than the one it was given.", paid=USELESS),
    _replicate("401 wrong token", 401, "Replicate does not accept the token; set REPLICATE_API_TOKEN anew.", lasts=True),
    _replicate("402 no credit", 402, "Replicate's account has no credit left.", lasts=True),
    _replicate("403 not allowed", 403, "Replicate does not accept the token; set REPLICATE_API_TOKEN anew.", lasts=True),
    _replicate("404 no such model", 404, "Replicate does not take this; check NARRATIX_REPLICATE_VERSION.", lasts=True),
    _replicate("408 timed out there", 408, "Replicate is busy."),
    _replicate("422 not accepted", 422, "Replicate does not take this; check NARRATIX_REPLICATE_VERSION.", lasts=True),
    _replicate("429 too many at once", 429, "Replicate is busy.", wait=6),
    _replicate("500", 500, "Replicate has a fault of its own (status 500)."),
    _replicate("503", 503, "Replicate has a fault of its own (status 503)."),
    _replicate("529 overloaded", 529, "Replicate has a fault of its own (status 529)."),
    _replicate("slow to answer", "stall", "Replicate did not answer within 0.4 seconds.", paid="unknown: it may have begun"),
    _replicate("cut mid-body", "cut", "Replicate cannot be reached, or broke off.", paid="unknown: it may have begun"),
    _replicate("malformed JSON", "garbage", f"Replicate answered {SHAPE}", paid="unknown: it may have begun"),
    _replicate("wrong schema", "other shape", f"Replicate answered {SHAPE}", paid="unknown: it may have begun"),
    _replicate("the prediction fails", "failed", "Replicate could not do it: out of memory."),
    _replicate("no output", "none", "Replicate finished without an output.", paid=COMPUTED),
    _replicate("expired URL", "expired", "Replicate's output has expired before it was fetched.", paid=COMPUTED),
    _replicate("output at an insecure address", "foreign", "Replicate's output lies at an address that is not secure.", lasts=True, paid=COMPUTED),
    _replicate("empty audio", "empty", "Replicate sent an empty sound.", paid=COMPUTED),
    _replicate("truncated audio", "truncated", "Replicate sent something that is no sound.", paid=COMPUTED),
    _replicate("wrong format", "text", "Replicate sent something that is no sound.", paid=COMPUTED),
    Row(service="Replicate's webhook", fault="missed", inject="missed", asks=1, failures=0, then="a poll finds the end of the prediction", said="", paid="the prediction, once"),
    Row(service="Replicate's webhook", fault="forged", inject="forged", asks=1, failures=0, then="it is refused (403); a poll finds the end", said="The signature is not right.", paid="the prediction, once"),
    Row(service="Replicate's webhook", fault="repeated", inject="repeated", asks=1, failures=0, then="the second is refused (409)", said="The message came a second time; it changes nothing.", paid="the prediction, once"),
    Row(service="Replicate's webhook", fault="late", inject="late", asks=1, failures=0, then="it is refused (403); a poll found the end", said="The message is more than 5 minutes old, or from the future.", paid="the prediction, once"),
)  # fmt: skip

HEAD: Final = """# When a vendor fails

Each line is proved by a test (`tests/cloud/test_fault_table.py`) against a stand-in that the vendor's own client talks to
as well; `python -m tests.cloud.fault_table` writes this page from the same table. The fault is taken to last: where it
passes, the next attempt succeeds, and it is the same drama. No line of the text is lost in any of them, and whoever takes
over is named in the events. What is said stands in the job's history as the reason of a failed attempt, or in the script's
notes, or else in the service's log; the status shows the last failed attempt until it is made good, and a notice where
local voices took over. What was made is found by its key when it is wanted again, and not paid a second time; what a
vendor charges for an answer of no use is paid for each time that it was asked.
"""


def _told(row: Row) -> str:
    if row.service == "Claude's labels" and row.asks:
        return f"Lines were given to their speakers by the rules, for review: {row.said}."
    real = "60 seconds" if row.service == "Replicate" else "120 seconds"
    return row.said.replace(TESTED_SECONDS, real) or "nothing"


def page() -> str:
    """docs/faults.md."""
    parts = [HEAD]
    for service in dict.fromkeys(row.service for row in ROWS):
        parts.append(
            f"\n## {service}\n\n| fault | asked again | then | what is said | what it costs |\n|---|---|---|---|---|\n"
        )
        parts += [
            f"| {row.fault} | {row.retried} | {row.then} | {_told(row)} | {row.paid} |\n"
            for row in ROWS
            if row.service == service
        ]
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
