"""Composing: what is written is music, of its mood, and the same for the same arguments."""

from __future__ import annotations

import itertools
import statistics

import pytest

from narratix.ports import SAMPLE_RATE
from narratix.providers.music.characters import CELESTA, CHARACTERS, CHURCH_ORGAN, HARP, TAIKO
from narratix.providers.music.composition import compose
from narratix.providers.music.harmony import MAJOR_MODES, MODES, PITCH_NAMES, chord, lead_voices, scale_over
from narratix.providers.music.notes import Composition, Note
from narratix.script.moods import MOODS as MOODS_OF_SCRIPTS

MOODS = list(CHARACTERS)


def part(piece: Composition, role: str) -> list[Note]:
    channels = [channel for channel, found in enumerate(piece.parts) if found.role == role]
    return [note for note in piece.notes if note.channel in channels]


def bar_of(piece: Composition, note: Note) -> int:
    return int((note.time + 0.06) / (piece.bar_samples / SAMPLE_RATE))


# -- form --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize("seconds", [8.0, 31.0, 75.0, 120.0, 1000.0])
def test_given_a_length_when_composed_then_whole_bars_come_close_to_it(mood: str, seconds: float) -> None:
    piece = compose(mood, 0.5, "", seconds, seed=2)
    seconds = min(120.0, seconds)
    phrase = 4 * piece.bar_samples / SAMPLE_RATE

    assert piece.samples == piece.bars * piece.bar_samples
    assert abs(piece.samples / SAMPLE_RATE - seconds) <= max(0.6 * phrase, 0.15 * seconds)
    assert piece.samples <= 120 * SAMPLE_RATE
    assert len(piece.progression) == piece.bars


@pytest.mark.parametrize("mood", MOODS)
def test_given_the_same_arguments_when_composed_again_then_the_piece_is_the_same(mood: str) -> None:
    assert compose(mood, 0.6, "harp", 30.0, 9) == compose(mood, 0.6, "harp", 30.0, 9)
    assert compose(mood, 0.6, "harp", 30.0, 9) != compose(mood, 0.6, "harp", 30.0, 10)


def test_given_an_unknown_mood_when_composed_then_it_is_calm() -> None:
    assert compose("bewildered", 0.4, "", 20.0, 1) == compose("calm", 0.4, "", 20.0, 1)


def test_given_a_theme_when_it_returns_then_its_rhythm_is_recognised() -> None:
    """The first bar of the first and of the second phrase state the same motif."""
    for seed in range(8):
        piece = compose("cheerful", 0.9, "", 33.0, seed)
        melody = part(piece, "melody")
        bar = piece.bar_samples / SAMPLE_RATE
        stated, returned = (
            [
                round((note.time - number * bar) * piece.tempo / 60 * 4)
                for note in melody
                if bar_of(piece, note) == number
            ]
            for number in (0, 4)
        )
        assert stated == returned
        assert len(stated) >= 2


def test_given_a_piece_when_its_phrases_close_then_the_first_asks_and_the_second_answers() -> None:
    for mood, seed in itertools.product(MOODS, range(4)):
        piece = compose(mood, 0.5, "", 40.0, seed)
        chords = CHARACTERS[mood].chords
        slow = CHARACTERS[mood].phrase_slots == 2

        assert piece.progression[0] == chords["T"][0]
        assert piece.progression[3] in {*chords["D"], *(chords["S"] if slow else ())}
        if piece.bars in (8, 16):  # a second phrase that answers the first
            assert piece.progression[7] == chords["T"][0]


# -- harmony and voices ------------------------------------------------------------------------


@pytest.mark.parametrize("mood", MOODS)
def test_given_a_melody_when_its_strong_notes_are_compared_with_the_chords_then_most_belong(mood: str) -> None:
    belonging = []
    for seed in range(6):
        piece = compose(mood, 0.9, "", 40.0, seed)
        tonic = PITCH_NAMES.index(piece.key)
        for note in part(piece, "melody"):
            harmony = chord(piece.progression[bar_of(piece, note) % piece.bars], tonic)
            assert note.pitch % 12 in scale_over(harmony, tonic, piece.mode)
            if note.duration * piece.tempo / 60 >= 0.9:
                belonging.append(note.pitch % 12 in harmony.tones)

    assert statistics.mean(belonging) >= 0.6


@pytest.mark.parametrize("mood", MOODS)
def test_given_a_mood_when_its_chords_are_voiced_then_voices_move_little_and_stay_apart(mood: str) -> None:
    character = CHARACTERS[mood]
    symbols = [symbol for group in character.chords.values() for symbol in group]
    for tonic in character.tonics:
        voicings = lead_voices([chord(symbol, tonic) for symbol in symbols], *character.pad_range, voices=4)
        moves = [abs(a - b) for one, two in itertools.pairwise(voicings) for a, b in zip(one, two, strict=True)]

        assert statistics.mean(moves) <= 3.0
        assert max(moves) <= 9
        assert all(len(set(voicing)) == 4 for voicing in voicings)


