"""Words that are pronounced by a lexicon, in what the voices are given to say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from narratix.events.catalogue import CastMember, JobSubmitted, LineSpoken, Options, ScriptWritten, Segment, VoicesCast
from narratix.handlers import speak_line
from narratix.handlers.clips import Clips
from narratix.handlers.handler import Ports
from narratix.handlers.texts import Texts, text_key
from narratix.job import Job, fold
from narratix.ports import Spoken
from narratix.providers.speech.lexicon import global_pronunciations, respelled
from narratix.providers.speech.phonemes import SILENT, Phonemiser
from narratix.providers.speech.silent import SilentSpeech
from narratix.providers.speech.words import source_words
from narratix.providers.storage.directory import DirectoryStorage
from narratix.script.ipa import SYMBOLS
from narratix.script.pronunciations import BadPronunciation

LEXICON = {"hermione": "her-MY-oh-nee", "anna": "/ˈɑːnə/", "d'arcy": "Darcy"}


def said(text: str, pronunciations: Mapping[str, str] = LEXICON) -> str:
    return " ".join(word.spoken for word in source_words(text, pronunciations))


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("“Hermione!” cried Anna.", "/hərˈmaɪoʊniː/! cried /ˈɑːnə/."),
        ("Anna’s D’Arcy’s book", "/ˈɑːnəz/ darcy's book"),
        ("HERMIONE-like", "/hərˈmaɪoʊniː/ like"),
        ("_Anna_--she", "/ˈɑːnə/— she"),
        ("Annabel", "Annabel"),
    ],
)
def test_given_a_lexicon_when_a_text_is_read_then_its_words_are_said_by_it(written: str, spoken: str) -> None:
    assert said(written) == spoken


@pytest.mark.parametrize("british", [False, True])
def test_given_a_lexicon_when_phonemised_then_the_sounds_are_its_own_and_belong_to_their_word(british: bool) -> None:
    phonemiser = Phonemiser(SYMBOLS, british=british)
    (phrase,) = phonemiser.phrases(source_words("Then Anna’s cat saw Hermione, a D’Arcy.", LEXICON))
    spoken = dict.fromkeys(phrase.owners, "")
    for symbol, owner in zip(phrase.symbols, phrase.owners, strict=True):
        spoken[owner] += symbol
    assert spoken[1] == ("ˈɑːnəz" if british else "ˈɑnəz")
    assert spoken[4] == ("həɹmˈIQniː" if british else "həɹmˈIOni")
    assert spoken[6] == "dˈɑːsi" if british else "dˈɑɹsi"
    assert set(spoken) == {SILENT, *range(7)}


def test_given_the_networks_vocabulary_then_it_is_the_one_that_pronunciations_are_checked_by() -> None:
    assert frozenset(json.loads((files("hibari") / "assets" / "vocab.json").read_text(encoding="utf-8"))) == SYMBOLS


def test_given_a_voice_without_ipa_when_a_text_is_respelled_then_every_word_is_found_again() -> None:
    text = "“Hermione’s here,” said Anna."
    sent, at = respelled(text, LEXICON)
    assert sent == "“hermyohnee's here,” said ahnuh."
    assert [sent[at[word.start] : at[word.end]] for word in source_words(text)] == [
        "“hermyohnee's", "here,”", "said", "ahnuh.",
    ]  # fmt: skip
    assert respelled("_Anna_", LEXICON)[0] == "_ahnuh_"
    assert respelled("Nobody.", LEXICON) == ("Nobody.", list(range(8)))


def test_given_files_of_pronunciations_when_read_then_an_installations_own_come_first(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('Hermione = "her-MY-oh-nee"\n"D’Arcy" = "Darcy"\n', encoding="utf-8")
    assert global_pronunciations(own) == {**global_pronunciations(), "hermione": "her-MY-oh-nee", "d'arcy": "Darcy"}


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ('Anna = "/7/"', r"own\.toml: .*'7'"),
        ("Anna = 7", r"own\.toml: .*should be a string"),
        ("Anna", r"own\.toml is no TOML"),
    ],
)
def test_given_a_file_that_is_wrong_when_read_then_it_is_named(tmp_path: Path, written: str, sentence: str) -> None:
    own = tmp_path / "own.toml"
    own.write_text(written, encoding="utf-8")
    with pytest.raises(BadPronunciation, match=sentence):
        global_pronunciations(own)


def test_given_no_file_where_one_is_named_when_read_then_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadPronunciation, match=r"none\.toml cannot be read"):
        global_pronunciations(tmp_path / "none.toml")


# -- in a drama --------------------------------------------------------------------------------

TEXT = "The rain fell. “Hermione!” said Anna. It was late."


class Asked(SilentSpeech):
    """Notes how it is asked to pronounce."""

    def __init__(self) -> None:
        self.pronunciations: list[Mapping[str, str] | None] = []

    async def speak(self, text: str, voice: str, **how: Any) -> Spoken:
        self.pronunciations.append(how["pronunciations"])
        return await super().speak(text, voice, **how)


async def spoken_lines(
    tmp_path: Path, asked: Asked, pronunciations: dict[str, str], everywhere: Mapping[str, str] | None = None
) -> list[LineSpoken]:
    storage = DirectoryStorage(tmp_path, secret=b"s" * 32, clock=lambda: 0.0)
    texts = Texts(storage)
    sha256 = await texts.put(TEXT)
    cuts = [0, 15, 27, 38, len(TEXT)]
    job = fold(
        Job(id=speak_line_job()),
        [
            JobSubmitted(title="", text_sha256=sha256, text_key=text_key(sha256), characters=len(TEXT),
                         options=Options(pronunciations=pronunciations)),
            ScriptWritten(engine="rules", text_sha256=sha256, language="en", music=(), effects=(),
                          segments=tuple(Segment(start=a, end=b, kind="narration", speaker="narrator")
                                         for a, b in pairwise(cuts)),
                          cast=(CastMember(id="narrator", name="Narrator", narrator=True),)),
            VoicesCast(engine="silent", voices={"narrator": "ada"}),
        ],
    )  # fmt: skip
    everything: Any = dict.fromkeys(Ports.__dataclass_fields__)
    everything |= {"speech": {"silent": asked}, "default_speech": "silent", "local_speech": "silent", "texts": texts,
                   "clips": Clips(storage), "pronunciations": everywhere or {}}  # fmt: skip
    spoken = [await speak_line.run(Ports(**everything), job, str(line)) for line in range(4)]
    return [line for line in spoken if isinstance(line, LineSpoken)]


def speak_line_job() -> Any:
    from uuid import UUID

    return UUID(int=1)


async def test_given_a_pronunciation_when_a_drama_is_spoken_again_then_only_lines_with_the_word_are(
    tmp_path: Path,
) -> None:
    asked = Asked()
    plain = await spoken_lines(tmp_path, asked, {})
    assert asked.pronunciations == [{}] * 4
    wished = await spoken_lines(tmp_path, asked, {"hermione": "her-MY-oh-nee", "nobody": "noh-BUH-dy"})
    assert asked.pronunciations[4:] == [{"hermione": "her-MY-oh-nee"}]
    assert [line.clip_key == before.clip_key for line, before in zip(wished, plain, strict=True)] == [
        True, False, True, True,
    ]  # fmt: skip
    again = await spoken_lines(tmp_path, asked, {"hermione": "her-MY-oh-nee"})
    assert [line.clip_key for line in again] == [line.clip_key for line in wished]
    assert len(asked.pronunciations) == 5


async def test_given_a_lexicon_for_every_drama_when_a_job_has_its_own_word_then_that_counts(tmp_path: Path) -> None:
    asked = Asked()
    await spoken_lines(tmp_path, asked, {"anna": "ann-uh"}, everywhere={"anna": "/ˈɑːnə/", "late": "layt"})
    assert [each for each in asked.pronunciations if each] == [{"anna": "ann-uh"}, {"late": "layt"}]
