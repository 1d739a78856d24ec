"""The character of each mood: key, pace, chords, instruments and figures.

Instruments are General MIDI programs (0-based). Registers are chosen so that fundamentals stay below
1 kHz: speech is understood from what lies above.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from narratix.providers.music.harmony import Functions
from narratix.providers.music.melody import Voice

PIANO, RHODES, CELESTA, GLOCKENSPIEL, MUSIC_BOX, VIBRAPHONE, MARIMBA = 0, 4, 8, 9, 10, 11, 12
XYLOPHONE, TUBULAR_BELLS, DULCIMER, CHURCH_ORGAN, ACCORDION, GUITAR = 13, 14, 15, 19, 21, 24
ACOUSTIC_BASS, VIOLIN, VIOLA, CELLO, CONTRABASS, TREMOLO, PIZZICATO, HARP, TIMPANI = 32, 40, 41, 42, 43, 44, 45, 46, 47
STRINGS, SLOW_STRINGS, CHOIR, OOHS, TRUMPET, TROMBONE, HORNS, BRASS = 48, 49, 52, 53, 56, 57, 60, 61
OBOE, ENGLISH_HORN, BASSOON, CLARINET, FLUTE, RECORDER, PAN_FLUTE, SHAKUHACHI = 68, 69, 70, 71, 73, 74, 75, 77
OCARINA, WARM_PAD, BOWED_GLASS, HALO_PAD, KALIMBA, FIDDLE, TAIKO, KOTO, BAGPIPE = (
    79,
    89,
    92,
    94,
    108,
    110,
    116,
    107,
    109,
)

PERCUSSION_BANK = 128


@dataclass(frozen=True, slots=True)
class Character:
    """`tempo` is a range in beats per minute; `division` 2 is simple, 3 compound metre. Each instrument list is
    a choice; `figures` and `drums` name textures; `phrase_slots` chords fill four bars; `brightness` is the tilt
    of the mix in dB per octave above 500 Hz; `sustain` multiplies the melody's note lengths."""

    modes: tuple[str, ...]
    tonics: tuple[int, ...]
    tempo: tuple[int, int]
    beats: int
    division: int
    chords: Functions
    phrase_slots: int
    voice: Voice
    melody: tuple[int, ...]
    pad: tuple[int, ...]
    pad_range: tuple[int, int]
    figure: tuple[int, ...]
    figures: tuple[str, ...]
    bass: tuple[int, ...]
    bass_style: tuple[str, ...]
    drums: tuple[str, ...]
    reverberation: float
    brightness: float
    sustain: float = 0.95


