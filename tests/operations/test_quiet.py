"""With nothing open nothing is asked of the database, which may sleep and cut us off, and whoever comes wakes all."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest

from narratix.app import Database, open_app
from narratix.doorbell import LOOK_SECONDS, Doorbell
from narratix.events.anchoring import last_anchors_in
from narratix.events.quiet import Quiet
from narratix.events.store import UNREACHABLE
from narratix.services import Services
from narratix.settings import Settings
from narratix.signing import anchor_keys
from tests.operations.sleeping_database import SleepingDatabase, sleeping_database
from tests.web.web_site import client_of

STORY = "The rain fell on the old house.\n\n“Who is there?” whispered Anna.\n\n“Only me,” said Thomas.\n"
QUIET_SECONDS = 1.0
SLEEPS_AFTER = 0.7
SETTLED_SECONDS = 1.0
OBSERVED_SECONDS = 3.0
"""Longer than any of the service's timers that could still run."""


# -- the rest itself ---------------------------------------------------------------------------


async def resting(quiet: Quiet) -> None:
    async with asyncio.timeout(60):
        while not quiet.resting:
            await asyncio.sleep(0.02)


@pytest.fixture
async def quiet() -> AsyncIterator[Quiet]:
    quiet = Quiet(0.1)
    task = asyncio.create_task(quiet.run())
    yield quiet
    task.cancel()


async def test_given_nothing_open_when_time_passes_then_it_rests_until_it_is_stirred(quiet: Quiet) -> None:
    await resting(quiet)
    waiting = asyncio.create_task(quiet.awake())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    quiet.stir()
    await waiting
    await resting(quiet)


async def test_given_something_open_then_it_does_not_rest_until_that_is_over(quiet: Quiet) -> None:
    jobs = ["one"]
    quiet.open_while(lambda: bool(jobs))
    await asyncio.sleep(0.4)
    assert not quiet.resting
    jobs.clear()
    await resting(quiet)


async def test_given_what_must_be_settled_then_that_comes_before_the_rest_and_whoever_stirs_meanwhile_wins(
    quiet: Quiet,
) -> None:
    settled = itertools.count()
    states: list[bool] = []

    async def settle() -> None:
        states.append(quiet.resting)
        if next(settled) == 0:
            quiet.stir()

    quiet.before_rest(settle)
    await resting(quiet)
    assert states == [False, False]


async def test_given_no_time_then_it_never_rests() -> None:
    quiet = Quiet()
    await quiet.run()
    assert not quiet.resting


# -- the whole service -------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """What PostgreSQL's statistics know of a database: sessions ever begun, those open now, and their last question."""

    sessions: int
    open: int
    last: str


async def asked_of(postgres: str, name: str) -> Asked:
    watcher = await asyncpg.connect(postgres)
    try:
        assert await watcher.fetchval("select current_database()") != name
        row = await watcher.fetchrow(
            """
            select (select sessions from pg_stat_database where datname = $1),
                   count(*), coalesce(max(greatest(backend_start, query_start, state_change))::text, '')
            from pg_stat_activity where datname = $1 and backend_type = 'client backend'
            """,
            name,
        )
        return Asked(*row)
    finally:
        await watcher.close()


async def left_alone(postgres: str, name: str) -> Asked:
    """The same when its last session has ended: a session that ends is counted late."""
    async with asyncio.timeout(60):
        while (asked := await asked_of(postgres, name)).open:
            await asyncio.sleep(0.05)
    return asked


async def completed(services: Services, job_id: object) -> None:
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(*UNREACHABLE):  # on a crowded machine its database may fall asleep in between
                job = await services.commands.load(job_id)  # type: ignore[arg-type]
                if job.status == "completed":
                    return
                assert job.status in ("queued", "running"), job.status
            await asyncio.sleep(0.1)


@pytest.fixture
async def paid(dsn: str, settings: Settings) -> AsyncIterator[tuple[Services, SleepingDatabase]]:
    """A service whose database is paid by the hour, after it made a drama and went to rest."""
    settings = settings.model_copy(update={"quiet_seconds": QUIET_SECONDS})
    async with (
        sleeping_database(dsn, after=SLEEPS_AFTER, cold=0.5) as (database, address),
        open_app(settings, Database(address)) as services,
    ):
        await completed(services, await services.commands.submit(STORY))
        await asleep(database, services)
        yield services, database


