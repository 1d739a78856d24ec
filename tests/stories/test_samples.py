import re

import pytest

from narratix.samples import SAMPLES, Sample

DEMO = SAMPLES[0]


def ids(sample: Sample) -> str:
    return sample.id


@pytest.mark.parametrize("sample", SAMPLES, ids=ids)
def test_a_sample_is_a_small_clean_text_that_names_its_source(sample: Sample) -> None:
    assert 1_500 < len(sample.text.encode()) < 6_000
    assert sample.title
    assert sample.author
    assert "public domain" in sample.source or "Apache-2.0" in sample.source
    assert sample.text == sample.text.strip()
    assert "\r" not in sample.text
    assert not re.search(r"[^\n]\n[^\n]", sample.text), "a line break within a paragraph"


def test_sample_ids_are_unique() -> None:
    assert len({sample.id for sample in SAMPLES}) == len(SAMPLES)


def test_the_demo_sample_has_the_length_cast_and_sounds_of_a_drama() -> None:
    assert 3_300 <= len(DEMO.text) <= 4_200
    said = r"(?:said|asked|muttered|gasped|whispered|cried|hissed|screamed|stammered|shouted)"
    speakers = set(re.findall(rf"”? {said} (Nora|Elias|Ruth|Tom)\b", DEMO.text))
    assert speakers == {"Nora", "Elias", "Ruth", "Tom"}
    for sound in ("rain", "thunder", "wind", "door", "knocks", "footsteps", "clock", "bell", "whispered"):
        assert re.search(rf"\b{sound}\b", DEMO.text, re.IGNORECASE), sound


def test_the_demo_sample_closes_every_quotation() -> None:
    for paragraph in DEMO.text.split("\n\n"):
        marks = "".join(re.findall("[“”]", paragraph))
        assert re.fullmatch("(“”)*", marks), paragraph
