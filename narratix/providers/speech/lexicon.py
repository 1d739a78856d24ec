"""Words that are pronounced by a lexicon: the one that comes with Narratix, an installation's own, and a job's."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

from narratix.script.ipa import to_symbols
from narratix.script.pronunciations import WORD as _WORD
from narratix.script.pronunciations import BadPronunciation, Pronunciations, checked, key, spoken_form

_SIBILANTS: Final = tuple("szʃʒ")
_VOICELESS: Final = tuple("ptkfθ")
_SPELLINGS: Final = {
    "A": "ay", "I": "y", "O": "oh", "W": "ow", "Y": "oy", "i": "ee", "u": "oo", "ɑ": "ah", "ɔ": "aw", "æ": "a", "ɛ": "e",
    "ɪ": "i", "ʊ": "oo", "ʌ": "uh", "ə": "uh", "ɜ": "u", "ɐ": "uh", "ᵊ": "", "ᵻ": "i", "ɹ": "r", "ʃ": "sh", "ʒ": "zh", "ʧ": "ch",
    "ʤ": "j", "θ": "th", "ð": "th", "ŋ": "ng", "j": "y", "ɡ": "g", "x": "kh", "T": "t",
}  # fmt: skip


def pronounced(core: str, pronunciations: Pronunciations) -> str | None:
    """What is said for a word without its marks, also in the possessive and within a compound; None where no entry
    is of it."""
    word = key(core)
    if word in pronunciations:
        return spoken_form(pronunciations[word])
    bare = word.removesuffix("'s")
    if bare != word and bare in pronunciations:
        return _possessive(spoken_form(pronunciations[bare]))
    members = _WORD.findall(core)
    if len(members) < 2 or not any(key(each) in pronunciations for each in members):
        return None
    return " ".join(pronounced(each, pronunciations) or each for each in members)


def _possessive(said: str) -> str:
    if not said.startswith("/"):
        return f"{said}'s"
    ipa = said[:-1]
    if ipa.endswith(_SIBILANTS):
        return f"{ipa}ɪz/"
    return f"{ipa}{'s' if ipa.endswith(_VOICELESS) else 'z'}/"


def respelled(text: str, pronunciations: Pronunciations) -> tuple[str, list[int]]:
    """The text with the lexicon's words in a spelling that sounds like them, for a voice that knows no IPA, and where
    in it each character of the text, and its end, has come to lie."""
    out = ""
    at: list[int] = []
    last = 0
    for match in _WORD.finditer(text):
        word = key(match.group())
        bare = word if word in pronunciations else word.removesuffix("'s")
        if bare in pronunciations:
            out, at = out + text[last : match.start()], at + [len(out) + n for n in range(match.start() - last)]
            at += [len(out)] * (match.end() - match.start())
            out += _spelling(pronunciations[bare]) + ("'s" if bare != word else "")
            last = match.end()
    return out + text[last:], at + [len(out) + n for n in range(len(text) - last + 1)]


def _spelling(said: str) -> str:
    if not said.startswith("/"):
        return said.replace("-", "").lower() if said.upper() != said else said.replace("-", "").capitalize()
    symbols = to_symbols(said.strip("/"), british=False)
    return "".join(
        _SPELLINGS.get(symbol, symbol if symbol.isascii() and symbol.isalpha() else "") for symbol in symbols
    )


def global_pronunciations(own: Path | None = None) -> Mapping[str, str]:
    """The entries that hold in every drama: those of this folder's pronunciations.toml, and over them those of the
    file `own`. Raises BadPronunciation, naming the file."""
    built_in = (files(__package__) / "pronunciations.toml").read_text(encoding="utf-8")
    entries = _read(built_in, "pronunciations.toml")
    if own is None:
        return entries
    try:
        written = own.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadPronunciation(f"The file of pronunciations {own} cannot be read: {problem}.") from problem
    return entries | _read(written, str(own))


def _read(written: str, name: str) -> dict[str, str]:
    try:
        entries = tomllib.loads(written)
    except tomllib.TOMLDecodeError as problem:
        raise BadPronunciation(f"The file of pronunciations {name} is no TOML: {problem}.") from problem
    out: dict[str, str] = {}
    for word, said in entries.items():
        if not isinstance(said, str):
            raise BadPronunciation(
                f'{name}: the pronunciation of {word!r} should be a string, as in {word} = "/ˈænə/".'
            )
        try:
            tidy, form = checked(word, re.sub(r"\s+", " ", said))
        except BadPronunciation as problem:
            raise BadPronunciation(f"{name}: {problem}") from problem
        out[tidy] = form
    return out
