"""What providers charge: a table with dates and sources (`prices.toml`), and what a use of them costs by it."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib import resources

import msgspec

from narratix.events.catalogue import Usage


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars for `per` units of a provider's model, from day `since` on. Model "*" is any other model. `free` units a
    month cost nothing, which only bills of a whole month can take into account."""

    provider: str
    model: str
    unit: str
    usd: float
    per: float = 1.0
    free: float = 0.0
    since: date
    source: str = ""


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    price: tuple[Price, ...]


@cache
def prices() -> Sequence[Price]:
    raw = resources.files("narratix.providers").joinpath("prices.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(raw), _Table).price


def price_of(provider: str, model: str, unit: str, on: date) -> float | None:
    """US dollars per unit on that day, None for what is not in the table.

    A model that is not listed is charged at the dearest price of its provider for that unit, so that a spend cap errs
    on the safe side.
    """
    price = entry_of(provider, model, unit, on)
    return None if price is None else price.usd / price.per


def entry_of(provider: str, model: str, unit: str, on: date) -> Price | None:
    """The table's entry that `price_of` goes by."""
    known = [price for price in prices() if (price.provider, price.unit) == (provider, unit) and price.since <= on]
    for name in (model, "*"):
        if dated := [price for price in known if price.model == name]:
            return max(dated, key=lambda price: price.since)
    return max(known, key=lambda price: price.usd / price.per, default=None)


def used(provider: str, model: str, unit: str, units: float, on: date) -> Usage:
    """A provider's use with its cost; 0 where the table knows no price, which is so for local engines."""
    price = price_of(provider, model, unit, on)
    cost = 0.0 if price is None else round(price * units, 6)
    return Usage(provider=provider, model=model, unit=unit, units=units, cost_usd=cost)
