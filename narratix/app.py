"""The composition root: every real thing is chosen here, once, from the settings."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import asyncpg
import structlog

from narratix.commands import Commands, Spending
from narratix.doorbell import Doorbell, Listening
from narratix.embedded.postgres import EmbeddedPostgres, PostgresUnavailable
from narratix.engines import limits, open_ports, replicate_webhook, slots
from narratix.environments import check_settings, claim
from narratix.estimate import estimate
from narratix.events.anchoring import Anchorer
from narratix.events.catalogue import Options
from narratix.events.dsn import asyncpg_dsn, direct_dsn, is_pooled
from narratix.events.feed import Feed
from narratix.events.quiet import Quiet
from narratix.events.store import EventStore
from narratix.events.subscription import Subscriber, Subscriptions
from narratix.handlers import HANDLERS
from narratix.handlers.handler import Ports
from narratix.jobs import Jobs
from narratix.projections import PROJECTIONS
from narratix.projections.projection import Projector
from narratix.projections.rebuild import rebuild_outdated
from narratix.providers.pool import prepare
from narratix.retention import Retention
from narratix.router import Router
from narratix.schema import migrate
from narratix.services import Role, Services
from narratix.settings import Settings
from narratix.signing import anchor_keys, webhook_secrets
from narratix.spend import Budget, Caps, Ledger
from narratix.sweeper import Sweeper
from narratix.warmth import Warmth
from narratix.webhooks.deliveries import REVIVED, Postman, Targets
from narratix.webhooks.inbound import Bell
from narratix.webhooks.outbound import Outbound
from narratix.webhooks.sending import Deliverer
from narratix.webhooks.signing import secret_of
from narratix.worker import Worker

log = structlog.get_logger(__name__)

REVIVE_SECONDS: Final = 2.0
IDLE_CONNECTION_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Database:
    """An address, how to bring its server back where that is up to us, and the server's `direct` address where `dsn`
    leads through a transaction pooler."""

    dsn: str
    revive: Callable[[], object] | None = None
    direct: str | None = None


@contextlib.contextmanager
def database(settings: Settings) -> Iterator[Database]:
    """The database that is set, or the embedded one, which runs inside the block.

    To be entered before the event loop starts. Raises PostgresUnavailable, BadAddress,
    WrongEnvironment.
    """
    check_settings(settings)
    if settings.database_url is not None:
        dsn = asyncpg_dsn(settings.database_url.get_secret_value())
        if settings.direct_database_url is not None:
            yield Database(dsn, direct=asyncpg_dsn(settings.direct_database_url.get_secret_value()))
        else:
            yield Database(dsn, direct=direct_dsn(dsn) if is_pooled(dsn) else None)
        return
    embedded = EmbeddedPostgres(settings.home, settings.postgres_binaries)
    with embedded as dsn:
        yield Database(dsn, embedded.start)


@contextlib.asynccontextmanager
async def open_app(settings: Settings, database: Database, role: Role = "all") -> AsyncGenerator[Services]:
    """Everything that `role` needs, started; stopped in reverse order at the end of the block."""
    dsn, direct = database.dsn, database.direct or database.dsn
    if role in ("all", "worker"):
        await asyncio.to_thread(prepare)
    async with contextlib.AsyncExitStack() as stack:
        if not is_pooled(direct):
            await migrate(direct)
        paid = database.revive is None  # an embedded database costs nothing
        quiet = Quiet(settings.quiet_seconds if paid else None)
        lifetime = min(IDLE_CONNECTION_SECONDS, settings.quiet_seconds)
        pool = await stack.enter_async_context(
            connection_pool(dsn, pooled=database.direct is not None, lifetime=lifetime)
        )

        async def connect() -> asyncpg.Connection:
            return await asyncpg.connect(direct, timeout=10)

        store = EventStore(pool)
        stack.push_async_callback(store.close)
        feed = Feed(store, connect, quiet)
        if database.revive is not None:
            await stack.enter_async_context(_running(_keep_alive(feed, database.revive), "database-keeper"))
        webhook_news = asyncio.Event()
        if role in ("all", "worker"):
            feed.listen_besides(REVIVED, webhook_news.set)
        await feed.start()
        stack.push_async_callback(feed.close)
        bell = Bell(connect) if replicate_webhook(settings) else None
        ports = await stack.enter_async_context(open_ports(settings, bell))
        await claim(settings.environment, pool, ports.storage)
        warmth = Warmth(ports if role in ("all", "worker") else None)
        stack.push_async_callback(warmth.close)
        budget = Budget(pool, _caps(settings))
        doorbell = Doorbell(ports.storage, rings=paid and role == "web")
        commands = Commands(store, ports.texts, Spending(budget, partial(_usd, ports)), Targets(pool), doorbell)
        retention = Retention(pool, store, commands, ports.storage, days=settings.retention_days)
        subscriptions = worker = None
        if role in ("all", "worker"):
            projectors = [Projector(projection) for projection in PROJECTIONS]
            jobs = Jobs(store)
            service_webhook = settings.webhook_url.get_secret_value()
            postman = Postman(service=bool(service_webhook), public_url=settings.public_url, wake=webhook_news.set)
            subscribers: list[Subscriber] = [
                Router(store, HANDLERS, jobs), Sweeper(pool), Ledger(), postman, *projectors]  # fmt: skip
            subscriptions = Subscriptions(
                subscribers, feed, pool, connect, patience=settings.lease_seconds, quiet=quiet
            )
            deliverer = Deliverer(
                pool,
                Outbound(strict=settings.environment != "development"),
                service_url=service_webhook,
                service_secrets=[secret_of(settings.webhook_secret.get_secret_value())] if service_webhook else [],
                secrets_of=partial(webhook_secrets, settings),
                leader=subscriptions,
                news=webhook_news,
                stir=quiet.stir,
            )
            worker = Worker(
                pool=pool,
                connect=connect,
                store=store,
                feed=feed,
                handlers=HANDLERS,
                ports=ports,
                slots=slots(settings),
                limits=limits(settings),
                jobs=jobs,
                lease=settings.lease_seconds,
                quiet=quiet,
            )
            feed.poll_while(lambda: not worker.idle)
            quiet.open_while(lambda: not worker.idle)
            if paid and role == "worker":  # nobody calls it, as people call the others
                listening = Listening(ports.storage, quiet, feed)
                await stack.enter_async_context(_running(listening.run(), "doorbell"))
            await stack.enter_async_context(_running(subscriptions.run(), "subscriptions"))
            if settings.rebuild_at_start:
                await stack.enter_async_context(_running(rebuild_outdated(pool, store, PROJECTIONS), "rebuild"))
            anchorer = Anchorer(
                pool=pool,
                feed=feed,
                storage=ports.storage,
                keys=anchor_keys(settings),
                seconds=settings.anchor_seconds,
                leader=subscriptions,
                clock=partial(datetime.now, UTC),
                quiet=quiet,
            )
            stack.push_async_callback(anchorer.close)
            await stack.enter_async_context(_running(anchorer.run(), "anchors"))
            await stack.enter_async_context(_running(deliverer.run(), "webhooks"))
            if bell is not None:
                await stack.enter_async_context(_running(bell.run(), "bell"))
            await stack.enter_async_context(_running(_work(worker), "worker"))
            await stack.enter_async_context(_running(retention.run(feed, quiet), "retention"))
        await stack.enter_async_context(_running(quiet.run(), "quiet"))
        yield Services(
            settings=settings,
            dsn=dsn,
            pool=pool,
            store=store,
            feed=feed,
            ports=ports,
            commands=commands,
            budget=budget,
            retention=retention,
            quiet=quiet,
            warmth=warmth,
            doorbell=doorbell,
            subscriptions=subscriptions,
            worker=worker,
        )


def _caps(settings: Settings) -> Caps:
    return Caps(
        job=settings.spend_cap_per_job,
        client=settings.spend_cap_per_client,
        day=settings.spend_cap_per_day,
        month=settings.spend_cap_per_month,
    )


def _usd(ports: Ports, characters: int, options: Options) -> float:
    return estimate(ports, characters, options, datetime.now(UTC).date()).usd


@contextlib.asynccontextmanager
async def connection_pool(
    dsn: str, *, pooled: bool = False, lifetime: float = IDLE_CONNECTION_SECONDS
) -> AsyncGenerator[asyncpg.Pool]:
    """A pool that also works through a transaction pooler, a Neon one or another one that `pooled` tells of. It lets go
    of connections that were idle for `lifetime` seconds, all of them: keeping one open would wake a database that sleeps."""
    cache = {"statement_cache_size": 0} if pooled or is_pooled(dsn) else {}
    pool = await asyncpg.create_pool(
        dsn, min_size=0, max_size=10, timeout=10, command_timeout=60, max_inactive_connection_lifetime=lifetime, **cache
    )
    try:
        yield pool
    finally:
        try:
            await asyncio.wait_for(pool.close(), 5)
        except TimeoutError:
            pool.terminate()


async def _keep_alive(feed: Feed, revive: Callable[[], object]) -> None:
    """Start the embedded database again when it has died; while the feed hears from it, it lives."""
    while True:
        await asyncio.sleep(REVIVE_SECONDS)
        if not feed.connected:
            try:
                await asyncio.to_thread(revive)
            except PostgresUnavailable as problem:
                log.error("database_not_revived", reason=str(problem))


async def _work(worker: Worker) -> None:
    """Load what makes effects and describes sounds before anything is claimed: its six hundred modules hold the interpreter's
    lock, and on a crowded machine a worker that loaded them with its first lines in hand came too late to renew its leases."""
    await asyncio.to_thread(importlib.import_module, "scipy.signal")
    await worker.run()


@contextlib.asynccontextmanager
async def _running(coroutine: Coroutine[Any, Any, None], name: str) -> AsyncGenerator[None]:
    """Run beside the block; a crash of it is the block's crash too."""
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(coroutine, name=name)
            try:
                yield
            finally:
                task.cancel()
    except BaseExceptionGroup as crashes:
        if len(crashes.exceptions) == 1:
            raise crashes.exceptions[0] from None
        raise
