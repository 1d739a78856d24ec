"""How words are to be pronounced: a lexicon of respellings ("her-MY-oh-nee", "Chumley") and of /IPA/."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from narratix.script.ipa import unknown_symbols
from narratix.script.respelling import ipa_of

Pronunciations = Mapping[str, str]
"""A word, casefolded, to a respelling, or to its pronunciation in IPA between slashes."""

MOST: Final = 200
LONGEST_WORD: Final = 40
LONGEST: Final = 80
WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
"""A word as a lexicon has it: also a member of a compound, and with an apostrophe inside."""

_COMPOUND: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_KEY: Final = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_RESPELLING: Final = re.compile(r"[^\W\d_]+(?:[ '-][^\W\d_]+)*")


class BadPronunciation(ValueError):
    """A pronunciation that nobody can say. Its text is a sentence for people."""


def key(word: str) -> str:
    """A word as lexicons have it."""
    return word.replace("’", "'").casefold()


def checked(word: str, said: str) -> tuple[str, str]:
    """An entry of a lexicon, tidied. Raises BadPronunciation."""
    name, said = key(word.strip()), " ".join(said.split())
    if not _KEY.fullmatch(name) or len(name) > LONGEST_WORD:
        raise BadPronunciation(
            f"{word!r} is no single word of at most {LONGEST_WORD} characters; name one word at a time."
        )
    if len(said) > LONGEST:
        raise BadPronunciation(f"The pronunciation of {word!r} is longer than {LONGEST} characters.")
    if said.startswith("/") or said.endswith("/"):
        ipa = said[1:-1].strip()
        if len(said) < 3 or not (said.startswith("/") and said.endswith("/")) or "/" in ipa:
            raise BadPronunciation(
                f"The pronunciation {said!r} of {word!r} should stand between two slashes, as in /ˈænə/."
            )
        if strange := unknown_symbols(ipa.replace(" ", "")):
            listed = ", ".join(f"{symbol!r} (U+{ord(symbol):04X})" for symbol in strange)
            raise BadPronunciation(
                f"The pronunciation {said!r} of {word!r} has a symbol that is not English IPA: {listed}."
            )
        if not any(unicodedata.category(symbol) in ("Ll", "Lu") for symbol in ipa):
            raise BadPronunciation(f"The pronunciation {said!r} of {word!r} has no sound in it.")
        return name, f"/{ipa.replace(' ', '')}/"
    if not _RESPELLING.fullmatch(said):
        raise BadPronunciation(
            f"The pronunciation {said!r} of {word!r} should be a respelling in letters and hyphens, as in her-MY-oh-nee, "
            "or IPA between slashes, as in /ˈænə/."
        )
    return name, said


def in_text(text: str, pronunciations: Pronunciations) -> dict[str, str]:
    """The entries whose word stands in the text, in the order of the alphabet."""
    if not pronunciations:
        return {}
    found = {key(run) for run in _COMPOUND.findall(text)}
    for run in tuple(found):
        found |= {key(match.group()) for match in WORD.finditer(run)}
    found |= {each.removesuffix("'s") for each in found}
    return {word: pronunciations[word] for word in sorted(found & pronunciations.keys())}


def spoken_form(said: str) -> str:
    """An entry as `normalise` writes what is said: /IPA/ where it tells the sounds, else words to be read."""
    if said.startswith("/"):
        return said
    ipa = ipa_of(said)
    return f"/{ipa}/" if ipa is not None else said.replace("-", "").casefold()
