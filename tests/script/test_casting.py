"""Who gets which voice."""

from __future__ import annotations

import pytest

from narratix.events.catalogue import CastMember, Gender, Segment
from narratix.ports import Voice
from narratix.script.casting import UnknownVoice, cast_voices, kept_voices

VOICES = (
    Voice("f1", "Ada", "female", "american", "adult", (), 195, 0.9),
    Voice("f2", "Bea", "female", "british", "adult", (), 180, 0.8),
    Voice("f3", "Cid", "female", "american", "child", (), 240, 0.8),
    Voice("f4", "Dot", "female", "american", "adult", ("whispering",), 147, 0.1),
    Voice("m1", "Eli", "male", "british", "adult", (), 118, 0.7),
    Voice("m2", "Fox", "male", "american", "adult", (), 110, 0.6),
    Voice("m3", "Gus", "male", "american", "child", (), 225, 0.6),
    Voice("m4", "Hal", "male", "american", "adult", ("giant",), 67, 0.4),
    Voice("m5", "Ira", "male", "american", "old", (), 120, 0.4),
)


def member(id: str, name: str, gender: Gender, *aliases: str) -> CastMember:
    return CastMember(id=id, name=name, gender=gender, aliases=aliases, narrator=id == "narrator")


NARRATOR = member("narrator", "Narrator", "unknown")


def cast(*members: CastMember, wishes: dict[str, str] | None = None) -> dict[str, str]:
    """Everybody says less than the one before."""
    everybody = (NARRATOR, *members)
    segments, start = [], 0
    for number, each in enumerate(everybody):
        end = start + 1000 - number
        segments.append(Segment(start=start, end=end, kind="speech", speaker=each.id))
        start = end
    return cast_voices(everybody, segments, VOICES, wishes or {})


def test_given_a_cast_when_voices_are_given_then_gender_fits_and_none_is_shared() -> None:
    voices = cast(member("c1", "Ruth", "female"), member("c2", "Tom", "male"), member("c3", "Elias", "male"))
    assert voices["narrator"] == "f1"
    assert voices["c1"] == "f2"
    assert {voices["c2"], voices["c3"]} == {"m1", "m2"}


@pytest.mark.parametrize(
    ("name", "gender", "voice"),
    [
        ("The boy", "male", "m3"),
        ("The little girl", "female", "f3"),
        ("The old man", "male", "m5"),
        ("The giant", "male", "m4"),
        ("Ruth", "female", "f2"),
        ("Tom", "male", "m2"),
    ],
)
def test_given_what_somebody_is_called_when_cast_then_the_voice_is_as_old_and_as_strange(
    name: str, gender: Gender, voice: str
) -> None:
    assert cast(member("c1", name, gender))["c1"] == voice


def test_given_more_people_than_voices_when_cast_then_the_least_shared_fitting_ones_are_shared() -> None:
    voices = cast(*(member(f"c{n}", f"Woman {n}", "female") for n in range(1, 8)))
    women = [voice for id, voice in voices.items() if id != "narrator"]
    assert set(women) == {"f1", "f2", "f3", "f4"}
    assert max(women.count(voice) for voice in set(women)) <= 2


def test_given_wishes_when_cast_then_they_are_obeyed_by_name_or_alias_in_any_case() -> None:
    ruth = member("c1", "Ruth", "female", "Miss Grey")
    assert cast(ruth, wishes={"MISS GREY": "m4"})["c1"] == "m4"
    with pytest.raises(UnknownVoice, match=r"no voice called 'zz'.*f1, f2"):
        cast(ruth, wishes={"ruth": "zz"})


def test_given_the_same_cast_when_cast_again_then_it_is_the_same() -> None:
    members = [member(f"c{n}", f"P{n}", "male" if n % 2 else "female") for n in range(1, 6)]
    assert cast(*members) == cast(*members)


def test_given_a_wish_for_somebody_of_another_chapter_when_cast_then_nobody_else_gets_that_voice() -> None:
    voices = cast(member("c1", "Tom", "male"), member("c2", "Elias", "male"), wishes={"ruth": "m2"})
    assert "m2" not in voices.values()


def test_given_a_wish_for_the_narrator_when_a_character_tells_the_story_then_it_is_theirs() -> None:
    jim = CastMember(id="narrator", name="Jim Hawkins", gender="male", narrator=True)
    assert cast_voices((jim,), (), VOICES, {"narrator": "m2"}) == {"narrator": "m2"}


def test_given_a_chapter_when_its_voices_are_kept_then_each_goes_by_all_names_that_only_its_bearer_has() -> None:
    jim = CastMember(id="narrator", name="Jim", gender="male", narrator=True)
    ann, eve = member("c1", "Ann Reed", "female", "Miss Reed", "Ann"), member("c2", "Eve Reed", "female", "Miss Reed")
    voices = {"narrator": "m1", "c1": "f1", "c2": "f2"}
    assert kept_voices((jim, ann, eve), voices, {"tom": "m2"}, {}) == {
        "tom": "m2", "jim": "m1", "narrator": "m1", "ann reed": "f1", "ann": "f1", "eve reed": "f2",
    }  # fmt: skip


def test_given_another_wish_for_somebody_when_the_voices_are_kept_then_the_wish_goes_first() -> None:
    ann = member("c1", "Ann Reed", "female", "Ann")
    assert kept_voices((ann,), {"c1": "f1"}, {}, {"ann": "f2"}) == {"ann": "f2"}
