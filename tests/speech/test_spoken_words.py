"""From what is written to what is said, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narratix.providers.speech.words import sentences, source_words


def said(text: str) -> str:
    return " ".join(word.spoken for word in source_words(text))


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("“Hello,” she said.", "Hello, she said."),
        ("It was _very_ cold -- he *swore* it.", "It was very cold— he swore it."),
        ("Well . . . perhaps", "Well… perhaps"),
        ("Wait.... what", "Wait… what"),
        ("‘Stop!’ he cried, ’tis late", "Stop! he cried, ’tis late"),
        ("We're runnin' late", "We're runnin' late"),
        ("LET US GO", "let us go"),
        ("The FBI came. STOP!", "The F.B.I came. stop!"),
        ("CHAPTER IV", "chapter four"),
        ("the J. R. R. TOLKIEN SOCIETY", "the J R R tolkien society"),
    ],
)
def test_given_writing_when_read_then_it_is_handed_over_as_said(written: str, spoken: str) -> None:
    assert said(written) == spoken


def test_given_abbreviations_when_cut_into_sentences_then_they_end_none() -> None:
    words = source_words("Mr. J. Brown came. He saw St. Ives! “Did he?” he asked. So did I. Then\n\nit rained")
    assert [words[s[-1]].spoken for s in sentences(words)] == ["came.", "Ives!", "asked.", "I.", "Then", "rained"]


@given(st.text(alphabet="ab1.,’'—-_ \n“”A…É", max_size=60))
def test_given_any_text_when_read_then_its_words_are_those_with_a_letter_or_digit(text: str) -> None:
    words = source_words(text)
    assert [text[w.start : w.end] for w in words] == [run for run in text.split() if any(c.isalnum() for c in run)]
    assert [i for sentence in sentences(words) for i in sentence] == list(range(len(words)))
