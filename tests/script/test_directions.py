"""How a line is to be spoken."""

from __future__ import annotations

import pytest

from narratix.script.directions import DIRECTIONS, SPEEDS, direction_of, level_of, speed_of
from narratix.script.engine import write_script


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("“Come here,” whispered Tom.", "whispering"),
        ("“Come here!” shouted Tom.", "shouting"),
        ("“Come here,” said Tom angrily.", "angry"),
        ("“Come here,” said Tom, laughing.", "laughing"),
        ("“Come here,” said Tom in a whisper.", "whispering"),
        ("“Come here,” said Tom in a\nmournful tone.", "sad"),
        ("Tom sobbed, “Come here.”", "crying"),
        ("“Come here,” said Tom.", ""),
        ("“Come here,” said Tom, not angrily at all.", ""),
        ("“Come here,” said Tom. Ann shouted at the dog.", ""),
        ("“COME HERE!” said Tom.", "shouting"),
        ("“I am tired,” sighed Tom.", "weary"),
        ("“Please,” begged Tom.", "pleading"),
        ("“Come here,” whispered Tom into the telephone.", "whispering, telephoning"),
        ("“Come here,” said Tom over the phone.", "telephoning"),
        ("“How odd,” thought Tom.", "thinking"),
        ("“How odd,” said Tom to himself.", "muttering, thinking"),
        ("“How odd,” Tom said, and thought that it was late.", ""),
        ("“How odd,” said Tom thoughtfully.", "thoughtful"),
        ("“Come here,” said Mr. Gale, with a sneer.", "mocking"),
        ("“Come here,” said Tom warmly.", "tender"),
        ("He heard Ann murmur to herself, “Come here.”", "muttering"),
        ("The letter said: “Come at once.”", "reading"),
        ("The note ran: “Come at once.”", "reading"),
    ],
)
def test_given_a_cue_when_read_then_the_line_has_its_direction(text: str, direction: str) -> None:
    speech = next(segment for segment in write_script(text).segments if segment.kind == "speech")
    assert speech.direction == direction
    assert speech.speed == speed_of(direction)


@pytest.mark.parametrize(
    ("text", "directions"),
    [
        ("“Hush,” whispered Tom. “Do not move.”", ["whispering", "whispering"]),
        ("“Stop!” shouted Tom. “Hush,” he whispered.", ["shouting", "whispering"]),
        ("“Stop,” said Tom, laughing. “You are late.”", ["laughing", ""]),
        ("“Hush,” whispered Tom.\n\n“Do not move,” said Ann.", ["whispering", ""]),
    ],
)
def test_given_a_speech_that_goes_on_when_read_then_a_manner_lasts_and_a_laugh_does_not(
    text: str, directions: list[str]
) -> None:
    spoken = [segment.direction for segment in write_script(text).segments if segment.kind == "speech"]
    assert spoken == directions


def test_given_the_vocabulary_when_compared_then_every_direction_has_a_speed() -> None:
    assert set(DIRECTIONS) == set(SPEEDS)
    assert all(0.85 <= speed <= 1.15 for speed in SPEEDS.values())


def test_given_two_directions_when_one_is_exact_then_it_wins() -> None:
    assert direction_of("he said quietly, in a whisper") == "whispering"


def test_given_a_way_and_a_medium_when_asked_then_both_count() -> None:
    assert speed_of("whispering, thinking") == pytest.approx(SPEEDS["whispering"] * SPEEDS["thinking"], abs=0.001)
    assert speed_of("in French") == 1.0
    assert level_of("whispering, thinking") < level_of("muttering") < level_of("") == 0 < level_of("shouting, angry")


def test_given_chapters_scenes_and_paragraphs_when_read_then_pauses_grow_with_them() -> None:
    text = "Chapter I\n\n“Yes,” said Tom. “No!” He left.\n\nHe came back.\n\n* * *\n\nIt rained.\n\nChapter II\n\nIt stopped."
    pauses = {text[s.start : s.end].split("\n")[0].strip(): s.pause_after for s in write_script(text).segments}
    assert pauses["“Yes,”"] == 0.15
    assert pauses["“No!”"] == 0.35
    assert pauses["Chapter I"] == 1.0
    assert pauses["He left."] == 0.6
    assert pauses["He came back."] == 1.2
    assert pauses["It rained."] == 1.6
