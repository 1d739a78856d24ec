"""`narratix render --say WORD=HOW`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from narratix.cli.render import _pronunciations, command


def test_given_pronunciations_when_read_then_each_is_checked_and_tidied() -> None:
    assert _pronunciations(("Hermione=her-MY-oh-nee", "Anna = / ˈɑːnə /")) == {
        "hermione": "her-MY-oh-nee",
        "anna": "/ˈɑːnə/",
    }


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("Anna", "Hermione=her-MY-oh-nee"),
        ("=x", "Hermione=her-MY-oh-nee"),
        ("Anna=/7/", "not English IPA"),
        ("Black Dog=x", "no single word"),
    ],
)
def test_given_what_nobody_can_say_when_rendered_then_it_is_told_before_anything_is_made(
    tmp_path: Path, said: str, sentence: str
) -> None:
    story = tmp_path / "story.txt"
    story.write_text("Anna came.", encoding="utf-8")
    done = CliRunner().invoke(command, [str(story), "-o", str(tmp_path / "drama.mp3"), "--say", said])
    assert done.exit_code == 2
    assert sentence in " ".join(done.output.split())
    assert not (tmp_path / "drama.mp3").exists()
