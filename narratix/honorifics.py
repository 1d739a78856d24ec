"""Honorifics and ranks as they are written short before a name: the full stop behind one ends no sentence."""

from __future__ import annotations

from typing import Final

HONORIFICS: Final = (
    "Mr", "Mrs", "Ms", "Messrs", "Mme", "Mlle", "Dr", "Prof", "St", "Rev", "Hon", "Capt", "Col", "Gen", "Lt", "Sgt", "Maj",
)  # fmt: skip
NOT_HONORIFICS: Final = "".join(rf"(?<!\b{short}\.)" for short in HONORIFICS)
"""In a pattern, behind a full stop: it is none of theirs."""
