"""Numbers in English words, and what Roman numerals stand for.

Own code, since num2words is LGPL, inflect is ten times as large and guesses at plurals, and what hibari has inside reads
tokens of its own making.
"""

from __future__ import annotations

import re
from typing import Final

NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
"""A number in figures, as a regular expression."""

VULGAR: Final = dict(zip("½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞", ((1, 2), (1, 3), (2, 3), (1, 4), (3, 4), (1, 5), (2, 5), (3, 5), (4, 5), (1, 6), (5, 6), (1, 8), (3, 8), (5, 8), (7, 8)), strict=True))  # fmt: skip

_ONES: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS: Final = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES: Final = ("", "thousand", "million", "billion", "trillion")
_ORDINALS: Final = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip
_ROMAN: Final = re.compile(r"(M{0,3})(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")
_LETTERS: Final = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def cardinal(number: int) -> str:
    """ "one thousand two hundred and thirty-four". From a quadrillion on, digit by digit."""
    if number >= 1000 ** len(_SCALES):
        return digits(str(number))
    if number < 1000:
        return _below_thousand(number)
    groups = []
    for scale in reversed(range(len(_SCALES))):
        count = number // 1000**scale % 1000
        if count and scale:
            groups.append(f"{_below_thousand(count)} {_SCALES[scale]}")
        elif count:
            groups.append(("and " if count < 100 else "") + _below_thousand(count))
    return " ".join(groups)


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    ones = f"-{_ONES[rest % 10]}" if rest % 10 else ""
    small = _ONES[rest] if rest < 20 else _TENS[rest // 10] + ones
    if not hundreds:
        return small
    return f"{_ONES[hundreds]} hundred" + (f" and {small}" if rest else "")


def ordinal(number: int) -> str:
    """ "one hundred and twenty-third"."""
    head, mark, last = re.fullmatch(r"(?:(.*)([ -]))?(\w+)", cardinal(number)).groups()  # type: ignore[union-attr]
    last = _ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last.removesuffix("t") + "th")
    return f"{head or ''}{mark or ''}{last}"


def year(number: int) -> str:
    """ "eighteen eighty-nine", "nineteen oh five", "two thousand and four", "fifteen hundred"."""
    century, rest = divmod(number, 100)
    if not 10 <= century < 100 or (century % 10 == 0 and rest < 10):
        return cardinal(number)
    if not rest:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def digits(figures: str) -> str:
    """Each digit by itself; other characters are passed over."""
    return " ".join(_ONES[int(figure)] for figure in figures if figure.isdecimal())


def plural(words: str) -> str:
    """Of a number word: "sixties", "sixes", "hundreds"."""
    return words[:-1] + "ies" if words.endswith("y") else words + ("es" if words.endswith("x") else "s")


def fraction(over: int, under: int) -> str:
    """ "one half", "three quarters", "five eighths"."""
    part = {2: "half", 4: "quarter"}.get(under) or ordinal(under)
    if over != 1:
        part = "halves" if under == 2 else part + "s"
    return f"{cardinal(over)} {part}"


def roman(letters: str) -> int:
    """What a well-formed Roman numeral in capitals stands for, up to 3,999; 0 for anything else."""
    if not letters or not _ROMAN.fullmatch(letters):
        return 0
    values = [_LETTERS[letter] for letter in letters]
    return sum(-value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True))


def number(written: str) -> str:
    """A plain number: "one thousand two hundred", "three point one four"; with a nought in front, digit by digit."""
    whole, point, decimals = written.replace(",", "").partition(".")
    if not point and len(whole) > 1 and whole.startswith("0"):
        return digits(whole)
    said = cardinal(int(whole)) if whole else ""
    return f"{said} point {digits(decimals)}".strip() if point else said


def part_of(over: int, under: int) -> str:
    """A fraction behind a whole number: "a half", "three quarters"."""
    said = fraction(over, under)
    return f"a {said.removeprefix('one ')}" if over == 1 else said
