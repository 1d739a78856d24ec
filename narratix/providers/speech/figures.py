"""Figures as they are said: money, times of day, dates, years, ranges, fractions, measures, telephone numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from narratix.providers.speech import money
from narratix.providers.speech.abbreviations import (
    MONTH_OF,
    MONTHS,
    UNITS,
    UNITS_WITH_DOT,
    words_of,
)
from narratix.providers.speech.atoms import Atoms
from narratix.providers.speech.numerals import (
    NUMBER,
    VULGAR,
    cardinal,
    digits,
    fraction,
    number,
    ordinal,
    part_of,
    plural,
    year,
)

_TIME: Final = re.compile(r"(\d{1,2})([:.])(\d{2})(?::(\d{2}))?([ap]\.?m)?", re.IGNORECASE)
_HOUR: Final = re.compile(r"(\d{1,2})([ap])\.?m", re.IGNORECASE)
_NOON: Final = re.compile(r"[ap]\.?m", re.IGNORECASE)
_ORDINAL: Final = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)", re.IGNORECASE)
_ISO: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_SLASHED: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})")
_DECADE: Final = re.compile(r"(\d{4}|\d0)(?:'|’)?s")
_PHONE: Final = re.compile(r"(?:\+?\d{1,3}[-.])?(?:\(?\d{3}\)?[-.])?\d{3}-\d{4}|\+?\d[\d-]{8,}\d")
_RANGE: Final = re.compile(rf"({NUMBER})[-–]({NUMBER})(%|°|[a-z]{{1,4}})?")
_FRACTION: Final = re.compile(r"(\d+)/(\d+)")
_MIXED: Final = re.compile(rf"(\d*)([{''.join(VULGAR)}])")
_MEASURE: Final = re.compile(rf"([-−+±#])?({NUMBER})\s?(°[CFcf]?|%|‰|¢|[A-Za-zµ/.]+)")
_FEET: Final = re.compile(r"(\d+)['’′](\d{1,2})?")
_VERSION: Final = re.compile(r"\d+(?:\.\d+){2,}")
_PLAIN: Final = re.compile(rf"([-−+±#])?({NUMBER})")
_DEGREES: Final = re.compile(r"(\d+)°(\d+)['’′]?")
_DAYS: Final = re.compile(r"\d(?:st|nd|rd|th)\b")
_COMPOUND: Final = re.compile(r"[\w'’.,]+(?:[-–][\w'’.]+)+")
_MIXTURE: Final = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z\d]+")
_SIGN_WORDS: Final = {"-": "minus", "−": "minus", "+": "plus", "±": "plus or minus", "#": "number"}
_CALLS: Final = words_of("telephone phone tel call number dial ring fax")
_CLOCK: Final = words_of("at by till until before after about past from to the")
_COUNTED: Final = re.compile(r"(?:[a-z]{2,}s|men|women|people|feet|children|horse|foot|head|sheep|pounds)")
_NOT_COUNTED: Final = words_of("was is as has this his its us yes thus perhaps")


def count(written: str, following: str = "") -> str:
    """A number in a sentence: four figures without a comma are a year, unless something is counted with them."""
    counts = following not in _NOT_COUNTED and _COUNTED.fullmatch(following)
    if not counts and re.fullmatch(r"\d{4}", written) and 1010 <= int(written) < 2100:
        return year(int(written))
    return number(written)


# -- time --------------------------------------------------------------------------------------


def _times(atoms: Atoms, at: int) -> None:
    """7:30, 6:05, 7.45 p.m., 5 o'clock, 9:00, 5pm"""
    atom, before, after = atoms[at], atoms.before(at), atoms.after(at)
    noon = (
        after is not None
        and bool(_NOON.fullmatch(after.core))
        and (after.dotted or "." in after.core or after.core.isalpha())
    )
    if match := _HOUR.fullmatch(atom.core):
        atom.say(f"{cardinal(int(match[1]))} {match[2].upper()}.M", dot=atom.dotted and atoms.begins_sentence(at + 1))
        return
    match = _TIME.fullmatch(atom.core)
    if match is None:
        return
    hour, minute, seconds = int(match[1]), int(match[3]), match[4]
    cue = before.core.casefold() if before is not None else ""
    measured = after is not None and (after.core.casefold() in UNITS or after.core.casefold() in ("per", "percent"))
    if match[2] == "." and not (match[5] or noon or (cue in _CLOCK - {"the", "to", "from", "about"} and not measured)):
        return
    if hour > 24 or minute > 59:
        return
    said = cardinal(hour)
    if minute:
        said += (" oh " if minute < 10 else " ") + cardinal(minute)
    elif not (noon or match[5] or seconds):
        said += " hundred" if hour > 12 else " o'clock"
    if seconds:
        said += f" and {cardinal(int(seconds))} seconds"
    if match[5]:
        atom.say(f"{said} {match[5][0].upper()}.M", dot=atom.dotted and atoms.begins_sentence(at + 1))
    else:
        atom.said = said


