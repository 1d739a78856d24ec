"""Casting with the voices that there really are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import pytest

from narratix.events.catalogue import CastMember, Gender, Segment
from narratix.ports import Voice
from narratix.providers.speech.voices import FAST_BODIES, FAST_VOICES, KOKORO_CHARACTERS, KOKORO_VOICES
from narratix.samples import SAMPLES
from narratix.script.casting import cast_voices
from narratix.script.engine import write_script

ENGINES = pytest.mark.parametrize("voices", [KOKORO_VOICES, FAST_VOICES], ids=["kokoro", "fast"])


def leading(segments: Sequence[Segment], most: int = 5) -> list[str]:
    said = Counter[str]()
    for segment in segments:
        said[segment.speaker] += segment.end - segment.start
    return [speaker for speaker, _ in said.most_common(most)]


@ENGINES
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.title)
def test_given_a_story_when_cast_then_its_leading_roles_are_told_apart_and_stay_so(
    sample: object, voices: Sequence[Voice]
) -> None:
    script = write_script(sample.text)  # type: ignore[attr-defined]
    cast = cast_voices(script.cast, script.segments, voices, {})
    assert cast_voices(script.cast, script.segments, voices, {}) == cast
    lead = leading(script.segments)
    assert len({cast[id] for id in lead}) == len(lead)
    by_id = {voice.id: voice for voice in voices}
    for member in script.cast:
        assert member.gender in ("unknown", by_id[cast[member.id]].gender)
        if not {"boy", "girl", "child", "little"} & set(member.name.casefold().split()):
            assert by_id[cast[member.id]].age != "child"
    narrators = [member.id for member in script.cast if member.narrator]
    assert all(cast[id] != cast[narrators[0]] for id in cast if id != narrators[0])


@ENGINES
@pytest.mark.parametrize("gender", ["female", "male"])
def test_given_many_of_a_gender_when_cast_then_blends_and_shifts_are_taken_before_a_voice_is_shared(
    gender: Gender, voices: Sequence[Voice]
) -> None:
    fitting = [voice for voice in voices if voice.gender == gender]
    cast = [CastMember(id=f"c{n}", name=f"P{n}", gender=gender) for n in range(len(fitting))]
    segments = [Segment(start=n, end=n + 1, kind="speech", speaker=member.id) for n, member in enumerate(cast)]
    given = cast_voices(cast, segments, voices, {})
    assert set(given.values()) == {voice.id for voice in fitting}


@ENGINES
def test_given_the_first_three_men_when_cast_then_they_sound_apart(voices: Sequence[Voice]) -> None:
    cast = [CastMember(id=f"c{n}", name=f"P{n}", gender="male") for n in range(3)]
    segments = [Segment(start=n, end=n + 1, kind="speech", speaker=member.id) for n, member in enumerate(cast)]
    given = cast_voices(cast, segments, voices, {})
    by_id = {voice.id: voice for voice in voices}
    for one, other in combinations([by_id[id] for id in given.values()], 2):
        semitones = 12 * abs(math.log2(one.pitch_hz / other.pitch_hz))
        assert semitones > 1.5 or one.accent != other.accent, (one.id, other.id)


_NAMES = ("Anna Field", "Tom Reed", "Ruth", "Mr. Gale", "Lady Bell", "Elias", "Martha", "The captain")


def talking(amounts: Sequence[int]) -> tuple[list[CastMember], list[Segment]]:
    """Four women and four men, each of whom says so many characters."""
    cast = [
        CastMember(id=f"c{number}", name=name, gender="male" if number % 2 else "female")
        for number, name in enumerate(_NAMES)
    ]
    segments, start = [], 0
    for member, amount in zip(cast, amounts, strict=True):
        segments.append(Segment(start=start, end=start + amount, kind="speech", speaker=member.id))
        start += amount
    return cast, segments


@ENGINES
def test_given_another_chapter_in_which_two_change_places_when_cast_then_nearly_all_keep_their_voices(
    voices: Sequence[Voice],
) -> None:
    amounts = [1000 - 100 * number for number in range(len(_NAMES))]
    first = cast_voices(*talking(amounts), voices, {})
    kept = 0
    for place in range(len(_NAMES) - 1):
        changed = [*amounts]
        changed[place], changed[place + 1] = changed[place + 1], changed[place]
        then = cast_voices(*talking(changed), voices, {})
        kept += sum(then[id] == first[id] for id in first)
    assert kept >= 0.95 * len(_NAMES) * (len(_NAMES) - 1)


@ENGINES
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.title)
def test_given_a_chapters_cast_as_wishes_when_the_next_one_is_cast_then_all_whom_it_names_keep_their_voices(
    sample: object, voices: Sequence[Voice]
) -> None:
    text: str = sample.text  # type: ignore[attr-defined]
    half = text.index("\n\n", len(text) // 2)
    chapter, following = write_script(text[:half]), write_script(text[half:])
    given = cast_voices(chapter.cast, chapter.segments, voices, {})
    wishes = {member.name.casefold(): given[member.id] for member in chapter.cast} | {"narrator": given["narrator"]}
    then = cast_voices(following.cast, following.segments, voices, wishes)
    names = {member.name.casefold() for member in following.cast} & set(wishes)
    assert then["narrator"] == given["narrator"]
    for member in following.cast[1:]:
        if member.name.casefold() in names:
            assert then[member.id] == wishes[member.name.casefold()]
        elif not any(alias.casefold() in wishes for alias in member.aliases):
            assert then[member.id] not in wishes.values()


def test_given_voices_that_are_made_of_others_then_their_parts_exist() -> None:
    known = {voice.id for voice in KOKORO_VOICES}
    for made, (base, factor) in KOKORO_CHARACTERS.items():
        assert made in known
        assert set(base.split("+")) <= known - set(KOKORO_CHARACTERS)
        assert 0.75 <= factor <= 1.3
        assert base[0] == made[0] or made.endswith("child"), "the accent is that of the first part"
    assert set(FAST_BODIES) == {voice.id for voice in FAST_VOICES}
