"""Written English as it is said, case by case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narratix.honorifics import HONORIFICS
from narratix.providers.speech.normalise import normalise
from narratix.providers.speech.numerals import cardinal, fraction, ordinal, roman, year
from narratix.providers.speech.words import source_words


def said(text: str) -> str:
    return " ".join(word.spoken for word in source_words(text))


CASES = {
    # cardinals
    "12 men": "twelve men",
    "117 times": "one hundred and seventeen times",
    "1,234,567 stars": "one million two hundred and thirty-four thousand five hundred and sixty-seven stars",
    "1000 pounds": "one thousand pounds",
    "10,001 nights": "ten thousand and one nights",
    "1500 soldiers": "one thousand five hundred soldiers",
    "007": "zero zero seven",
    "#5 of them": "number five of them",
    "-5 below": "minus five below",
    # ordinals
    "the 22nd, at": "the twenty-second, at",
    "his 21st birthday": "his twenty-first birthday",
    "the 103rd": "the one hundred and third",
    "the 2d regiment": "the second regiment",
    "the XIXth century": "the nineteenth century",
    "the 1st. of May": "the first of May",
    "a 19th-century house": "a nineteenth century house",
    # years and dates
    "in 1889.": "in eighteen eighty-nine.",
    "In 1066, or 1905, or 2004": "In ten sixty-six, or nineteen oh five, or two thousand and four",
    "in 1500": "in fifteen hundred",
    "the 1860s": "the eighteen sixties",
    "in his 30s.": "in his thirties.",
    "back in '98": "back in ninety-eight",
    "5 May 1867": "the fifth of May eighteen sixty-seven",
    "the 5th of May": "the fifth of May",
    "May 5, 1867": "May fifth, eighteen sixty-seven",
    "on Dec. 22nd, 1889": "on December twenty-second, eighteen eighty-nine",
    "1889-12-22": "December twenty-second, eighteen eighty-nine",
    "12/25/1999": "December twenty-fifth, nineteen ninety-nine",
    "the war of 1914-18": "the war of nineteen fourteen to eighteen",
    "Yours of the 5th inst. came": "Yours of the fifth instant came",
    "c. 1850": "circa eighteen fifty",
    "the 10th-12th of May": "the tenth to twelfth of May",
    "mid-1860s": "mid eighteen sixties",
    # times of day
    "at 7:30 sharp": "at seven thirty sharp",
    "at 6:05": "at six oh five",
    "at 6:00": "at six o'clock",
    "at 7:45 p.m. sharp": "at seven forty-five P.M sharp",
    "at 7.30.": "at seven thirty.",
    "by 9 a.m. He left": "by nine A.M. He left",
    "5pm": "five P.M",
    "at 18:00": "at eighteen hundred",
    # money
    "$5.50": "five dollars and fifty cents",
    "$1": "one dollar",
    "£1,000": "one thousand pounds",
    "$2 million": "two million dollars",
    "$3m": "three million dollars",
    "£300–£400": "three hundred to four hundred pounds",
    "£3 4s. 6d.": "three pounds four shillings and sixpence.",
    "7s. 6d. for it": "seven shillings and sixpence for it",
    "sold at 12s.": "sold at twelve shillings.",
    "for 12s. A fine goose": "for twelve shillings. A fine goose",
    "4½d. each": "four and a half pence each",
    "10/6": "ten and sixpence",
    "5/-": "five shillings",
    "50¢": "fifty cents",
    "€20": "twenty euros",
    "a £10 note": "a ten pound note",
    "5,000l. a year": "five thousand pounds a year",
    "$1,234.56": "one thousand two hundred and thirty-four dollars and fifty-six cents",
    # decimals, fractions, percentages, ranges
    "3.14": "three point one four",
    "a .38 revolver": "a point three eight revolver",
    "1/2 a pound": "one half a pound",
    "2 1/2 miles": "two and a half miles",
    "2½ hours": "two and a half hours",
    "¾ of it": "three quarters of it",
    "5/8": "five eighths",
    "5%": "five percent",
    "5-10% of them": "five to ten percent of them",
    "10–12 days": "ten to twelve days",
    "pages 50-60": "pages fifty to sixty",
    "a 50-50 chance": "a fifty fifty chance",
    "24/7": "twenty-four seven",
    # runs of figures
    "555-1234": "five five five, one two three four",
    "call 555 1234 now": "call five five five one two three four now",
    "12345678": "one two three four five six seven eight",
    "221B, Baker Street": "two twenty-one B, Baker Street",
    "MI6 and B12": "M.I six and B twelve",
    "a 4x4": "a four by four",
    # measures and symbols
    "5 ft. 10 in. tall": "five feet ten inches tall",
    "1 lb. of tea": "one pound of tea",
    "60mph": "sixty miles per hour",
    "12°30' N.": "twelve degrees thirty N.",
    "20°C": "twenty degrees Celsius",
    "a 10-year-old": "a ten year old",
    "10 km": "ten kilometres",
    "5 in the morning": "five in the morning",
    "Smith & Co. were": "Smith and Company were",
    "R&D": "R and D",
    "and/or": "and or",
    "his/her": "his or her",
    "me@example.com": "me at example dot com",
    "2 + 2 = 4": "two plus two equals four",
    # abbreviations
    "Mr. and Mrs. Brown": "Mister and Missus Brown",
    "Dr Watson": "Doctor Watson",
    "Mulholland Dr. was": "Mulholland Drive was",
    "St. Peter": "Saint Peter",
    "in Baker St. was": "in Baker Street was",
    "221 Baker St. London": "two hundred and twenty-one Baker Street London",
    "Mount St. Helens": "Mount Saint Helens",
    "No. 5": "number five",
    "No. I will not": "No. I will not",
    "vol. 3, pp. 4-5": "volume three, pages four to five",
    "apples, etc. He left": "apples, et cetera. He left",
    "apples, etc., and": "apples, et cetera, and",
    "i.e. the cook, e.g., this": "that is the cook, for example, this",
    "Capt. Good and Lieut. Gray": "Captain Good and Lieutenant Gray",
    "Brown v. Smith": "Brown versus Smith",
    "Martin Luther King Jr. spoke": "Martin Luther King Junior spoke",
    "a fig. Then": "a fig. Then",
    "Dr.Smith of No.5": "Doctor Smith of number five",
    "on 5th St.": "on fifth Street.",
    # initials and acronyms
    "J. H. Watson, M.D.": "J H Watson, M.D.",
    "the U.S. Navy": "the U.S Navy",
    "in the U.S. He left": "in the U.S. He left",
    "an M.P. and two MPs": "an M.P and two M.P's",
    "A. B. Brown": "/ˈeɪ/ B Brown",
    "“A,” he said, from A to Z": "/ˈeɪ/, he said, from /ˈeɪ/ to Z",
    "A man": "A man",
    "So did I. Then": "So did I. Then",
    "The FBI and the BBC": "The F.B.I and the B.B.C",
    "N.A.S.A.'s": "N.A.S.A's",
    # Roman numerals
    "Chapter XIV": "Chapter fourteen",
    "CHAPTER IV": "chapter four",
    "Henry VIII was": "Henry the eighth was",
    "George V. was king": "George the fifth was king",
    "Elizabeth I’s court": "Elizabeth the first's court",
    "World War II": "World War two",
    "Malcolm X": "Malcolm X",
    "Book I of it": "Book one of it",
    "Anna, I know": "Anna, I know",
    "the book I read": "the book I read",
    "VII. THE ADVENTURE": "seven. the adventure",
    "I will MIX it": "I will mix it",
    "I—I never": "I— I never",
    "I!": "I!",
    "III": "three",
    "Louis I., king": "Louis the first, king",
    "&c., and": "et cetera, and",
    "to err is human": "to err is human",
    "Vitamin C, and": "Vitamin C, and",
    # stutters, shouts, sounds, letters
    "“W-what?”": "/wə/, what?",
    "B-b-but": "/bə/, /bə/, but",
    "th-that": "/ðə/, that",
    "Th-thank you": "/θə/, thank you",
    "St-stop!": "/stə/, stop!",
    "K-knife": "/nə/, knife",
    "I-I don't": "I, I don't",
    "I-I’m": "I, I’m",
    "a T-shirt, an X-ray": "a T-shirt, an X-ray",
    "C-A-T": "C.A.T",
    "There's PLENTY of room": "There's plenty of room",
    "IT was not long": "it was not long",
    "it must be HE": "it must be he",
    "I'M COMING": "I'm coming",
    "YMCA": "Y.M.C.A",
    "Nooooo! Shhhh...": "no! /ʃʃʃ/…",
    "Hmm, whaaat?": "/hm̩/, what?",
    # pauses
    "Well . . . perhaps": "Well… perhaps",
    "he said—quite calmly": "he said— quite calmly",
    "1000--he": "one thousand— he",
}  # fmt: skip


@pytest.mark.parametrize(("written", "spoken"), CASES.items(), ids=CASES)
def test_given_writing_when_read_then_it_is_said_as_people_say_it(written: str, spoken: str) -> None:
    assert said(written) == spoken


@pytest.mark.parametrize(
    ("written", "shares"),
    [
        ("£3 4s. 6d.", ["three pounds", "four shillings", "and sixpence."]),
        ("$2 million now", ["two", "million dollars", "now"]),
        ("5 May 1867", ["the fifth of", "May", "eighteen sixty-seven"]),
        ("2 1/2 miles", ["two", "and a half", "miles"]),
        ("he—1889—she", ["he— eighteen eighty-nine— she"]),
    ],
)
def test_given_figures_when_said_then_each_source_word_keeps_its_share(written: str, shares: list[str]) -> None:
    words = source_words(written)
    assert [word.spoken for word in words] == shares
    assert [written[word.start : word.end] for word in words] == written.split()


@pytest.mark.parametrize("short", HONORIFICS)
def test_given_an_honorific_that_ends_no_sentence_when_said_then_it_is_in_full(short: str) -> None:
    assert said(f"{short}. Brown") not in (f"{short}. Brown", f"{short} Brown")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"), (21, "twenty-one"), (100, "one hundred"), (110, "one hundred and ten"), (1_001, "one thousand and one"),
        (2_000_000, "two million"), (10**15, "one " + " ".join(["zero"] * 15)),
    ],
)  # fmt: skip
def test_given_a_number_when_said_then_it_is_in_words(number: int, words: str) -> None:
    assert cardinal(number) == words


def test_given_numbers_when_said_as_ordinals_and_fractions_then_their_endings_are_right() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 8, 9, 12, 20, 22, 100, 101)] == [
        "first", "second", "third", "eighth", "ninth", "twelfth", "twentieth", "twenty-second", "one hundredth",
        "one hundred and first",
    ]  # fmt: skip
    assert [fraction(*pair) for pair in ((1, 2), (3, 4), (2, 3), (1, 20))] == [
        "one half",
        "three quarters",
        "two thirds",
        "one twentieth",
    ]


def test_given_years_when_said_then_they_go_by_centuries() -> None:
    assert [year(n) for n in (476, 1000, 1066, 1800, 1905, 2000, 2009, 2026)] == [
        "four hundred and seventy-six", "one thousand", "ten sixty-six", "eighteen hundred", "nineteen oh five",
        "two thousand", "two thousand and nine", "twenty twenty-six",
    ]  # fmt: skip


@given(st.integers(1, 3999))
def test_given_a_number_when_written_in_roman_then_it_is_read_back(number: int) -> None:
    written = ""
    rest = number
    for value, letters in zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"),
        strict=True,
    ):
        written += letters * (rest // value)
        rest %= value
    assert roman(written) == number
    assert roman(written + "IIII") == 0


_PIECES = st.sampled_from(
    ["Mr.", "St.", "£3", "4s.", "6d.", "7:30", "1889", "Chapter", "XIV", "I", "W-what", "A.", "B.", "etc.", "U.S.", "½", "1/2",
     "10-12", "—", "and", "He", "5%", "&", "No.", "FBI", "1.2.3", "9:99", "£", "x-1", "0/0", "3/0", "'98", "(5)", "2d", "½d."]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=8))
def test_given_any_words_when_said_then_none_is_lost_and_no_figure_is_left(words: list[str]) -> None:
    spoken = normalise(words)
    assert len(spoken) == len(words)
    for written, form in zip(words, spoken, strict=True):
        assert not any(map(str.isdecimal, form))
        assert bool(form.strip()) or not any(map(str.isalnum, written))


@given(st.text(alphabet="Aab1.,’'-/£$%½:&WI Vx\n", max_size=40))
def test_given_any_text_when_said_then_every_source_word_says_something(text: str) -> None:
    for word in source_words(text):
        assert any(map(str.isalnum, word.spoken)), text[word.start : word.end]
        assert not any(map(str.isdecimal, word.spoken))
