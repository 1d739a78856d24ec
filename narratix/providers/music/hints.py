"""Words of a prompt that change the instruments: an instrument by its name, a scene by what it suggests."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from narratix.providers.music import characters as gm
from narratix.providers.music.characters import Character

HINTS: Mapping[str, Mapping[str, Any]] = {
    # instruments
    "harp": {"figure": (gm.HARP,)},
    "piano": {"figure": (gm.PIANO,)},
    "guitar": {"figure": (gm.GUITAR,)},
    "lute": {"figure": (gm.GUITAR,)},
    "flute": {"melody": (gm.FLUTE,)},
    "oboe": {"melody": (gm.OBOE,)},
    "clarinet": {"melody": (gm.CLARINET,)},
    "violin": {"melody": (gm.VIOLIN,)},
    "fiddle": {"melody": (gm.FIDDLE,)},
    "cello": {"melody": (gm.CELLO,)},
    "horn": {"melody": (gm.HORNS,)},
    "trumpet": {"melody": (gm.TRUMPET,)},
    "strings": {"pad": (gm.SLOW_STRINGS,)},
    "choir": {"pad": (gm.CHOIR,)},
    "voices": {"pad": (gm.OOHS,)},
    "organ": {"pad": (gm.CHURCH_ORGAN,)},
    "accordion": {"pad": (gm.ACCORDION,)},
    "brass": {"pad": (gm.BRASS,)},
    "bells": {"figure": (gm.TUBULAR_BELLS,), "figures": ("sparse",)},
    "celesta": {"figure": (gm.CELESTA,)},
    "music box": {"melody": (gm.MUSIC_BOX,)},
    "vibraphone": {"figure": (gm.VIBRAPHONE,)},
    "dulcimer": {"figure": (gm.DULCIMER,)},
    "koto": {"figure": (gm.KOTO,)},
    "bagpipes": {"melody": (gm.BAGPIPE,)},
    "drums": {"drums": ("taiko",)},
    "timpani": {"drums": ("timpani",)},
    # scenes
    "winter": {"figure": (gm.CELESTA,)},
    "snow": {"figure": (gm.CELESTA,)},
    "frost": {"figure": (gm.GLOCKENSPIEL,), "figures": ("sparse",)},
    "christmas": {"figure": (gm.CELESTA,), "pad": (gm.CHOIR,)},
    "church": {"pad": (gm.CHURCH_ORGAN,)},
    "cathedral": {"pad": (gm.CHURCH_ORGAN,), "reverberation": 4.0},
    "cave": {"reverberation": 4.0},
    "battle": {"drums": ("taiko",), "melody": (gm.HORNS,), "pad": (gm.BRASS,)},
    "war": {"drums": ("taiko",), "melody": (gm.TRUMPET,)},
    "march": {"drums": ("timpani",), "melody": (gm.TRUMPET,)},
    "sea": {"figure": (gm.HARP,), "figures": ("rising",)},
    "river": {"figure": (gm.HARP,), "figures": ("rising",)},
    "ship": {"melody": (gm.FIDDLE,), "pad": (gm.ACCORDION,)},
    "tavern": {"melody": (gm.FIDDLE,), "pad": (gm.ACCORDION,), "figure": (gm.GUITAR,)},
    "village": {"melody": (gm.RECORDER,), "figure": (gm.GUITAR,)},
    "castle": {"melody": (gm.RECORDER,), "figure": (gm.HARP,)},
    "forest": {"melody": (gm.FLUTE,), "figure": (gm.HARP,)},
    "shepherd": {"melody": (gm.PAN_FLUTE,)},
    "mountain": {"melody": (gm.HORNS,)},
    "desert": {"melody": (gm.ENGLISH_HORN,), "figure": (gm.DULCIMER,)},
    "child": {"melody": (gm.MUSIC_BOX,)},
    "lullaby": {"melody": (gm.MUSIC_BOX,)},
    "toy": {"melody": (gm.MUSIC_BOX,)},
    "ghost": {"pad": (gm.OOHS,), "melody": (gm.BOWED_GLASS,)},
    "night": {"figure": (gm.VIBRAPHONE,)},
    "space": {"pad": (gm.HALO_PAD,), "reverberation": 4.0},
    "solo": {"drums": ()},
}


def follow(prompt: str, character: Character) -> Character:
    """The character with every hint of `prompt` applied; of two for one part, the first in the prompt counts."""
    text = prompt.casefold()
    places = [(match.start(), hint) for hint in HINTS if (match := re.search(rf"\b{hint}(?:s|es)?\b", text))]
    changes: dict[str, Any] = {}
    for _, hint in sorted(places):
        changes = {**HINTS[hint], **changes}
    return dataclasses.replace(character, **changes)