def test_given_a_dominant_in_minor_when_a_melody_asks_for_its_scale_then_the_leading_note_is_raised() -> None:
    scale = scale_over(chord("V", 9), 9, "aeolian")

    assert 8 in scale
    assert 7 not in scale
    assert set(MODES) >= {mode for character in CHARACTERS.values() for mode in character.modes}


@pytest.mark.parametrize("mood", MOODS)
def test_given_any_part_when_played_then_its_notes_can_be_played(mood: str) -> None:
    piece = compose(mood, 1.0, "", 40.0, 3)

    assert all(24 <= note.pitch <= 96 for note in piece.notes)
    assert all(16 <= note.velocity <= 118 for note in piece.notes)
    assert all(0 < note.duration <= 5 * piece.bar_samples / SAMPLE_RATE for note in piece.notes)
    assert {note.channel for note in piece.notes} == set(range(len(piece.parts)))


def test_given_a_hand_when_it_plays_then_it_is_never_quite_on_the_beat() -> None:
    piece = compose("cheerful", 0.8, "", 30.0, 1)
    grid = 60 / piece.tempo / 4
    offsets = [(note.time + grid / 2) % grid - grid / 2 for note in part(piece, "bass")]

    assert 0.001 < statistics.pstdev(offsets) < 0.02


# -- moods, intensity, hints -------------------------------------------------------------------


def test_given_the_moods_when_compared_then_tempo_and_mode_tell_them_apart() -> None:
    tempo = {mood: statistics.mean(compose(mood, 0.5, "", 40.0, seed).tempo for seed in range(5)) for mood in MOODS}
    modes = {mood: {compose(mood, 0.5, "", 40.0, seed).mode for seed in range(8)} for mood in MOODS}

    assert min(tempo[mood] for mood in ("cheerful", "playful", "adventurous")) > 100
    assert max(tempo[mood] for mood in ("calm", "sad", "dark", "eerie")) < 72
    assert tempo["tense"] > 1.3 * tempo["mysterious"]
    assert all(modes[mood] <= MAJOR_MODES for mood in ("calm", "tender", "cheerful", "playful"))
    assert not any(modes[mood] & MAJOR_MODES for mood in ("sad", "tense", "eerie", "dark", "wistful", "mysterious"))


def test_given_the_moods_when_their_melodies_are_compared_then_dark_is_low_and_eerie_high() -> None:
    def register(mood: str) -> float:
        return statistics.mean(
            note.pitch for seed in range(4) for note in part(compose(mood, 0.6, "", 40.0, seed), "melody")
        )

    assert register("dark") < register("sad") < register("calm") < register("eerie")


@pytest.mark.parametrize("mood", MOODS)
def test_given_more_intensity_when_composed_then_there_are_more_parts_and_more_force(mood: str) -> None:
    quiet, loud = compose(mood, 0.05, "", 40.0, 1), compose(mood, 0.95, "", 40.0, 1)

    assert len(loud.parts) >= len(quiet.parts) + 2
    assert len(loud.notes) > len(quiet.notes)
    assert statistics.mean(note.velocity for note in loud.notes) > 20 + statistics.mean(
        note.velocity for note in quiet.notes
    )


@pytest.mark.parametrize(
    ("prompt", "role", "program"),
    [
        ("a harp by the sea", "figure", HARP),
        ("deep winter", "figure", CELESTA),
        ("an old church", "pad", CHURCH_ORGAN),
        ("before the battle", "drums", TAIKO),
    ],
)
def test_given_a_hint_in_the_prompt_when_composed_then_its_instrument_plays(
    prompt: str, role: str, program: int
) -> None:
    piece = compose("tender", 0.8, prompt, 20.0, 1)

    assert [found.preset[1] for found in piece.parts if found.role == role] == [program]


def test_given_a_hint_for_one_part_when_composed_then_harmony_and_melody_stay_as_they_were() -> None:
    plain, hinted = compose("calm", 0.5, "", 30.0, 5), compose("calm", 0.5, "winter", 30.0, 5)

    assert plain.progression == hinted.progression
    assert [note.pitch for note in part(plain, "melody")] == [note.pitch for note in part(hinted, "melody")]


def test_given_the_moods_that_a_script_may_name_when_compared_then_each_has_a_character() -> None:
    assert set(CHARACTERS) == set(MOODS_OF_SCRIPTS)
