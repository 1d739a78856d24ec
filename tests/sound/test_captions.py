import json
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narratix.events.catalogue import Segment, Word
from narratix.sound.captions import Caption, captions, to_json, to_srt, to_vtt
from narratix.sound.lines import PlacedLine, SpokenLine
from tests.sound.subtitles import NotValid, read_srt, read_vtt
from tests.sound.synthetic_drama import Drama

HEAD = "WEBVTT\n\n"
TIMES = "00:01.000 --> 00:02.000\n"


def line_of(text: str, seconds: float = 10.0, begins: float = 3.0) -> PlacedLine:
    found = list(re.finditer(r"\w+", text))
    step = seconds / max(1, len(found))
    words = tuple(
        Word(start=m.start(), end=m.end(), begins=i * step, ends=(i + 0.9) * step) for i, m in enumerate(found)
    )
    segment = Segment(start=0, end=len(text), kind="speech", speaker="c1")
    return PlacedLine(0, segment, begins, begins + seconds, SpokenLine(0, "k", seconds, words))


def test_every_caption_begins_with_its_words(drama: Drama) -> None:
    placed = drama.placed()
    made = captions(drama.text, drama.names, placed)
    heard = {
        drama.text[w.start : w.end].rstrip("."): line.begins + w.begins
        for line in placed
        if line.spoken
        for w in line.spoken.words
    }
    assert len(made) > len(placed)
    for caption in made:
        assert abs(caption.begins - heard[caption.text.split()[0].rstrip(".")]) < 0.001
        assert len(caption.text) <= 84
    assert all(a.ends <= b.begins for a, b in pairwise(made))
    assert " ".join(c.text for c in made).split() == drama.text.split()


def test_captions_end_with_sentences_where_they_can() -> None:
    text = (
        "“Who are you?” said the Caterpillar. This was not an encouraging opening for a conversation, "
        "and Alice replied, rather shyly, “I hardly know, sir.”"
    )
    made = [c.text for c in captions(text, {"c1": "Alice"}, [line_of(text)])]
    assert made[0] == "“Who are you?” said the Caterpillar."
    assert made[-1].endswith("sir.”")
    assert not any(c.startswith("”") for c in made)


def test_given_a_title_before_a_name_when_captioned_then_they_stay_together() -> None:
    text = (
        "They were sold to a salesman named Breckinridge and by him in turn to Mr. Windigate of the Alpha and by him to "
        "the club in the old house at the corner of the street of which Mr. J. S. Henry Baker is a member."
    )
    made = [c.text for c in captions(text, {"c1": "Holmes"}, [line_of(text)])]
    assert len(made) > 2
    assert not [c for c in made if c.endswith((" Mr.", " J.", " S."))]


@given(st.text(alphabet=st.sampled_from("ab é—“”.,!<>&-\n\t "), min_size=1, max_size=400))
@settings(max_examples=100, deadline=None)
def test_captions_of_any_text_are_valid_and_lose_nothing(text: str) -> None:
    made = captions(text, {"c1": "A > B\n& <C>"}, [line_of(text)])
    assert "".join("".join(c.text for c in made).split()) == "".join(text.split())
    assert all(0 < len(c.text) <= 84 for c in made)
    assert all(c.begins < c.ends for c in made)
    assert all(a.begins <= b.begins for a, b in pairwise(made))

    as_vtt, as_srt = read_vtt(to_vtt(made).encode()), read_srt(to_srt(made).encode())
    assert [cue.text for cue in as_vtt] == [c.text for c in made]
    assert {cue.voice for cue in as_vtt} <= {"A > B & <C>"}
    assert [cue.id for cue in as_srt] == [str(n) for n in range(1, len(made) + 1)]
    for read in (as_vtt, as_srt):
        assert [cue.begins for cue in read] == [round(c.begins * 1000) for c in made]


