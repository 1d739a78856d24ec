"""What is written short and said in full. All keys are without their dots."""

from __future__ import annotations

from typing import Final


def words_of(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


BEFORE_NAMES: Final = {
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Messrs": "Messers", "Mme": "Madame", "Mlle": "Mademoiselle",
    "Dr": "Doctor", "Prof": "Professor", "Capt": "Captain", "Cap": "Captain", "Col": "Colonel", "Gen": "General",
    "Lt": "Lieutenant", "Lieut": "Lieutenant", "Sgt": "Sergeant", "Sergt": "Sergeant", "Cpl": "Corporal", "Maj": "Major",
    "Adm": "Admiral", "Cmdr": "Commander", "Rev": "Reverend", "Revd": "Reverend", "Hon": "Honourable", "Gov": "Governor",
    "Sen": "Senator", "Rep": "Representative", "Pres": "President", "Supt": "Superintendent", "Insp": "Inspector",
    "Fr": "Father", "Msgr": "Monsignor", "Mt": "Mount", "Ft": "Fort", "Geo": "George", "Wm": "William", "Chas": "Charles",
    "Jas": "James", "Thos": "Thomas", "Jos": "Joseph",
}  # fmt: skip
"""In full before a name, that is, before a capital."""

ALONE: Final = frozenset({"Mr", "Mrs", "Ms", "Messrs", "Mme", "Mlle", "Dr"})
"""Those which are no other word, and stand also before "and" or a name in small letters: "Mr. de Winter"."""

ALWAYS: Final = {
    "etc": "et cetera", "&c": "et cetera", "i.e": "that is", "ie": "that is", "e.g": "for example", "eg": "for example",
    "viz": "namely", "cf": "compare", "vs": "versus", "approx": "approximately", "dept": "department", "vol": "volume",
    "vols": "volumes", "govt": "government", "a.k.a": "also known as", "jr": "Junior", "jun": "Junior", "sr": "Senior",
    "esq": "Esquire", "bros": "Brothers", "ltd": "Limited", "inc": "Incorporated", "corp": "Corporation",
    "assn": "Association", "univ": "University", "ave": "Avenue", "blvd": "Boulevard", "rd": "Road", "sq": "Square",
    "hwy": "Highway", "bldg": "building", "n.b": "nota bene", "ibid": "ibidem", "o.k": "okay",
    "advt": "advertisement", "recd": "received",
}  # fmt: skip
"""In full wherever they have their dot; "et cetera" and its like may end a sentence with it."""

BEFORE_NUMBERS: Final = {
    "no": "number", "nos": "numbers", "p": "page", "pp": "pages", "fig": "figure", "figs": "figures", "ch": "chapter",
    "chap": "chapter", "sec": "section", "art": "article", "pt": "part", "bk": "book", "c": "circa", "ca": "circa",
    "apt": "apartment", "ver": "verse", "v": "verse", "l": "line", "ll": "lines",
}  # fmt: skip
AFTER_NUMBERS: Final = {"inst": "instant", "ult": "ultimo", "prox": "proximo"}

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
MONTH_OF: Final = {month.casefold(): month for month in MONTHS} | {
    short.casefold(): next(month for month in MONTHS if month.startswith(short[:3]))
    for short in ("Jan", "Feb", "Mar", "Apr", "Jun", "Jul", "Aug", "Sep", "Sept", "Oct", "Nov", "Dec")
}
DAYS: Final = {
    "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Thur": "Thursday",
    "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday",
}  # fmt: skip

UNITS: Final = {
    "km": "kilometre kilometres", "m": "metre metres", "cm": "centimetre centimetres", "mm": "millimetre millimetres",
    "kg": "kilogram kilograms", "g": "gram grams", "mg": "milligram milligrams", "l": "litre litres",
    "ml": "millilitre millilitres", "lb": "pound pounds", "lbs": "pound pounds", "oz": "ounce ounces", "cwt": "hundredweight",
    "ft": "foot feet", "in": "inch inches", "ins": "inch inches", "yd": "yard yards", "yds": "yard yards",
    "mi": "mile miles", "pt": "pint pints", "qt": "quart quarts", "gal": "gallon gallons", "doz": "dozen",
    "hr": "hour hours", "hrs": "hour hours", "min": "minute minutes", "mins": "minute minutes", "sec": "second seconds",
    "secs": "second seconds", "s": "second seconds", "ms": "millisecond milliseconds", "yr": "year years",
    "yrs": "year years", "mos": "month months", "mph": "mile_per_hour miles_per_hour", "hp": "horsepower", "rpm": "r_p_m",
    "kph": "kilometre_per_hour kilometres_per_hour", "km/h": "kilometre_per_hour kilometres_per_hour", "hz": "hertz",
    "khz": "kilohertz", "mhz": "megahertz", "ghz": "gigahertz", "kw": "kilowatt kilowatts", "kb": "kilobyte kilobytes",
    "mb": "megabyte megabytes", "gb": "gigabyte gigabytes", "tb": "terabyte terabytes", "v": "volt volts",
    "w": "watt watts", "°": "degree degrees", "°c": "degree_Celsius degrees_Celsius",
    "°f": "degree_Fahrenheit degrees_Fahrenheit", "%": "percent", "‰": "per_mille", "¢": "cent cents",
    "c.c": "cubic_centimetre cubic_centimetres", "cc": "cubic_centimetre cubic_centimetres",
}  # fmt: skip
"""Singular and plural; a blank inside is written _. Keys in small letters."""

UNITS_WITH_DOT: Final = frozenset({"in", "s", "m", "g", "l", "v", "w", "pt", "min", "sec", "mi", "ms"})
"""Units that are also something else: after a blank they need their dot, or to be the letters m and g behind a number."""

MONEY: Final = {
    "$": ("dollar", "cent"),
    "£": ("pound", "pence"),
    "€": ("euro", "cent"),
    "¥": ("yen", "sen"),
    "₹": ("rupee", "paisa"),
}
SCALES: Final = {"k": "thousand", "m": "million", "bn": "billion", "b": "billion", "tn": "trillion"}
SCALE_WORDS: Final = frozenset({"hundred", "thousand", "million", "billion", "trillion"})

SYMBOLS: Final = {
    "&": "and", "+": "plus", "=": "equals", "×": "times", "÷": "divided by", "@": "at", "§": "section", "¶": "paragraph",
    "±": "plus or minus", "°": "degrees", "%": "percent", "©": "copyright", "™": "", "®": "", "•": "", "→": "to",
    "†": "", "‡": "", "#": "number", "$": "dollars", "£": "pounds", "€": "euros", "¢": "cents",
}  # fmt: skip

PERIOD: Final = words_of("his her their my your our the early late mid in")
"""What stands before a decade."""

NUMBERED: Final = words_of(
    "chapter chap book part act scene section volume vol canto stave letter number no war article figure appendix phase "
    "plate psalm verse lesson title page type mark stage class grade level episode round tome fit fable tale story"
)
"""A Roman numeral behind one of these is a cardinal."""

REIGNING: Final = words_of(
    "king queen pope emperor tsar czar henry louis edward george william charles james richard elizabeth mary john "
    "napoleon pius benedict leo paul ramses frederick philip alexander nicholas peter catherine ivan victor ferdinand "
    "francis gustav christian robert stephen innocent urban gregory clement sixtus julius margaret alfonso joseph leopold "
    "wilhelm otto rudolf rudolph david constantine umberto haakon carlos pedro juan"
)
"""Who has a number behind the name even where that is a single letter."""

STARTERS: Final = words_of(
    "the a an i he she it we you they this that these those there here his her its our your their my and but or so then "
    "when while if as at in on by for from with without after before once what who why how where not no yes oh well now "
    "nobody everyone everybody somebody nothing all both each some one two to of is was are were do did does had has have "
    "can could would should may might must will shall let perhaps meanwhile still yet suddenly"
)
"""What begins a sentence behind an abbreviation, when it has a capital there."""

SHORT_WORDS: Final = words_of(
    "a am an as at be by do go he hi if in is it me my no of oh on or ox so to up we ah ha lo ye all and any are ask ate "
    "bad bed big bit box boy bug but buy bye can cat car cow cry cup cut dad day did die dig dog dry due ear eat egg end "
    "eye far few fit fix fly for fox fun gas get god got gun had has hat her hey hid him his hit hot how ice ill its joy "
    "key kid lad law lay led leg let lie lot low mad man map may men met mix mom mud new nor not now odd off oil old one "
    "our out own pay pen pig pit put ran rat raw red rid rip row run sad sat saw say sea see set she shy sin sir sit six "
    "sky son sun ten the tie tin tip toe ton too top toy try two use van war was way web wet who why win won yes yet you "
    "ago aid air arm art fat fed fee fur gay hen jar jaw job mum nod per pet pot tea tax"
)
"""Words of up to three letters that are shouted rather than spelled when they stand in capitals."""

SPELLED: Final = frozenset({"YMCA", "YWCA", "RSVP", "NAACP", "HMSO", "ASPCA"})
"""Longer capitals that are spelled although they have a vowel."""
