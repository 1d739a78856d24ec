"""What the doctor's checks come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "broken"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: what was found, and what to do where it is not in order."""

    name: str
    state: State
    found: str
    advice: str = ""


class Wanting(Exception):
    """A part is not in order."""

    def __init__(self, found: str, advice: str, state: State = "broken") -> None:
        super().__init__(found)
        self.advice = advice
        self.state: State = state
