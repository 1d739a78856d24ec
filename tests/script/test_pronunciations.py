"""A lexicon's entries: what can be said, and which of them a text needs."""

from __future__ import annotations

import pytest

from narratix.script.ipa import SYMBOLS, to_symbols
from narratix.script.pronunciations import BadPronunciation, checked, in_text
from narratix.script.respelling import ipa_of


@pytest.mark.parametrize(
    ("word", "said", "entry"),
    [
        ("Hermione", "her-MY-oh-nee", ("hermione", "her-MY-oh-nee")),
        (" D’Arcy ", "Darcy", ("d'arcy", "Darcy")),
        ("Cholmondeley", "  Chum   lee ", ("cholmondeley", "Chum lee")),
        ("Anna", "/ ˈɑːnə /", ("anna", "/ˈɑːnə/")),
        ("Baden-Baden", "/ˌbɑːdən ˈbɑːdən/", ("baden-baden", "/ˌbɑːdənˈbɑːdən/")),
    ],
)
def test_given_an_entry_when_checked_then_it_is_tidied(word: str, said: str, entry: tuple[str, str]) -> None:
    assert checked(word, said) == entry


@pytest.mark.parametrize(
    ("word", "said", "sentence"),
    [
        ("Black Dog", "blak dog", "no single word"),
        ("", "x", "no single word"),
        ("a" * 41, "x", "no single word"),
        ("Anna", "a" * 81, "longer than 80"),
        ("Anna", "", "respelling in letters"),
        ("Anna", "an7a", "respelling in letters"),
        ("Anna", "<b>anna</b>", "respelling in letters"),
        ("Anna", "/ˈɑːnə", "between two slashes"),
        ("Anna", "/a/b/", "between two slashes"),
        ("Anna", "//", "between two slashes"),
        ("Anna", "/ˈˌ/", "no sound"),
        ("Anna", "/ǃana7/", r"not English IPA: 'ǃ' \(U\+01C3\), '7' \(U\+0037\)"),
    ],
)
def test_given_an_entry_that_nobody_can_say_when_checked_then_it_says_why(word: str, said: str, sentence: str) -> None:
    with pytest.raises(BadPronunciation, match=sentence):
        checked(word, said)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hermione’s book", ["hermione"]),
        ("“HERMIONE!” he cried", ["hermione"]),
        ("the Hermione-like girl", ["hermione"]),
        ("D’Arcy and Anna", ["anna", "d'arcy"]),
        ("_Anna_--Hermione!", ["anna", "hermione"]),
        ("Hermiones, Annabel", []),
        ("", []),
    ],
)
def test_given_a_text_when_asked_then_only_entries_of_its_words_are_needed(text: str, found: list[str]) -> None:
    lexicon = {"hermione": "her-MY-oh-nee", "anna": "/ˈɑːnə/", "d'arcy": "Darcy"}
    assert list(in_text(text, lexicon)) == found


@pytest.mark.parametrize(
    ("respelling", "ipa"),
    [
        ("her-MY-oh-nee", "hərˈmaɪoʊniː"),
        ("shuh-VAWN", "ʃəˈvɔːn"),
        ("CHUM-lee", "ˈtʃʌmliː"),
        ("kee-vuh", "ˈkiːvə"),
        ("thay-LEE-uh", "θeɪˈliːə"),
        ("WUUS-ter", "ˈwʊstər"),
        ("Chumley", None),
        ("xyz-QRS", None),
    ],
)
def test_given_a_respelling_when_read_then_its_syllables_are_sounds(respelling: str, ipa: str | None) -> None:
    assert ipa_of(respelling) == ipa


@pytest.mark.parametrize(
    ("ipa", "american", "british"),
    [
        ("hɜːˈmaɪəni", "hɜɹmˈIəni", "hɜːmˈIəni"),
        ("ˈtʃɔɪs", "ʧˈYs", "ʧˈYs"),
        ("ɡoʊˈɡæn", "ɡOɡˈæn", "ɡQɡˈan"),
        ("ˈstreɪndʒ", "stɹˈAnʤ", "stɹˈAnʤ"),
        ("ˈbʌtn̩", "bˈʌtᵊn", "bˈʌtᵊn"),
    ],
)
def test_given_ipa_when_it_is_written_for_the_voices_then_stress_stands_at_the_vowel(
    ipa: str, american: str, british: str
) -> None:
    assert to_symbols(ipa, british=False) == american
    assert to_symbols(ipa, british=True) == british
    assert set(american + british) <= SYMBOLS
