"""What a story would cost, before it is accepted: counted from its length, by the table of prices.

The rates are upper sides of what was counted on stories: a cap rests on them, so they err on the safe side.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from narratix.events.catalogue import Options
from narratix.handlers.describing import LONGEST_SAMPLE
from narratix.handlers.handler import Ports
from narratix.providers.language.labels import TOKENS_PER_LABEL
from narratix.providers.language.storytelling import most_tokens
from narratix.providers.prices import price_of

CHARACTERS_PER_TOKEN: Final = 3.2
READINGS: Final = 3.5
"""How often a language model reads the text: judging, finding the cast, labelling with what came before."""

CHARACTERS_PER_LINE: Final = 90
CHARACTERS_PER_SECOND: Final = 14.0
"""Of speech, slowly read with pauses."""

CHARACTERS_PER_PERSON: Final = 1000
SECONDS_PER_EFFECT: Final = 6.0
CHARACTERS_PER_EFFECT: Final = 400
TOKENS_PER_WISH: Final = 2500.0
"""Of instructions, for judging a wish, telling its story and judging that."""

TOKENS_PER_JUDGEMENT: Final = 400
MUSIC_SHARE: Final = 1.0
"""Of the drama's length that is composed anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedItem:
    port: str
    provider: str
    model: str
    unit: str
    units: float
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """US dollars at most, item by item; and the seconds of sound that are expected."""

    usd: float
    seconds: float
    items: tuple[EstimatedItem, ...]


def estimate(ports: Ports, characters: int, options: Options, on: date) -> Estimate:
    """For a story of so many characters, performed by the engines that `options` choose. Raises ProviderError for an
    engine that is not there."""
    speech = ports.speech_for(options.engine)
    seconds = characters / CHARACTERS_PER_SECOND
    tokens_in = characters / CHARACTERS_PER_TOKEN * READINGS
    tokens_out = characters / CHARACTERS_PER_LINE * TOKENS_PER_LABEL + 1000
    language = ports.language
    wanted = [
        ("language", language.provider, language.model, "input tokens", tokens_in),
        ("language", language.provider, language.model, "output tokens", tokens_out),
        ("speech", speech.name, speech.model, "characters", float(characters)),
    ]
    if (design := ports.designs.get(speech.name)) is not None:
        designs = min(design.most, characters / CHARACTERS_PER_PERSON + 1) * LONGEST_SAMPLE
        wanted.append(("speech", speech.name, "voice-design", "characters", designs))
    if options.music:
        wanted.append(("music", ports.music.name, ports.music.model, "seconds", seconds * MUSIC_SHARE))
    if options.effects:
        effects = characters / CHARACTERS_PER_EFFECT * SECONDS_PER_EFFECT
        wanted.append(("effects", ports.effects.name, ports.effects.model, "seconds", effects))
    items = tuple(
        EstimatedItem(
            port=port, provider=provider, model=model, unit=unit, units=round(units, 1), usd=round(price * units, 6)
        )
        for port, provider, model, unit, units in wanted
        if (price := price_of(provider, model, unit, on)) is not None
    )
    return Estimate(usd=round(sum(item.usd for item in items), 6), seconds=round(seconds, 1), items=items)


def estimate_story(ports: Ports, premise: str, length: int, on: date) -> float:
    """US dollars at most for having a story of `length` words told."""
    language = ports.language
    told = most_tokens(length)
    rates = {
        "input tokens": TOKENS_PER_WISH + 2 * len(premise) / CHARACTERS_PER_TOKEN + told,
        "output tokens": told + 2.0 * TOKENS_PER_JUDGEMENT,
    }
    prices = {unit: price_of(language.provider, language.model, unit, on) or 0.0 for unit in rates}
    return round(sum(prices[unit] * tokens for unit, tokens in rates.items()), 6)
