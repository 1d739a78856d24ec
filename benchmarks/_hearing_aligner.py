"""When each word of a known text is spoken in a sound, told by the sound alone: forced alignment with PocketSphinx's
acoustic model, which shares nothing with the voices.

Long sounds are first cut into pieces of a few seconds, in pauses at which Whisper heard the same words as stand in the
text on both sides. So no time of the engine's enters anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np

from benchmarks._hearing_ear import RATE, Heard, HeardWord, level_db, quietest
from benchmarks._hearing_words import Comparison, SourceWord

LEAST_SECONDS, MOST_SECONDS = 4.0, 40.0
_SURE: Final = 2
"""So many words on both sides of a cut were heard as they are written."""
_SILENCE_DB: Final = -50.0
_FRAME: Final = 0.01


@dataclass(frozen=True, slots=True)
class Piece:
    """Words [first, last) of the text lie in samples [begins, ends)."""

    first: int
    last: int
    begins: int
    ends: int


def pieces(sound: Heard, heard: Sequence[HeardWord], found: Comparison) -> list[Piece]:
    """The sound cut where the text is surely known, every 4 seconds or as soon after as can be."""
    cuts = [(0, 0)]
    for word in range(_SURE, len(found.same) - _SURE):
        before, after = found.heard_as[word - 1], found.heard_as[word]
        if before is None or after is None or after != before + 1:
            continue
        if not all(found.same[word - _SURE : word + _SURE]) or heard[after].begins - cuts[-1][1] / RATE < LEAST_SECONDS:
            continue
        # Whisper's times are a little off on both sides of a pause: search around it, but not into the next word
        low, high = heard[before].ends - 0.15, heard[after].begins + 0.15
        if heard[after].begins - heard[before].ends < 0.1:
            continue
        cut = quietest(sound, round(low * RATE), round(high * RATE))
        if level_db(sound[cut - RATE // 100 : cut + RATE // 100]).max() < _SILENCE_DB:
            cuts.append((word, cut))
    cuts.append((len(found.same), len(sound)))
    return [Piece(a, b, begins, ends) for (a, begins), (b, ends) in pairwise(cuts) if a < b]


class Aligner:
    """PocketSphinx with its US English model. Its times are early by a constant."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        # its search for a better path through the lattice forgets that the text has to be said to its end; silence
        # that is digital zero has no logarithm
        self._decoder: Any = Decoder(lm=None, loglevel="FATAL", bestpath=False, dither=True)
        self._speller = Speller()

    def aligned(self, sound: Heard, words: Sequence[SourceWord]) -> list[tuple[float, float]] | None:
        """When each of `words` begins and ends in `sound`, in seconds; None where no way through it was found."""
        for word in words:
            if self._decoder.lookup_word(word.plain) is None:
                self._decoder.add_word(word.plain, self._speller.phones(word.plain), True)
        self._decoder.set_align_text(" ".join(word.plain for word in words))
        self._decoder.start_utt()
        samples = (np.clip(sound, -1.0, 1.0) * 32767.0).astype("<i2")
        self._decoder.process_raw(samples.tobytes(), full_utt=True)
        self._decoder.end_utt()
        if self._decoder.hyp() is None:
            return None
        times = [
            (segment.start_frame * _FRAME, (segment.end_frame + 1) * _FRAME)
            for segment in self._decoder.seg()
            if not segment.word.startswith(("<", "(", "["))
        ]
        return times if len(times) == len(words) else None


class Speller:
    """Words that the pronouncing dictionary lacks, in its ARPAbet, through an engine's grapheme-to-phoneme rules."""

    _ARPABET: Final = {
        "A": "EY", "I": "AY", "O": "OW", "W": "AW", "Y": "OY", "Q": "OW",
        "ʤ": "JH", "ʧ": "CH", "ʃ": "SH", "ʒ": "ZH", "ð": "DH", "θ": "TH", "ŋ": "NG", "ɹ": "R", "ɾ": "D", "T": "D",
        "j": "Y", "b": "B", "d": "D", "f": "F", "h": "HH", "k": "K", "l": "L", "m": "M", "n": "N", "p": "P",
        "s": "S", "t": "T", "v": "V", "w": "W", "z": "Z", "ɡ": "G", "g": "G", "ʔ": "T",
        "æ": "AE", "ɑ": "AA", "ɔ": "AO", "ə": "AH", "ᵊ": "AH", "ʌ": "AH", "ɛ": "EH", "ɜ": "ER", "ɪ": "IH", "ᵻ": "IH",
        "i": "IY", "u": "UW", "ʊ": "UH", "ɒ": "AA", "a": "AE", "e": "EY", "o": "OW", "ɐ": "AH",
    }  # fmt: skip

    def __init__(self) -> None:
        from hibari.g2p import G2P

        self._g2p: Any = G2P(british=False)

    def phones(self, word: str) -> str:
        tokens = self._g2p.phonemize_tokens(self._g2p.tokenize(word))
        phones = [
            self._ARPABET[symbol] for token in tokens for symbol in token.phonemes or "" if symbol in self._ARPABET
        ]
        return " ".join(phones) or "AH"
