"""Stored shapes are permanent: every event of the catalogue can be read back as it was first written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest

from narratix.events import codec
from narratix.events.catalogue import EVENTS, Event, JobCancelled, JobSubmitted
from narratix.events.codec import Codec, Damaged, Unknown, Unreadable

WRITTEN = Path(__file__).parent / "written"
Struct = type[msgspec.Struct]


def fixtures() -> list[Path]:
    return sorted(WRITTEN.glob("*.json"))


def complaint(codec: Codec, path: Path) -> str:
    """Why the event that was written to `path` is not read back whole by `codec`; empty when it is.

    At the newest version, what is written again must be what was read, name by name and value by value: a field that
    was removed, renamed, added or retyped without a new version shows.
    """
    name, _, version = path.stem.partition(".v")
    stored = path.read_text(encoding="utf-8")
    try:
        event = codec.decode(name, int(version), stored)
    except Unreadable as problem:
        return str(problem)
    if int(version) > codec.versions[name]:
        return f"{path.name} is newer than the catalogue"
    if int(version) == codec.versions[name] and json.loads(codec.encode(event)[2]) != json.loads(stored):
        return f"{path.name} is written otherwise than it was read"
    return ""


def test_given_the_catalogue_when_its_fixtures_are_counted_then_every_version_ever_written_has_one() -> None:
    expected = {
        f"{event.__name__}.v{version}"
        for event in EVENTS
        for version in range(1, codec.SCHEMA_VERSIONS[event.__name__] + 1)
    }
    assert {path.stem for path in fixtures()} == expected


@pytest.mark.parametrize("path", fixtures(), ids=lambda path: path.stem)
def test_given_an_event_as_it_was_written_when_it_is_read_then_nothing_of_it_is_lost(path: Path) -> None:
    assert complaint(codec.CATALOGUE, path) == ""


# -- a changed shape without an upcaster fails the build ---------------------------------------


def parts(struct: Struct) -> Iterator[Struct]:
    """The structs that a struct is made of, itself last."""

    def within(annotation: Any) -> Iterator[Struct]:
        if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
            yield from parts(annotation)
        for argument in get_args(annotation):
            yield from within(argument)

    for annotation in get_type_hints(struct).values():
        yield from within(annotation)
    yield struct


def changed(struct: Struct, part: Struct, field: str, to: str | None) -> Struct:
    """A copy of `struct` in which `field` of `part` was renamed, or removed where `to` is None."""

    def follow(annotation: Any) -> Any:
        if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
            return changed(annotation, part, field, to)
        if (origin := get_origin(annotation)) is tuple:
            return tuple[tuple(follow(argument) for argument in get_args(annotation))]  # type: ignore[misc]
        if origin is dict:
            return dict[tuple(follow(argument) for argument in get_args(annotation))]  # type: ignore[misc]
        return annotation

    hints = get_type_hints(struct)
    fields: list[Any] = []
    for known in msgspec.structs.fields(struct):
        name = known.name
        if struct is part and name == field:
            if to is None:
                continue
            name = to
        annotation = follow(hints[known.name])
        if known.default is not msgspec.NODEFAULT:
            fields.append((name, annotation, known.default))
        elif known.default_factory is not msgspec.NODEFAULT:
            fields.append((name, annotation, msgspec.field(default_factory=known.default_factory)))
        else:
            fields.append((name, annotation))
    array_like = struct.__struct_config__.array_like
    bases = (Event,) if issubclass(struct, Event) else ()
    return msgspec.defstruct(
        struct.__name__, fields, bases=bases, frozen=True, kw_only=True, array_like=array_like, gc=False
    )


def mutations() -> list[Any]:
    """Every field of every event and of all that it is made of."""
    return [
        pytest.param(event, part, field.name, id=f"{event.__name__}-{part.__name__}.{field.name}")
        for event in EVENTS
        for part in dict.fromkeys(parts(event))
        for field in msgspec.structs.fields(part)
    ]


@pytest.mark.parametrize(("event", "part", "field"), mutations())
def test_given_a_field_that_is_removed_or_renamed_when_fixtures_are_read_then_the_build_fails(
    event: type[Event], part: Struct, field: str
) -> None:
    newest = WRITTEN / f"{event.__name__}.v{codec.SCHEMA_VERSIONS[event.__name__]}.json"
    upcasters = {key: upcast for key, upcast in codec.UPCASTERS.items() if key[0] == event.__name__}

    def read_by(struct: Struct) -> str:
        return complaint(Codec([struct], upcasters), newest)  # type: ignore[list-item]

    assert read_by(changed(event, part, "no such field", None)) == ""  # a faithful copy reads it
    assert read_by(changed(event, part, field, None)) != ""
    if not part.__struct_config__.array_like:  # there the place is the name
        assert read_by(changed(event, part, field, f"{field}_renamed")) != ""


def test_given_a_field_that_is_added_when_fixtures_are_read_then_the_build_fails_until_it_is_a_new_version() -> None:
    class JobCancelled(Event, frozen=True, kw_only=True):
        reason: str = ""
        by: str = "anonymous"

    path = WRITTEN / "JobCancelled.v1.json"
    assert "written otherwise" in complaint(Codec([JobCancelled], {}), path)
    assert complaint(Codec([JobCancelled], {("JobCancelled", 1): lambda data: {**data, "by": "nobody"}}), path) == ""


# -- upcasting ---------------------------------------------------------------------------------


class FeedbackGiven(Event, frozen=True, kw_only=True):
    """What FeedbackGiven could become: stars instead of a rating, then in hundredths."""

    hundredths: int
    comment: str


STEPS: dict[tuple[str, int], codec.Upcaster] = {
    ("FeedbackGiven", 1): lambda data: {"stars": data["rating"], "comment": data["comment"]},
    ("FeedbackGiven", 2): lambda data: {"hundredths": data["stars"] * 100, "comment": data["comment"]},
}


def test_given_upcasters_when_any_old_version_is_read_then_it_comes_up_step_by_step() -> None:
    later = Codec([FeedbackGiven], STEPS)
    whole = FeedbackGiven(hundredths=500, comment="Lovely.")
    assert later.versions == {"FeedbackGiven": 3}
    assert later.decode("FeedbackGiven", 1, '{"rating":5,"comment":"Lovely."}') == whole
    assert later.decode("FeedbackGiven", 2, '{"stars":5,"comment":"Lovely."}') == whole
    assert later.encode(whole) == ("FeedbackGiven", 3, '{"hundredths":500,"comment":"Lovely."}')


def test_given_an_upcaster_that_cannot_take_what_was_stored_when_it_is_read_then_the_event_is_named() -> None:
    later = Codec([FeedbackGiven], STEPS)
    with pytest.raises(Unreadable, match=r"FeedbackGiven \(schema version 1\).*comment"):
        later.decode("FeedbackGiven", 1, '{"rating":5}')
    assert isinstance(later.carry("FeedbackGiven", 1, "[]"), Damaged)


def test_given_upcasters_with_a_gap_when_a_codec_is_made_then_it_is_refused() -> None:
    with pytest.raises(ValueError, match="leave a version out"):
        Codec([FeedbackGiven], {("FeedbackGiven", 2): STEPS["FeedbackGiven", 2]})


# -- the unknown, the damaged, the strange -----------------------------------------------------


def test_given_an_event_of_a_newer_release_when_it_is_read_then_it_is_carried() -> None:
    unknown = codec.decode("DramaTranslated", 3, '{"language": "fr"}')
    assert unknown == Unknown(type="DramaTranslated", data={"language": "fr"})

    newer = codec.decode("JobCancelled", 99, '{"why": "later"}')
    assert newer == Unknown(type="JobCancelled", data={"why": "later"})


def test_given_damaged_data_when_it_is_read_then_the_error_names_the_event() -> None:
    with pytest.raises(Unreadable, match="LineSpoken"):
        codec.decode("LineSpoken", 1, '{"line": "many"}')
    assert codec.carry("LineSpoken", 1, '{"line": "many"}') == Damaged(
        type="LineSpoken",
        problem="The stored LineSpoken (schema version 1) cannot be read: Expected `int`, got `str` - at `$.line`",
    )


def test_given_a_stranger_when_it_is_encoded_then_it_is_refused() -> None:
    class Stranger(Event, frozen=True, kw_only=True):
        pass

    with pytest.raises(TypeError, match="Stranger"):
        codec.encode(Stranger())
    with pytest.raises(TypeError, match="Unknown"):
        codec.encode(Unknown(type="DramaTranslated", data={}))
    assert codec.encode(JobCancelled(reason="x")) == ("JobCancelled", 1, '{"reason":"x"}')


def test_given_the_catalogue_when_it_is_described_then_it_has_a_json_schema() -> None:
    schemas, _ = msgspec.json.schema_components(EVENTS)
    assert len(list(schemas)) == len(EVENTS)
    assert JobSubmitted in EVENTS