def _dates(atoms: Atoms, at: int) -> None:
    """5 May 1867, May 5, Dec. 22nd, 1889-12-22, 12/25/1999, the 1860s, '98"""
    atom, before, after = atoms[at], atoms.before(at), atoms.after(at)
    month_follows = after is not None and after.core[:1].isupper() and _month(after.core) and not atom.tail
    month_before = (
        before is not None and before.core[:1].isupper() and _month(before.core) and not before.tail.strip(".")
    )
    day = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?", atom.core)
    if match := _ISO.fullmatch(atom.core):
        atom.said = _full_date(int(match[1]), int(match[2]), int(match[3]))
    elif match := _SLASHED.fullmatch(atom.core):
        first, second, of_year = int(match[1]), int(match[2]), int(match[3])
        month, day_of = (first, second) if first <= 12 else (second, first)
        atom.said = _full_date(of_year if of_year > 99 else of_year + (1900 if of_year > 30 else 2000), month, day_of)
    elif day and 1 <= int(day[1]) <= 31 and month_follows:
        the = "" if before is not None and before.core.casefold() == "the" else "the "
        atom.said = f"{the}{ordinal(int(day[1]))} of"
    elif day and 1 <= int(day[1]) <= 31 and month_before:
        atom.said = ordinal(int(day[1]))
    elif match := _DECADE.fullmatch(atom.core):
        atom.said = plural(year(int(match[1])) if len(match[1]) == 4 else cardinal(int(match[1])))


def _month(core: str) -> str | None:
    return MONTH_OF.get(core.casefold())


def _full_date(of_year: int, month: int, day: int) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{MONTHS[month - 1]} {ordinal(day)}, {year(of_year)}"


# -- the rest ----------------------------------------------------------------------------------


def _ordinals(atoms: Atoms, at: int) -> None:
    """22nd, 1,000th, the 2d of March"""
    atom, before = atoms[at], atoms.before(at)
    if match := _ORDINAL.fullmatch(atom.core):
        atom.say(ordinal(int(match[1].replace(",", ""))), dot=atoms.stops(at))
    elif (match := re.fullmatch(r"(\d*[23])d", atom.core)) and before is not None and before.core.casefold() == "the":
        atom.say(ordinal(int(match[1])), dot=atoms.stops(at))


def _telephones(atoms: Atoms, at: int) -> None:
    """555-1234, 0207 946 0018 behind "telephone", any run of seven figures and more"""
    atom = atoms[at]
    if _PHONE.fullmatch(atom.core) and not _ISO.fullmatch(atom.core):
        groups = [digits(group) for group in re.split(r"[-.()+]", atom.core) if group]
        atom.said = ("plus " if atom.core.startswith("+") else "") + ", ".join(groups)
    elif re.fullmatch(r"\d{7,}", atom.core):
        atom.said = digits(atom.core)
    elif re.fullmatch(r"\d{2,6}", atom.core):
        cued = any(atoms[k].core.casefold() in _CALLS for k in range(max(0, at - 4), at))
        beside = [each for each in (atoms.before(at), atoms.after(at)) if each is not None]
        if cued and any(re.fullmatch(r"\d{3,4}", each.core) and not each.tail.strip(",.") for each in beside):
            atom.said = digits(atom.core)


def _ranges(atoms: Atoms, at: int) -> None:
    """10–12, 1914-18, 5-10%"""
    atom = atoms[at]
    match = _RANGE.fullmatch(atom.core)
    if match is None:
        return
    first, last, unit = match.groups()
    if unit and unit.casefold() not in UNITS:
        return
    if re.fullmatch(r"1\d{3}|20\d\d", first) and re.fullmatch(r"\d{2}|1\d{3}|20\d\d", last) and not unit:
        said = f"{year(int(first))} to {year(int(last)) if len(last) == 4 else ('oh ' if last < '10' else '') + cardinal(int(last))}"
    elif first == last and first.endswith("0"):  # fifty-fifty
        said = f"{number(first)} {number(last)}"
    else:
        said = f"{number(first)} to {number(last)}"
    atom.said = f"{said} {_unit(unit.casefold(), True)}" if unit else said


def _fractions(atoms: Atoms, at: int) -> None:
    """1/2, 2 1/2, 2½, 24/7"""
    atom, before = atoms[at], atoms.before(at)
    behind_number = before is not None and bool(re.fullmatch(r"\d+", before.core)) and not before.tail
    if match := _MIXED.fullmatch(atom.core):
        over, under = VULGAR[match[2]]
        whole = f"{cardinal(int(match[1]))} " if match[1] else ""
        joined = f"{whole}and {part_of(over, under)}" if match[1] or behind_number else fraction(over, under)
        atom.said = joined
    elif match := _FRACTION.fullmatch(atom.core):
        over, under = int(match[1]), int(match[2])
        if 0 < over < under <= 100:
            atom.said = f"and {part_of(over, under)}" if behind_number else fraction(over, under)
        else:
            atom.said = f"{cardinal(over)} {cardinal(under)}"


