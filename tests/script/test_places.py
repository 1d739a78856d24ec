"""Where a story happens, and what is only talked of."""

from __future__ import annotations

from itertools import chain

import pytest

from narratix.script.engine import write_script
from narratix.script.places import AWAY_METRES, FAR_METRES, NEAR_METRES, distance, scenes, stays
from narratix.script.sounds import EFFECTS
from narratix.script.weather import WEATHER, lulls


def places(text: str) -> list[str]:
    return [stay.place for stay in stays(text, write_script(text).segments)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("They crept into the dark cave. “Hush,” said Ann.", "cave"),
        ("She was sitting in the little parlour. “Come in,” she said.", "room"),
        ("In the great hall, the guests were waiting. “Silence!” cried the king.", "hall"),
        ("Tom entered the old cathedral. “Hello?” he called.", "church"),
        ("The prisoners were taken down to the dungeon. “Halt!” said the guard.", "vault"),
        ("They walked through the forest all day. “I am tired,” said Ann.", "woods"),
        ("He stepped into the carriage. “Drive on,” he said.", "cabin"),
        ("We stood on the deck of the ship. “Land!” cried the boy.", "open"),
        ("She went out into the night. “Is anybody there?” she asked.", "open"),
        ("They hurried down the narrow alley. “This way,” said Tom.", "street"),
        ("He ran along the corridor. “Stop!” cried the nurse.", "corridor"),
        ("He hung up his hat by the hearth and drew a chair to the table. “Tea?” he said.", "room"),
    ],
)
def test_given_people_at_a_place_when_read_then_it_is_heard(text: str, place: str) -> None:
    assert places(text) == [place]


@pytest.mark.parametrize(
    "text",
    [
        "“I was in the cave,” said Tom. “It was cold in the cathedral.”",
        "They did not go into the cave. “Why not?” asked Ann.",
        "He remembered how they had walked through the forest. “Ah,” he said.",
        "It was as if they stood in a church. “Hush,” said Ann.",
        "She looked out into the street. “Nobody,” she said.",
        "If they went into the dungeon, they would die. “No,” said Ann.",
        "There was no room for doubt. “Yes,” said Ann.",
        "The caveat was well known in the courtesy of kings. “So it is,” said Ann.",
        "He came to the church door. “Locked,” he said.",
    ],
)
def test_given_a_place_that_is_denied_recalled_or_seen_from_afar_when_read_then_nobody_is_there(text: str) -> None:
    assert places(text) == []


def test_given_people_who_move_when_read_then_the_place_changes_where_they_do() -> None:
    text = (
        "They sat in the kitchen.\n\n“Listen,” said Ann.\n\nThey crept down into the cellar.\n\n“Who is there?” cried Tom."
        "\n\n* * *\n\n“Nobody,” said a voice."
    )
    script = write_script(text)
    found = stays(text, script.segments)
    assert [stay.place for stay in found] == ["room", "vault"]
    assert found[0].first == 0
    assert text[script.segments[found[1].first].start :].startswith("They crept")
    last = scenes(text, script.segments)[-1]
    assert found[1].last == last
    assert "Nobody" in text[script.segments[last].start : script.segments[last].end]


@pytest.mark.parametrize(
    ("sentence", "metres"),
    [
        ("Far away, on the other side of the water, a bell was ringing.", FAR_METRES),
        ("A distant bell was ringing.", FAR_METRES),
        ("Outside a bell was ringing.", AWAY_METRES),
        ("On the table a bell was ringing.", NEAR_METRES),
        ("Far away was home. A bell was ringing. Outside it was cold.", NEAR_METRES),
    ],
)
def test_given_a_sound_when_its_sentence_tells_how_far_it_is_then_that_is_known(sentence: str, metres: float) -> None:
    start = sentence.index("bell")
    assert distance(sentence, start, start + 4) == metres


@pytest.mark.parametrize(
    ("story", "over"),
    [
        ("Outside, the rain had stopped at last.", {"rain", "storm"}),
        ("By then the wind had died down.", {"wind", "storm"}),
        ("The storm was over.", {"storm", "blizzard", "rain", "wind"}),
        ("The rain had not stopped.", set()),
        ("They waited until the rain stopped them.", set()),
        ("“The rain has stopped,” said Ann.", set()),
        ("The rain never ceased.", set()),
        ("The wind over his head was cold.", set()),
        ("Rain passed over the hills.", set()),
        ("He stopped in the rain.", set()),
    ],
)
def test_given_words_for_it_then_the_weather_is_over(story: str, over: set[str]) -> None:
    text = "Rain fell on the roof all night.\n\n“Hush,” said Ann.\n\n" + story
    segments = write_script(text).segments
    found = lulls(text, segments)
    assert set(found) == over
    assert all(segments[line].end > text.index(story) for lines in found.values() for line in lines)


def test_weather_is_among_the_effects() -> None:
    assert {*WEATHER, *chain(*WEATHER.values())} <= set(EFFECTS)
