"""Sums of money as they are said, in coins of today and before 1971."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import gcd
from typing import Final

from narratix.providers.speech.abbreviations import MONEY, PERIOD, SCALE_WORDS, SCALES
from narratix.providers.speech.atoms import Atoms
from narratix.providers.speech.numerals import NUMBER, VULGAR, cardinal, number, part_of

_SIGNS: Final = "".join(MONEY)

_MONEY: Final = re.compile(rf"([{_SIGNS}])({NUMBER})(k|m|bn|b|tn|K|M|B)?(?:[-–]([{_SIGNS}])?({NUMBER}))?")
_SHILLINGS: Final = re.compile(r"(\d{1,3})s")
_PENCE: Final = re.compile(r"(\d{1,2})?([½¼¾])?d")
_ONE_THING: Final = frozenset({"note", "notes", "bill", "bills", "piece", "pieces", "bet", "fine", "reward"})
_COINS: Final = re.compile(r"(\d{1,2})/(\d{1,2}|-)")


def _money(atoms: Atoms, at: int) -> None:
    """$5.50, £3 4s. 6d., £2 million, $3m, £300–£400"""
    atom, after = atoms[at], atoms.after(at)
    match = _MONEY.fullmatch(atom.core)
    if match is None:
        return
    sign, amount, scale, _, upper = match.groups()
    one, small = MONEY[sign]
    if upper:
        atom.said = f"{number(amount)} to {number(upper)} {one if sign == '¥' else one + 's'}"
    elif scale:
        atom.said = f"{number(amount)} {SCALES[scale.lower()]} {one if sign == '¥' else one + 's'}"
    elif after is not None and after.core.casefold() in SCALE_WORDS and not atom.tail:
        atom.said = number(amount)
        after.said = f"{after.core} {one if sign == '¥' else one + 's'}"
    else:
        atom.said = _sum(
            amount, one, small, of_something=after is not None and not atom.tail and after.core in _ONE_THING
        )


def _sum(amount: str, one: str, small: str, *, of_something: bool = False) -> str:
    whole, point, cents = amount.replace(",", "").partition(".")
    if len(cents) > 2:
        return f"{number(amount)} {one}s"
    units, rest = int(whole or 0), int(cents.ljust(2, "0")) if point else 0
    many = one if one == "yen" or units == 1 or of_something else one + "s"
    coin = small if small in ("pence", "sen", "paisa") else small + ("" if rest == 1 else "s")
    coin = "penny" if coin == "pence" and rest == 1 else coin
    parts = [f"{cardinal(units)} {many}"] if units or not rest else []
    parts += [f"{cardinal(rest)} {coin}"] if rest else []
    return " and ".join(parts)


def _old_coins(atoms: Atoms, at: int) -> None:
    """12s. 6d., 7s., 4½d., 10/6, 5/-"""
    atom, before, after = atoms[at], atoms.before(at), atoms.after(at)
    behind_sum = before is not None and (before.said or "").endswith(("pound", "pounds", "shilling", "shillings"))
    pence_follow = after is not None and bool(_PENCE.fullmatch(after.core)) and not atom.tail.strip(".")
    in_his = before is not None and before.core.casefold() in PERIOD and atom.core.endswith("0s")  # "in his 30s."
    if (match := _SHILLINGS.fullmatch(atom.core)) and (pence_follow or behind_sum or (atom.dotted and not in_his)):
        atom.say(_shillings(int(match[1])), dot=not pence_follow and atoms.stops(at))
    elif (match := _PENCE.fullmatch(atom.core)) and (match[1] or match[2]) and (atom.dotted or behind_sum):
        atom.say(("and " if behind_sum else "") + _pence(int(match[1] or 0), match[2]), dot=atoms.stops(at))
    elif match := _COINS.fullmatch(atom.core):
        shillings, pence = int(match[1]), match[2]
        if pence == "-":
            atom.said = _shillings(shillings)
        elif _are_coins(shillings, int(pence)):
            atom.said = f"{cardinal(shillings)} and {_pence(6, None) if pence == '6' else cardinal(int(pence))}"


def _are_coins(shillings: int, pence: int) -> bool:
    """Whether 7/6 is coins: no fraction, or one that nobody would leave unreduced; and no proverb."""
    odd = shillings >= pence or (pence == 6 and gcd(shillings, 6) > 1)
    return 0 < pence < 12 and odd and (shillings, pence) not in ((24, 7), (9, 11))


def _shillings(amount: int) -> str:
    return f"{cardinal(amount)} shilling{'' if amount == 1 else 's'}"


def _pence(amount: int, part: str | None) -> str:
    if part:
        over, under = VULGAR[part]
        half = {"½": "halfpenny", "¼": "farthing", "¾": "three farthings"}[part]
        return f"{cardinal(amount)} and {part_of(over, under)} pence" if amount else half
    return {1: "one penny", 2: "twopence", 3: "threepence", 6: "sixpence"}.get(amount) or f"{cardinal(amount)} pence"


RULES: Final[Sequence[Callable[[Atoms, int], None]]] = (_money, _old_coins)
