"""Machines of work for the tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from narratix.engines import open_ports
from narratix.events.feed import Feed
from narratix.events.store import EventStore
from narratix.handlers.handler import Handler
from narratix.settings import Settings
from tests.core.machine_of_work import Machine

MachineOf = Callable[..., Machine]


@pytest.fixture
async def machine_of(
    settings: Settings, pool: asyncpg.Pool, store: EventStore, connect: Callable[[], Awaitable[asyncpg.Connection]]
) -> AsyncIterator[MachineOf]:
    """Makes a machine with these stages, over this test's database."""
    feed = Feed(store, connect)
    await feed.start()
    async with open_ports(settings) as ports:

        def make(*handlers: Handler) -> Machine:
            return Machine(pool, store, feed, connect, ports, *handlers)

        yield make
    await feed.close()