def test_given_a_drama_when_told_word_by_word_then_every_word_has_its_place_and_its_time(drama: Drama) -> None:
    told = json.loads(to_json(drama.text, drama.names, drama.placed()))
    words = [word for line in told["lines"] for word in line["words"]]
    assert [drama.text[word["start"] : word["end"]] for word in words] == [word["text"] for word in words]
    assert [word["text"].rstrip(".") for word in words] == drama.text.replace(".", "").split()
    assert all(a["begins"] <= b["begins"] for a, b in pairwise(words))
    for line in told["lines"]:
        assert line["speaker"] in drama.names.values()
        assert all(line["begins"] <= word["begins"] <= word["ends"] <= line["ends"] + 0.001 for word in line["words"])


def test_the_formats_to_the_letter() -> None:
    made = (Caption(1.0, 2.5, "Ada", "Tom & Jerry <3"), Caption(3725.0004, 3726.9996, "Ada", "Yes."))
    assert to_vtt(made) == (
        "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.500\n<v Ada>Tom &amp; Jerry &lt;3\n\n"
        "2\n01:02:05.000 --> 01:02:07.000\n<v Ada>Yes.\n"
    )
    assert to_srt(made) == (
        "1\n00:00:01,000 --> 00:00:02,500\nAda: Tom & Jerry <3\n\n2\n01:02:05,000 --> 01:02:07,000\nYes.\n"
    )


def test_a_line_without_word_times_is_captioned_evenly() -> None:
    text = "One two three four five six seven. " * 6
    line = line_of(text)
    assert line.spoken is not None
    bare = PlacedLine(0, line.segment, 3.0, 13.0, SpokenLine(0, "k", 10.0))
    made = captions(text, {}, [bare])
    assert len(made) > 2
    assert made[0].speaker == "c1"
    assert made[-1].begins < 13.0


@pytest.mark.parametrize(
    "file",
    [
        "WEBVTT\n00:01.000 --> 00:02.000\nNo blank line",
        "WEBVTTX\n\n" + TIMES + "Another format",
        HEAD + "00:01,000 --> 00:02,000\nCommas",
        HEAD + "00:02.000 --> 00:02.000\nNo length",
        HEAD + "00:61.000 --> 01:02.000\nNo such second",
        HEAD + TIMES + "One --> two",
        HEAD + TIMES + "Tom & Jerry",
        HEAD + TIMES + "<v Ada>open <i>italics",
        HEAD + TIMES + "before <v Ada>not the whole cue",
        HEAD + TIMES + "<v>nobody",
        HEAD + TIMES + "<shout>no such span</shout>",
        HEAD + "00:05.000 --> 00:06.000\nLate\n\n" + TIMES + "Early",
        HEAD + "1\n" + TIMES + "One\n\n1\n" + TIMES + "The same id",
    ],
)
def test_given_a_file_that_is_no_webvtt_when_read_then_it_is_refused(file: str) -> None:
    with pytest.raises(NotValid):
        read_vtt(file.encode())


def test_given_webvtt_of_others_when_read_then_it_is_understood() -> None:
    file = (
        "\ufeffWEBVTT - a title\r\n\r\nNOTE for you\r\n\r\nintro\r\n00:01.000 --> 01:00:02.500\r\n"
        "<v.loud Ada>Hello <i>there</i> &lt;3</v>"
    )
    (cue,) = read_vtt(file.encode())
    assert (cue.id, cue.begins, cue.ends, cue.voice, cue.text) == ("intro", 1000, 3_602_500, "Ada", "Hello there <3")


@pytest.mark.parametrize(
    "file",
    [
        "2\n00:00:01,000 --> 00:00:02,000\nNot the first",
        "1\n00:00:01.000 --> 00:00:02.000\nPoints",
        "1\n00:00:01,000 --> 00:00:02,000\n",
        "1\n00:00:01,000 --> 00:00:03,000\nOne\n\n2\n00:00:02,000 --> 00:00:04,000\nInto the first",
    ],
)
def test_given_a_file_that_is_no_subrip_when_read_then_it_is_refused(file: str) -> None:
    with pytest.raises(NotValid):
        read_srt(file.encode())
