"""Stored shapes are permanent: every event of the catalogue can be read back as it was first written."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from narratix.events import codec
from narratix.events.catalogue import EVENTS, Event, JobCancelled

WRITTEN = Path(__file__).parent / "written"


def fixtures() -> list[Path]:
    return sorted(WRITTEN.glob("*.json"))


def test_given_the_catalogue_when_its_fixtures_are_counted_then_every_version_ever_written_has_one() -> None:
    expected = {
        f"{event.__name__}.v{version}"
        for event in EVENTS
        for version in range(1, codec.SCHEMA_VERSIONS[event.__name__] + 1)
    }
    assert {path.stem for path in fixtures()} == expected


@pytest.mark.parametrize("path", fixtures(), ids=lambda path: path.stem)
def test_given_an_event_as_it_was_written_when_it_is_read_then_nothing_of_it_is_lost(path: Path) -> None:
    name, _, version = path.stem.partition(".v")
    stored = path.read_text(encoding="utf-8")
    event = codec.decode(name, int(version), stored)

    assert type(event).__name__ == name
    if int(version) == codec.SCHEMA_VERSIONS[name]:
        assert json.loads(codec.encode(event)[2]) == json.loads(stored)


def test_given_an_event_of_a_newer_release_when_it_is_read_then_it_is_carried() -> None:
    unknown = codec.decode("DramaTranslated", 3, '{"language": "fr"}')
    assert unknown == codec.Unknown(type="DramaTranslated", data={"language": "fr"})

    newer = codec.decode("JobCancelled", 99, '{"why": "later"}')
    assert newer == codec.Unknown(type="JobCancelled", data={"why": "later"})


def test_given_damaged_data_when_it_is_read_then_the_error_names_the_event() -> None:
    with pytest.raises(codec.Unreadable, match="LineSpoken"):
        codec.decode("LineSpoken", 1, '{"line": "many"}')


def test_given_a_stranger_when_it_is_encoded_then_it_is_refused() -> None:
    class Stranger(Event, frozen=True, kw_only=True):
        pass

    with pytest.raises(TypeError, match="Stranger"):
        codec.encode(Stranger())
    assert codec.encode(JobCancelled(reason="x")) == ("JobCancelled", 1, '{"reason":"x"}')


def test_given_the_catalogue_when_it_is_described_then_it_has_a_json_schema() -> None:
    schemas, _ = msgspec.json.schema_components(EVENTS)
    assert len(list(schemas)) == len(EVENTS)
