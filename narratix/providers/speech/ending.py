"""What the adapters of services that end have in common: their last days, what their errors mean, and guessed times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from narratix.ports import ProviderError, SpokenWord
from narratix.providers.http import OutOfService, Reply
from narratix.providers.speech.words import SourceWord

ENDS: Final[Mapping[str, date]] = {"openai": date(2027, 1, 6), "hume": date(2026, 11, 13)}
"""The first day on which the vendor's own service is no more."""

_PAUSES: Final = {".": 5, "!": 5, "?": 5, "…": 5, ":": 4, ";": 4, "—": 3, ",": 3}
"""How long the pause after a mark is, in letters."""


def check_not_over(name: str, vendor: str, today: date) -> None:
    """Raises OutOfService where the service is no more."""
    if today >= ENDS[name]:
        raise OutOfService(f"{vendor}'s speech ended on {ENDS[name]}; choose other voices (NARRATIX_SPEECH).")


def problem_of(reply: Reply, vendor: str, key: str) -> ProviderError:
    """What a status other than 200 means: wait, try again, or give up and say what to do. `key` is the setting's name."""
    match reply.status:
        case 401 | 403:
            return OutOfService(f"{vendor} does not accept the key; set {key} anew.")
        case 402:
            return OutOfService(f"{vendor} wants to be paid first.")
        case 429 if b"insufficient_quota" in reply.body:
            return OutOfService(f"{vendor}'s account has no credit left.")
        case 404 | 410:
            return ProviderError(f"{vendor} does not know what was asked for.", permanent=True)
        case 408 | 409 | 425 | 429:
            return ProviderError(f"{vendor} is busy.", retry_after=reply.retry_after)
        case status if status >= 500:
            return ProviderError(f"{vendor} has a fault of its own (status {status}).", retry_after=reply.retry_after)
        case status:
            return ProviderError(f"{vendor} does not accept the call (status {status}).", permanent=True)


def spread(text: str, words: Sequence[SourceWord], seconds: float) -> tuple[SpokenWord, ...]:
    """Guessed times, where a vendor tells none: every letter takes as long as another, and marks are pauses."""
    marks: list[tuple[float, float]] = []
    at = 0.0
    for word in words:
        written = text[word.start : word.end]
        letters = max(1, sum(map(str.isalnum, written)))
        marks.append((at, at + letters))
        at += letters + 1 + max((_PAUSES.get(mark, 0) for mark in written.rstrip("”\"'’)")[-1:]), default=0)
    scale = seconds / marks[-1][1] if marks else 0.0
    return tuple(
        SpokenWord(word.start, word.end, round(begins * scale, 3), round(ends * scale, 3))
        for word, (begins, ends) in zip(words, marks, strict=True)
    )
