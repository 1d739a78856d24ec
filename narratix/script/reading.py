"""A first reading of an English text: its turns of speech, the cues beside them, and everybody it mentions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from narratix.script.addresses import forms_of_address, named_in
from narratix.script.cues import Cue, cue_after, cue_before
from narratix.script.layout import Block
from narratix.script.quotes import Quote
from narratix.script.references import Mention, NameBook, Reference, mentions
from narratix.script.sexes import weigh
from narratix.script.tellers import Part, find_parts
from narratix.script.words import Token, tokens

_OWN = frozenset((("i",), ("me",), ("my",)))


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
    called: list[str] = field(default_factory=list)
    """What else it calls people: "mother", "captain"."""
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
    parts: list[Part] = field(default_factory=list)
    """The headings that say who tells what follows."""
    ends: int = 0
    """Where the text ends, in characters."""


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
    for before, page in zip((None, *pages), pages, strict=False):
        is_prose = page.block.kind == "paragraph"
        found.append([mention for stretch in page.narration for mention in mentions(stretch, book)] if is_prose else [])
        turns.extend(_turns(page, before, quotes, book, spoken))
    return Reading(
        book,
        turns,
        found,
        spoken,
        _in_first_person(found, pages),
        weigh(text, found),
        find_parts(text, blocks, book),
        len(text),
    )


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


def _turns(
    page: _Page, page_before: _Page | None, quotes: Sequence[Quote], book: NameBook, spoken: Counter[Reference]
) -> Iterator[Turn]:
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
        if cue is None and quote.start == page.block.start and not quote.continues:
            cue = _cue_of_leading(page, page_before, quote, book)
        addressed, talked_of = named_in(page.text, page.speech[index], quote, book)
        spoken.update(talked_of)
        asks = closing == "?"
        replies = current is not None and not page.narration[index] and not quote.continues
        answers = current is not None and _calls_speaker(page.text[current.end : quote.start], current, addressed)
        if current is None or replies or answers or _changes(current, cue):
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
        for word, sex in forms_of_address(page.speech[index], page.text):
            if sex != "unknown":
                current.calls[sex] += 1
            current.called.append(word)
    if current is not None:
        yield current


def _cue_of_leading(page: _Page, before: _Page | None, quote: Quote, book: NameBook) -> Cue | None:
    """The cue in a paragraph that ends with a colon: "Then she asked again:"."""
    if before is None or before.block.kind != "paragraph" or page.text[before.block.end - 1] != ":":
        return None
    return cue_before(page.text, before.narration[-1], book, quote.start)


def _calls_speaker(between: str, turn: Turn, addressed: Sequence[Reference]) -> bool:
    """Whether a speech in the same paragraph calls by name who has just spoken, and so is an answer."""
    if turn.cue is None or turn.cue.reference.form != "name" or not between.rstrip().endswith((".", "!", "?")):
        return False
    return any(reference.words[-1] == turn.cue.reference.words[-1] for reference in addressed)


def _changes(turn: Turn, cue: Cue | None) -> bool:
    """A pronoun after a name in one paragraph takes the name up again."""
    if cue is None or turn.cue is None:
        return False
    if cue.reference == turn.cue.reference:
        return False
    return cue.reference.form != "pronoun" or (
        turn.cue.reference.form == "pronoun" or cue.reference.words[0] in ("i", "they", "voice", "other")
    )


def _better(one: Cue | None, other: Cue | None) -> Cue | None:
    if one is None or other is None:
        return one or other
    return other if one.reference.form == "pronoun" and other.reference.form != "pronoun" else one


def _in_first_person(found: Sequence[Sequence[Mention]], pages: Sequence[_Page]) -> bool:
    """The narrator says "I", "me" or "my" outside of quotes at least eight times in a thousand words, and in one paragraph
    of seven; an author who merely steps in now and then does not."""
    told = [block for block in found if block]
    own = [sum(mention.reference.words in _OWN for mention in block) for block in told]
    words = sum(len(stretch) for page in pages for stretch in page.narration)
    return sum(own) >= 3 and sum(own) * 125 >= words and 7 * sum(map(bool, own)) >= len(told)