def _measures(atoms: Atoms, at: int) -> None:
    """5 ft. 10 in., 20°C, 60mph, 5%, 10 lbs."""
    atom, after = atoms[at], atoms.after(at)
    if (match := _FEET.fullmatch(atom.core)) and (match[2] or "’" not in atom.core):
        atom.said = f"{number(match[1])} foot" + (f" {number(match[2])}" if match[2] else "")
    elif match := _DEGREES.fullmatch(atom.core):
        atom.said = f"{number(match[1])} degrees {number(match[2])}"
    elif (match := re.fullmatch(rf"({NUMBER})l", atom.core)) and atom.dotted:  # librae
        atom.say(f"{number(match[1])} pounds", dot=atoms.stops(at))
    elif (match := _MEASURE.fullmatch(atom.core)) and match[3].casefold().rstrip(".") in UNITS:
        unit = match[3].casefold().rstrip(".")
        sign = _SIGN_WORDS[match[1]] + " " if match[1] else ""
        atom.say(f"{sign}{number(match[2])} {_unit(unit, match[2] != '1')}", dot=atoms.stops(at))
    elif (match := _PLAIN.fullmatch(atom.core)) and after is not None and not atom.tail:
        unit = after.core.casefold()
        short = unit in UNITS and after.core[:1].islower() and (after.dotted or unit not in UNITS_WITH_DOT)
        if short or after.core in ("°", "°C", "°F", "%"):
            sign = _SIGN_WORDS[match[1]] + " " if match[1] else ""
            atom.said = sign + number(match[2])
            after.say(_unit(unit, match[2] != "1"), dot=atoms.stops(at + 1))


def _unit(unit: str, many: bool) -> str:
    forms = UNITS[unit].split()
    return (forms[-1] if many else forms[0]).replace("_", " ")


def _plain(atoms: Atoms, at: int) -> None:
    """12, 1889, 3.14, −5, #1, 1.2.3"""
    atom, after = atoms[at], atoms.after(at)
    if _VERSION.fullmatch(atom.core):
        atom.said = " point ".join(number(part) for part in atom.core.split("."))
    elif match := _PLAIN.fullmatch(atom.core):
        sign = _SIGN_WORDS[match[1]] + " " if match[1] else ""
        following = after.core if after is not None and not atom.tail else ""
        atom.said = sign + (number(match[2]) if sign else count(match[2], following))


def _compounds(atoms: Atoms, at: int) -> None:
    """19th-century, ten-year-olds in figures, mid-1860s, 221B, MI6, B12, 4x4"""
    atom = atoms[at]
    if not any(map(str.isdecimal, atom.core)):
        return
    if _COMPOUND.fullmatch(atom.core):
        members = [_member(part) for part in re.split("[-–]", atom.core)]
        atom.said = (" to " if len(_DAYS.findall(atom.core)) == len(members) else " ").join(members)
    elif _MIXTURE.fullmatch(atom.core):
        atom.said = _mixture(atom.core)
    elif match := re.fullmatch(rf"({NUMBER})((?:'|’)\w+)", atom.core):
        atom.said = count(match[1]) + match[2].replace("’", "'")
    else:
        atom.said = _each_number(atom.core)


def _member(part: str) -> str:
    if match := _ORDINAL.fullmatch(part):
        return ordinal(int(match[1].replace(",", "")))
    if match := _DECADE.fullmatch(part):
        return plural(year(int(match[1])) if len(match[1]) == 4 else cardinal(int(match[1])))
    if _PLAIN.fullmatch(part):
        return count(part)
    return _mixture(part) if _MIXTURE.fullmatch(part) else _each_number(part)


def _each_number(core: str) -> str:
    said = re.sub(NUMBER, lambda match: f" {number(match.group())} ", core)
    return re.sub(r" (?=[,.;:])", "", " ".join(said.split()))


def _mixture(core: str) -> str:
    if match := re.fullmatch(r"(\d+)[xX×](\d+)", core):
        return f"{number(match[1])} by {number(match[2])}"
    if match := re.fullmatch(r"(\d+)x", core):
        return f"{number(match[1])} times"
    said = []
    for part in re.findall(r"\d+|[A-Za-z]+", core):
        if part.isdigit():
            house = len(part) == 3 and part[1:] != "00" and core.startswith(part)
            said.append(
                f"{cardinal(int(part[0]))} {'oh ' if part[1] == '0' else ''}{cardinal(int(part[1:]))}"
                if house
                else number(part)
            )
        elif part.isupper() or len(part) == 1:
            said.append("/ˈeɪ/" if part in "aA" else ".".join(part.upper()))
        else:
            said.append(part)
    return " ".join(said)


RULES: Final[Sequence[Callable[[Atoms, int], None]]] = (
    *money.RULES,
    _times,
    _dates,
    _ordinals,
    _telephones,
    _ranges,
    _fractions,
    _measures,
    _plain,
    _compounds,
)