async def test_given_a_database_that_fell_asleep_then_it_is_left_asleep_and_a_submission_wakes_everything(
    paid: tuple[Services, SleepingDatabase], dsn: str, postgres: str
) -> None:
    services, database = paid
    name = dsn.partition("?")[0].rpartition("/")[2]
    before, woken = await left_alone(postgres, name), database.woken
    async with client_of(services) as client:
        await asyncio.sleep(OBSERVED_SECONDS)
        figures = (await client.get("/metrics")).text
        assert (await client.get("/health/live")).status_code == 200

        assert await asked_of(postgres, name) == before
        assert (database.woken, database.asleep, services.quiet.resting) == (woken, True, True)
        assert "narratix_resting 1.0" in figures
        assert "narratix_feed_connected 1.0" in figures  # nobody shall be called because of a rest

        answer = await client.post("/api/demo/submit", json={"text": STORY + "“Come in,” said Anna."})
        assert answer.status_code == 202
        assert database.woken == woken + 1
        await completed(services, answer.json()["job_id"])
        assert services.feed.position > 0
    await resting(services.quiet)


async def test_given_a_database_that_stays_awake_then_who_rests_still_hears_of_other_processes(
    server: Database, settings: Settings
) -> None:
    rests = settings.model_copy(update={"quiet_seconds": QUIET_SECONDS})
    async with open_app(rests, server) as services:
        await resting(services.quiet)
        async with open_app(settings, server, "web") as other:
            job_id = await other.commands.submit(STORY)
        await completed(services, job_id)


async def test_given_workers_that_nobody_calls_then_they_rest_as_well_and_are_woken_by_whoever_brings_something(
    dsn: str, settings: Settings, postgres: str
) -> None:
    rests = settings.model_copy(update={"quiet_seconds": QUIET_SECONDS})
    async with (
        sleeping_database(dsn, after=SLEEPS_AFTER, cold=0.5) as (database, address),
        open_app(rests, Database(address), "worker") as worker,
        open_app(rests, Database(address), "web") as web,
    ):
        await completed(web, await web.commands.submit(STORY))
        await asleep(database, worker, web)
        name = dsn.partition("?")[0].rpartition("/")[2]
        before, woken = await left_alone(postgres, name), database.woken
        await asyncio.sleep(OBSERVED_SECONDS + LOOK_SECONDS)
        assert await asked_of(postgres, name) == before
        assert (database.woken, worker.quiet.resting) == (woken, True)

        async with client_of(web) as client:  # whose request wakes the process that it reaches, and no other
            answer = await client.post("/api/demo/submit", json={"text": STORY + "“Come in,” said Anna."})
        await completed(web, answer.json()["job_id"])
        assert database.woken == woken + 1
        await asleep(database, worker, web)


async def asleep(database: SleepingDatabase, *services: Services) -> None:
    """Until all sleep, and nobody wakes for a while: who was cut off just before its rest may be connecting anew."""
    loop = asyncio.get_running_loop()
    since = loop.time()
    async with asyncio.timeout(60):
        while loop.time() - since < SETTLED_SECONDS:
            if not database.asleep or database.connections or not all(each.quiet.resting for each in services):
                since = loop.time()
            await asyncio.sleep(0.02)


async def test_given_a_ring_just_before_its_rest_when_a_worker_would_rest_then_it_waits_for_what_is_coming(
    server: Database, settings: Settings
) -> None:
    rests = settings.model_copy(update={"quiet_seconds": QUIET_SECONDS})
    async with open_app(rests, server, "worker") as worker:
        await resting(worker.quiet)
        worker.quiet.stir()
        await Doorbell(worker.ports.storage, rings=True).ring()
        began = asyncio.get_running_loop().time()
        await resting(worker.quiet)
        assert asyncio.get_running_loop().time() - began >= 2 * QUIET_SECONDS * 0.9


async def test_given_anchors_now_and_then_when_it_rests_then_the_end_of_the_log_is_anchored(
    paid: tuple[Services, SleepingDatabase],
) -> None:
    services, _ = paid
    assert services.settings.anchor_seconds == 600
    anchors = await last_anchors_in(services.ports.storage, anchor_keys(services.settings), 2**31)
    assert anchors.good[-1].position == services.feed.position


async def test_given_a_stopped_subscription_then_nobody_looks_at_it_during_the_rest(
    dsn: str, settings: Settings, postgres: str
) -> None:
    rests = settings.model_copy(update={"quiet_seconds": QUIET_SECONDS})
    async with open_app(rests, Database(dsn)) as services:
        async with asyncio.timeout(30):
            while not await services.pool.execute("update subscriptions set error = 'poison' where name = 'usage'"):
                await asyncio.sleep(0.05)
        await completed(services, await services.commands.submit(STORY))
        await resting(services.quiet)
        name = dsn.partition("?")[0].rpartition("/")[2]
        await asyncio.sleep(2 * QUIET_SECONDS)  # the pool lets go of its connections
        before = await asked_of(postgres, name)
        await asyncio.sleep(2 * OBSERVED_SECONDS)
        assert await asked_of(postgres, name) == before
