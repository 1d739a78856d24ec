"""A first reading of an English text: its turns of speech, the cues beside them, and everybody it mentions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from narratix.script.cues import Cue, cue_after, cue_before
from narratix.script.layout import Block
from narratix.script.lexicon import NOT_NAMES
from narratix.script.quotes import Quote
from narratix.script.references import Mention, NameBook, Reference, mentions, reference_at
from narratix.script.sexes import weigh
from narratix.script.words import Token, tokens

_ADDRESS_BEFORE = frozenset(",.!?;:—-\"“‘'(…")
_ADDRESS_AFTER = frozenset(",.!?;:—-\"”’'…")
_ADDRESSES = {
    "sir": "male", "boy": "male", "lad": "male", "man": "male", "fellow": "male", "chap": "male", "sonny": "male",
    "madam": "female", "ma'am": "female", "miss": "female", "girl": "female", "madame": "female", "lady": "female",
}  # fmt: skip
_OWN = frozenset((("i",), ("me",), ("my",)))
_ENDEARMENTS = frozenset(("dear", "dearest", "darling", "old", "good", "poor"))


@dataclass(slots=True)
class Turn:
    """Quotes of one paragraph that one person speaks. `addressed` are the people it calls by name."""

    block: int
    quotes: list[int]
    start: int
    end: int
    cue: Cue | None = None
    addressed: list[Reference] = field(default_factory=list)
    talked_of: list[Reference] = field(default_factory=list)
    """People named in it who are not called."""
    calls: Counter[str] = field(default_factory=Counter)
    """The sexes that its forms of address tell: "sir", "my boy", "madam"."""
    continues: bool = False
    asks: bool = False
    """It ends with a question."""
    led: bool = False
    """The paragraph before leads up to it, with a colon or a comma."""


@dataclass(slots=True)
class Reading:
    book: NameBook
    turns: list[Turn]
    mentions: list[list[Mention]]
    """Of the narration, per block."""
    spoken: Counter[Reference]
    """Names inside speech that are not an address."""
    first_person: bool
    sexes: dict[Reference, Counter[str]]
    """What the narration tells of the sex of each name and description, in decibans."""


def read(text: str, blocks: Sequence[Block], quotes: Sequence[Quote]) -> Reading:
    """Read a text once. Linear in its length."""
    book = NameBook()
    pages = [_Page(text, number, block, []) for number, block in enumerate(blocks)]
    place = 0
    for page in pages:
        while place < len(quotes) and quotes[place].start < page.block.end:
            page.quotes.append(place)
            place += 1
        page.tokenise(quotes)
        if page.block.kind == "paragraph":
            for stretch in page.narration:
                book.read(stretch, quoted=False)
            for stretch in page.speech:
                book.read(stretch, quoted=True)
    turns: list[Turn] = []
    spoken: Counter[Reference] = Counter()
    found: list[list[Mention]] = []
    for page in pages:
        is_prose = page.block.kind == "paragraph"
        found.append([mention for stretch in page.narration for mention in mentions(stretch, book)] if is_prose else [])
        turns.extend(_turns(page, quotes, book, spoken))
    return Reading(book, turns, found, spoken, _in_first_person(found, pages), weigh(text, found))


@dataclass(slots=True)
class _Page:
    """A block with its stretches: narration[i] stands before speech[i], the last narration behind all."""

    text: str
    number: int
    block: Block
    quotes: list[int]
    narration: list[list[Token]] = field(default_factory=list)
    speech: list[list[Token]] = field(default_factory=list)

    def tokenise(self, quotes: Sequence[Quote]) -> None:
        position = self.block.start
        for number in self.quotes:
            quote = quotes[number]
            self.narration.append(tokens(self.text, position, quote.start))
            self.speech.append(tokens(self.text, quote.start, quote.end))
            position = quote.end
        self.narration.append(tokens(self.text, position, self.block.end))


def _turns(page: _Page, quotes: Sequence[Quote], book: NameBook, spoken: Counter[Reference]) -> Iterator[Turn]:
    """Quotes with a cue of their own begin a turn when the cue names somebody else; the rest join a neighbour."""
    current: Turn | None = None
    for index, number in enumerate(page.quotes):
        quote = quotes[number]
        closing = page.text[quote.start + 1 : quote.end - 1].rstrip()[-1:]
        cue = cue_after(page.narration[index + 1], book, closing)
        before = cue_before(page.text, page.narration[index], book, quote.start)
        taken = (
            current is not None
            and current.cue is not None
            and before is not None
            and (before.start <= current.cue.start)
        )
        if cue is None and before is not None and not taken:
            cue = before
        addressed, talked_of = _named_in(page.text, page.speech[index], quote, book)
        spoken.update(talked_of)
        asks = closing == "?"
        replies = current is not None and not page.narration[index] and not quote.continues
        if current is None or replies or _changes(current, cue):
            if current is not None:
                yield current
            led = quote.start == page.block.start and page.text[
                max(0, page.block.start - 8) : page.block.start
            ].rstrip()[-1:] in (":", ",", "—")
            current = Turn(
                block=page.number,
                quotes=[number],
                start=quote.start,
                end=quote.end,
                cue=cue,
                addressed=addressed,
                talked_of=talked_of,
                continues=quote.continues,
                asks=asks,
                led=led,
            )
        else:
            current.quotes.append(number)
            current.end = quote.end
            current.cue = _better(current.cue, cue)
            current.addressed.extend(addressed)
            current.talked_of.extend(talked_of)
            current.asks = asks
        current.calls.update(_forms_of_address(page.speech[index], page.text))
    if current is not None:
        yield current


def _changes(turn: Turn, cue: Cue | None) -> bool:
    """A pronoun after a name in one paragraph takes the name up again."""
    if cue is None or turn.cue is None:
        return False
    if cue.reference == turn.cue.reference:
        return False
    return cue.reference.form != "pronoun" or (
        turn.cue.reference.form == "pronoun" or cue.reference.words[0] in ("i", "they")
    )


def _better(one: Cue | None, other: Cue | None) -> Cue | None:
    if one is None or other is None:
        return one or other
    return other if one.reference.form == "pronoun" and other.reference.form != "pronoun" else one


def _named_in(
    text: str, stretch: Sequence[Token], quote: Quote, book: NameBook
) -> tuple[list[Reference], list[Reference]]:
    """Whom a speech calls by name, and whom it only names."""
    addressed: list[Reference] = []
    talked_of: list[Reference] = []
    index = 0
    while index < len(stretch):
        token = stretch[index]
        found = (
            reference_at(stretch, index, book)
            if (token.capital and token.lower not in NOT_NAMES)
            or (token.capital and token.lower.rstrip(".") in ("mr", "mrs", "miss", "dr", "sir", "lady", "lord"))
            else None
        )
        if found is None or found.reference.form != "name":
            index += 1
            continue
        left = index
        while left and stretch[left - 1].lower in _ENDEARMENTS:
            left -= 1
        if left and left != index and stretch[left - 1].lower == "my":
            left -= 1
        before = stretch[left].gap.strip() if left else "“"
        after = text[found.end : found.end + 2].strip() or text[found.end : quote.end].strip()[:1]
        called = before[-1:] in _ADDRESS_BEFORE and before != "" and after[:1] in _ADDRESS_AFTER and after != ""
        if left < index and stretch[left].lower in ("my", "dear") and after[:1] in _ADDRESS_AFTER and after:
            called = True
        if called or (left and stretch[left - 1].lower in ("oh", "o") and after[:1] in _ADDRESS_AFTER):
            addressed.append(found.reference)
        else:
            talked_of.append(found.reference)
        index = max(found.after, index + 1)
    return addressed, talked_of


def _forms_of_address(stretch: Sequence[Token], text: str) -> Iterator[str]:
    """The sex of everybody who is called "sir", "madam", "my boy" or the like, between marks."""
    for index, token in enumerate(stretch):
        sex = _ADDRESSES.get(token.lower)
        if sex is None or text[token.end : token.end + 1] not in _ADDRESS_AFTER:
            continue
        before = stretch[index - 1].lower if index else ""
        if (token.gap.strip()[-1:] in _ADDRESS_BEFORE and (index == 0 or token.gap.strip())) or before in (
            "my",
            "dear",
            "old",
            "young",
            "yes",
            "no",
            "good",
        ):
            yield sex


def _in_first_person(found: Sequence[Sequence[Mention]], pages: Sequence[_Page]) -> bool:
    """The narrator says "I", "me" or "my" outside of quotes at least eight times in a thousand words, and in one paragraph
    of seven; an author who merely steps in now and then does not."""
    told = [block for block in found if block]
    own = [sum(mention.reference.words in _OWN for mention in block) for block in told]
    words = sum(len(stretch) for page in pages for stretch in page.narration)
    return sum(own) >= 3 and sum(own) * 125 >= words and 7 * sum(map(bool, own)) >= len(told)