CHARACTERS: Mapping[str, Character] = {
    "calm": Character(
        modes=("ionian", "lydian"),
        tonics=(0, 2, 5, 7),
        tempo=(60, 68),
        beats=4,
        division=2,
        chords={"T": ("Iadd9", "vi7", "I", "iii7"), "S": ("IVmaj7", "IVadd9", "ii7"), "D": ("Vsus4", "V", "IVadd9")},
        phrase_slots=4,
        voice=Voice(register=69, liveliness=0.15, leaps=0.15, rests=0.35),
        melody=(FLUTE, CLARINET, PIANO),
        pad=(WARM_PAD, SLOW_STRINGS),
        pad_range=(52, 69),
        figure=(HARP, PIANO, GUITAR),
        figures=("rising", "rolled"),
        bass=(CONTRABASS, CELLO),
        bass_style=("pedal",),
        drums=(),
        reverberation=2.6,
        brightness=-1.5,
    ),
    "tender": Character(
        modes=("ionian",),
        tonics=(5, 7, 10, 3),
        tempo=(66, 74),
        beats=3,
        division=2,
        chords={"T": ("Imaj7", "vi7", "I", "iii7"), "S": ("IVmaj7", "ii7", "iv6"), "D": ("Vsus4", "V7", "V")},
        phrase_slots=4,
        voice=Voice(register=67, liveliness=0.3, leaps=0.25, rests=0.25),
        melody=(CELLO, CLARINET, OBOE),
        pad=(SLOW_STRINGS, WARM_PAD),
        pad_range=(53, 70),
        figure=(PIANO, HARP, GUITAR),
        figures=("rocking", "rising"),
        bass=(CELLO, CONTRABASS),
        bass_style=("pedal",),
        drums=(),
        reverberation=2.2,
        brightness=-1.0,
    ),
    "cheerful": Character(
        modes=("ionian",),
        tonics=(0, 2, 7, 9),
        tempo=(108, 120),
        beats=4,
        division=2,
        chords={"T": ("I", "vi", "I6"), "S": ("IV", "ii", "IVadd9"), "D": ("V", "V7")},
        phrase_slots=4,
        voice=Voice(register=74, liveliness=0.6, leaps=0.35, rests=0.15),
        melody=(CLARINET, FLUTE, FIDDLE, RECORDER),
        pad=(STRINGS, ACCORDION),
        pad_range=(55, 72),
        figure=(GUITAR, PIZZICATO, PIANO),
        figures=("strummed", "off beats"),
        bass=(ACOUSTIC_BASS, PIZZICATO),
        bass_style=("alternate", "walk"),
        drums=("tambourine", "shaker"),
        reverberation=1.3,
        brightness=-0.5,
        sustain=0.8,
    ),
    "playful": Character(
        modes=("lydian", "ionian"),
        tonics=(0, 5, 7, 10),
        tempo=(112, 124),
        beats=4,
        division=3,
        chords={"T": ("I", "vi", "iii"), "S": ("II7", "IV", "ii"), "D": ("V7", "V", "bVII")},
        phrase_slots=4,
        voice=Voice(register=72, liveliness=0.75, leaps=0.5, rests=0.2),
        melody=(BASSOON, XYLOPHONE, CLARINET, MARIMBA),
        pad=(CLARINET, STRINGS),
        pad_range=(54, 71),
        figure=(PIZZICATO, MARIMBA),
        figures=("off beats", "rocking"),
        bass=(PIZZICATO, ACOUSTIC_BASS),
        bass_style=("walk", "alternate"),
        drums=("shaker",),
        reverberation=1.1,
        brightness=-0.3,
        sustain=0.55,
    ),
    "wistful": Character(
        modes=("dorian", "aeolian"),
        tonics=(2, 4, 9, 11),
        tempo=(72, 82),
        beats=3,
        division=2,
        chords={"T": ("i7", "bIIImaj7", "iadd9"), "S": ("IV", "bVImaj7", "iv7"), "D": ("bVII", "v7", "Vsus4")},
        phrase_slots=4,
        voice=Voice(register=69, liveliness=0.35, leaps=0.3, rests=0.25),
        melody=(ENGLISH_HORN, OBOE, VIOLA, CLARINET),
        pad=(SLOW_STRINGS, WARM_PAD),
        pad_range=(52, 69),
        figure=(PIANO, GUITAR, HARP),
        figures=("off beats", "rising"),
        bass=(CELLO, ACOUSTIC_BASS),
        bass_style=("pedal",),
        drums=(),
        reverberation=2.0,
        brightness=-0.5,
    ),
    "sad": Character(
        modes=("aeolian", "harmonic minor"),
        tonics=(0, 2, 7, 9),
        tempo=(52, 60),
        beats=4,
        division=2,
        chords={"T": ("i", "bVI", "bIII"), "S": ("iv7", "bVImaj7", "iv"), "D": ("v", "Vsus4", "V")},
        phrase_slots=4,
        voice=Voice(register=64, liveliness=0.25, leaps=0.2, rests=0.25),
        melody=(CELLO, VIOLA, ENGLISH_HORN),
        pad=(SLOW_STRINGS,),
        pad_range=(50, 67),
        figure=(PIANO, HARP),
        figures=("rocking", "rolled"),
        bass=(CONTRABASS, CELLO),
        bass_style=("pedal",),
        drums=(),
        reverberation=2.6,
        brightness=-2.0,
    ),
    "tense": Character(
        modes=("phrygian", "harmonic minor"),
        tonics=(0, 2, 4),
        tempo=(100, 112),
        beats=4,
        division=2,
        chords={"T": ("i", "i6", "bVI"), "S": ("bII", "iv", "bvii"), "D": ("v", "V", "bII")},
        phrase_slots=2,
        voice=Voice(register=60, liveliness=0.3, leaps=0.1, rests=0.5),
        melody=(VIOLA, HORNS, BASSOON),
        pad=(TREMOLO, STRINGS),
        pad_range=(48, 65),
        figure=(STRINGS, PIZZICATO),
        figures=("ostinato",),
        bass=(CONTRABASS, CELLO),
        bass_style=("pulse",),
        drums=("heartbeat", "timpani"),
        reverberation=1.5,
        brightness=-0.5,
        sustain=0.85,
    ),
    "eerie": Character(
        modes=("harmonic minor",),
        tonics=(1, 4, 6, 11),
        tempo=(50, 58),
        beats=4,
        division=2,
        chords={"T": ("i", "imaj7", "bvi"), "S": ("#iv°", "iv", "bii"), "D": ("V+", "vii°7", "bvi")},
        phrase_slots=4,
        voice=Voice(register=76, liveliness=0.2, leaps=0.6, rests=0.5),
        melody=(MUSIC_BOX, CELESTA, BOWED_GLASS),
        pad=(HALO_PAD, OOHS, BOWED_GLASS),
        pad_range=(51, 68),
        figure=(CELESTA, VIBRAPHONE, HARP),
        figures=("sparse",),
        bass=(CONTRABASS, WARM_PAD),
        bass_style=("pedal",),
        drums=(),
        reverberation=3.4,
        brightness=0.0,
    ),
    "dark": Character(
        modes=("phrygian", "aeolian"),
        tonics=(0, 1, 2, 9),
        tempo=(54, 62),
        beats=4,
        division=2,
        chords={"T": ("i", "bVI", "i6"), "S": ("bII", "iv", "bvi"), "D": ("v", "bvii", "bII")},
        phrase_slots=4,
        voice=Voice(register=53, liveliness=0.15, leaps=0.15, rests=0.4),
        melody=(TROMBONE, BASSOON, CELLO),
        pad=(OOHS, SLOW_STRINGS, HORNS),
        pad_range=(43, 60),
        figure=(TREMOLO, CELLO),
        figures=("rolled",),
        bass=(CONTRABASS,),
        bass_style=("pedal",),
        drums=("taiko", "heartbeat"),
        reverberation=3.0,
        brightness=-3.0,
    ),
    "grand": Character(
        modes=("mixolydian", "ionian"),
        tonics=(0, 2, 3, 10),
        tempo=(78, 88),
        beats=4,
        division=2,
        chords={"T": ("I", "vi", "bVI"), "S": ("IV", "ii", "bVII"), "D": ("Vsus4", "V", "bVII")},
        phrase_slots=4,
        voice=Voice(register=65, liveliness=0.35, leaps=0.45, rests=0.15),
        melody=(HORNS, TRUMPET, STRINGS),
        pad=(STRINGS, CHOIR),
        pad_range=(50, 69),
        figure=(STRINGS, HARP),
        figures=("rising", "ostinato"),
        bass=(CONTRABASS, TROMBONE),
        bass_style=("pedal", "alternate"),
        drums=("timpani",),
        reverberation=2.8,
        brightness=-0.3,
    ),
    "adventurous": Character(
        modes=("mixolydian", "dorian"),
        tonics=(2, 4, 7, 9),
        tempo=(124, 136),
        beats=4,
        division=2,
        chords={"T": ("I", "vi", "Isus2"), "S": ("bVII", "IV", "ii"), "D": ("Vsus4", "bVII", "V")},
        phrase_slots=4,
        voice=Voice(register=67, liveliness=0.5, leaps=0.5, rests=0.2),
        melody=(HORNS, TRUMPET, VIOLIN),
        pad=(STRINGS, BRASS),
        pad_range=(52, 69),
        figure=(STRINGS, PIZZICATO),
        figures=("ostinato", "rocking"),
        bass=(CONTRABASS, TROMBONE),
        bass_style=("pulse",),
        drums=("taiko", "timpani"),
        reverberation=1.8,
        brightness=0.3,
        sustain=0.9,
    ),
    "mysterious": Character(
        modes=("dorian", "aeolian"),
        tonics=(1, 4, 6, 9),
        tempo=(66, 76),
        beats=4,
        division=2,
        chords={"T": ("i", "iadd9", "bVImaj7"), "S": ("IV", "bII", "#iv°"), "D": ("bVII", "ii", "v7")},
        phrase_slots=4,
        voice=Voice(register=69, liveliness=0.35, leaps=0.35, rests=0.4),
        melody=(FLUTE, SHAKUHACHI, CLARINET),
        pad=(OOHS, WARM_PAD),
        pad_range=(50, 67),
        figure=(HARP, VIBRAPHONE, CELESTA),
        figures=("rising", "sparse"),
        bass=(CONTRABASS, BASSOON),
        bass_style=("pedal",),
        drums=(),
        reverberation=3.0,
        brightness=-0.5,
    ),
}
