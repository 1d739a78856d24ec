"""The machine of a service around stages of a benchmark's own: store, feed, router, read models and a worker."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import asyncpg

from narratix.app import connection_pool
from narratix.events.feed import Feed
from narratix.events.store import EventStore
from narratix.events.subscription import Subscriptions
from narratix.handlers.handler import Handler, Ports
from narratix.jobs import Jobs
from narratix.projections import PROJECTIONS
from narratix.projections.projection import Projector
from narratix.router import Router
from narratix.sweeper import Sweeper
from narratix.worker import Worker
from tests.beside import running


@dataclass(frozen=True, slots=True)
class Machine:
    """What runs, and a worker that does not yet: see `tests.beside.running`."""

    pool: asyncpg.Pool
    store: EventStore
    feed: Feed
    worker: Worker


@contextlib.asynccontextmanager
async def machine(dsn: str, stages: Sequence[Handler], slots: Mapping[str, int]) -> AsyncIterator[Machine]:
    """As `narratix serve` puts it together, in one process over the migrated database `dsn`; routing inside the block.
    The stages get no ports."""

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(dsn)

    async with contextlib.AsyncExitStack() as stack:
        pool = await stack.enter_async_context(connection_pool(dsn))
        store = EventStore(pool)
        stack.push_async_callback(store.close)
        feed = Feed(store, connect)
        await feed.start()
        stack.push_async_callback(feed.close)
        jobs = Jobs(store)
        projectors = [Projector(projection) for projection in PROJECTIONS]
        subscriptions = Subscriptions([Router(store, stages, jobs), Sweeper(pool), *projectors], feed, pool, connect)
        worker = Worker(
            pool=pool,
            connect=connect,
            store=store,
            feed=feed,
            handlers=stages,
            ports=cast(Ports, None),  # stages that make nothing need nothing
            slots=slots,
            jobs=jobs,
        )
        await stack.enter_async_context(running(subscriptions.run()))
        while not subscriptions.elected:
            await asyncio.sleep(0.05)
        yield Machine(pool, store, feed, worker)
