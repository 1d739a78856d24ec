"""A router and workers over one database, with stages of a test's own, so that every ending can be had."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import asyncpg

from narratix.commands import Commands
from narratix.events.catalogue import Event, FeedbackGiven, JobSubmitted
from narratix.events.feed import Connect, Feed
from narratix.events.store import EventStore
from narratix.events.subscription import Subscriber, Subscriptions
from narratix.handlers.handler import Handler, Ports
from narratix.job import Job
from narratix.router import Router
from narratix.worker import Worker
from tests.beside import running

Run = Callable[[Ports, Job, str], Awaitable[Event]]

PATIENCE = 20


def stage(
    run: Run,
    *,
    items: tuple[str, ...] | Callable[[Job], Iterable[str]] = ("1",),
    name: str = "test_stage",
    **declared: Any,
) -> Handler:
    """A stage that begins with the job and concludes with an event that no job minds."""
    declared = {
        "uses": "nothing",
        "light": True,
        "items": items if callable(items) else lambda _job: items,
        "pause": 0.05,
        **declared,
    }
    return Handler(
        name=name,
        wakes_on=(JobSubmitted,),
        done=lambda _job, _item: False,
        inputs=lambda _job, item: (item,),
        run=run,
        **declared,
    )


class Machine:
    """What works for a job: nothing of it runs before a block is entered."""

    def __init__(
        self, pool: asyncpg.Pool, store: EventStore, feed: Feed, connect: Connect, ports: Ports, *handlers: Handler
    ) -> None:
        self.pool, self.store, self.feed, self.connect, self.ports = pool, store, feed, connect, ports
        self.handlers = handlers
        self.commands = Commands(store, ports.texts)

    @contextlib.asynccontextmanager
    async def routing(self, *further: Subscriber) -> AsyncIterator[None]:
        subscriptions = Subscriptions([Router(self.store, self.handlers), *further], self.feed, self.pool, self.connect)
        async with running(subscriptions.run()):
            yield

    def worker(self, **choices: Any) -> Worker:
        return Worker(
            pool=self.pool,
            connect=self.connect,
            store=self.store,
            feed=self.feed,
            handlers=self.handlers,
            ports=self.ports,
            **{"slots": {"nothing": 4}, **choices},
        )

    @contextlib.asynccontextmanager
    async def working(self, **choices: Any) -> AsyncIterator[Worker]:
        worker = self.worker(**choices)
        async with self.routing(), running(worker.run()):
            yield worker

    async def submit(self) -> uuid.UUID:
        return await self.commands.submit("A story.")

    async def types(self, job_id: uuid.UUID) -> list[str]:
        return [event.type for event in await self.store.read(job_id)]

    async def until(self, job_id: uuid.UUID, *types: str) -> list[str]:
        """The types of the job's events, as soon as these are among them."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await self.types(job_id)
                if set(types) <= set(found):
                    return found
                await asyncio.sleep(0.03)

    async def until_work(self, condition: str, count: int = 1) -> None:
        """Until so many pieces of work are in that state."""
        async with asyncio.timeout(PATIENCE):
            while await self.pool.fetchval(f"select count(*) from work where {condition}") != count:
                await asyncio.sleep(0.02)

    async def work(self, column: str = "state") -> Any:
        return await self.pool.fetchval(f"select {column} from work")


async def succeed(_ports: Ports, _job: Job, item: str) -> Event:
    return FeedbackGiven(rating=int(item))
