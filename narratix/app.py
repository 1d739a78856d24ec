"""The composition root: every real thing is chosen here, once, from the settings."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import shutil
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import asyncpg
import structlog

from narratix.commands import Commands, Spending
from narratix.doorbell import Doorbell, Listening
from narratix.embedded.ffmpeg import find_ffmpeg
from narratix.embedded.postgres import EmbeddedPostgres, PostgresUnavailable
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
from narratix.handlers.clips import Clips
from narratix.handlers.handler import Ports
from narratix.handlers.texts import Texts
from narratix.jobs import Jobs
from narratix.ports import Language, Storage
from narratix.projections import PROJECTIONS
from narratix.projections.projection import Projector
from narratix.projections.rebuild import rebuild_outdated
from narratix.providers.accounts import Accounts
from narratix.providers.chain import GuardedSpeech
from narratix.providers.effects import open_effects
from narratix.providers.language import Access, open_language
from narratix.providers.mastering import FfmpegMastering
from narratix.providers.music import open_music
from narratix.providers.pool import prepare
from narratix.providers.replicate import sleeping
from narratix.providers.speech import CLOUD_SPEECH, SPEECH
from narratix.providers.speech.design import ElevenLabsDesign
from narratix.providers.speech.elevenlabs import ElevenLabsSpeech
from narratix.providers.speech.lexicon import global_pronunciations
from narratix.providers.storage.directory import DirectoryStorage
from narratix.retention import Retention
from narratix.router import Router
from narratix.schema import migrate
from narratix.services import Role, Services
from narratix.settings import Settings
from narratix.signing import anchor_keys, signing_key, webhook_secrets
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
SCRATCH_SECONDS: Final = 24 * 3600.0
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


def slots(settings: Settings) -> dict[str, int]:
    """How many pieces of work this process runs at once, for each port. One more line than there are speech
    workers keeps these busy while another line is stored."""
    speech = settings.speech_workers
    return {"nothing": 4, "language": 1, "speech": speech + 2, "music": 1, "effects": 1, "stream": 1, "mastering": 1}


def limits(settings: Settings) -> dict[str, int]:
    """How many pieces of work may run at once in all processes together. Where ElevenLabs is the first choice, the calls
    that its plan allows are shared among what asks it, unless the settings say otherwise."""
    plan = settings.elevenlabs_calls if settings.elevenlabs_api_key.get_secret_value() else 0
    first = {port: names[:1] for port in ("music", "effects") if (names := settings.engines(getattr(settings, port)))}
    shared = {port: 1 for port, names in first.items() if plan and names == [ElevenLabsSpeech.name]}
    if plan and settings.speech == ElevenLabsSpeech.name:
        shared["speech"] = max(1, plan - len(shared))
    return {**shared, **settings.limits}


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


@contextlib.asynccontextmanager
async def open_ports(settings: Settings, bell: Bell | None = None) -> AsyncGenerator[Ports]:
    """The engines and the storage. Nothing heavy is loaded before it is used. `bell` wakes those who wait for what a
    vendor computes; without it they look again and again."""
    async with contextlib.AsyncExitStack() as stack:
        storage = open_storage(settings)
        stack.push_async_callback(storage.close)
        packages = settings.packages
        speech = {name: make(packages, settings.speech_workers) for name, make in SPEECH.items()}
        accounts = _accounts(settings, storage, bell)
        speech |= {name: GuardedSpeech(CLOUD_SPEECH[name](accounts)) for name in accounts.speech}
        music = open_music(settings.engines(settings.music), packages, accounts)
        effects = open_effects(settings.engines(settings.effects), packages, accounts)
        mastering = FfmpegMastering(find_ffmpeg(settings.ffmpeg))
        for engine in speech.values():
            stack.push_async_callback(engine.close)
        language = open_language(settings.languages, _access(settings, storage))
        for port in (language, music, effects, mastering):
            stack.push_async_callback(port.close)
        scratch = settings.home / "scratch"
        await asyncio.to_thread(_sweep_scratch, scratch)
        yield Ports(
            language=language,
            speech=speech,
            default_speech=settings.speech,
            local_speech=settings.speech if settings.speech in SPEECH else next(iter(SPEECH)),
            music=music,
            effects=effects,
            storage=storage,
            mastering=mastering,
            texts=Texts(storage),
            clips=Clips(storage),
            scratch=scratch,
            designs={
                ElevenLabsDesign.name: ElevenLabsDesign(accounts.to_elevenlabs(), storage, settings.elevenlabs_voices)
            }
            if accounts.elevenlabs_key and settings.elevenlabs_voices
            else {},
            pronunciations=global_pronunciations(settings.pronunciations),
        )


@contextlib.asynccontextmanager
async def open_languages(settings: Settings) -> AsyncGenerator[Language]:
    """The script engine alone, with the storage in which it keeps answers."""
    async with contextlib.AsyncExitStack() as stack:
        storage = open_storage(settings)
        stack.push_async_callback(storage.close)
        language = open_language(settings.languages, _access(settings, storage))
        stack.push_async_callback(language.close)
        yield language


def replicate_webhook(settings: Settings) -> str:
    """Where Replicate tells of an end; empty where there is no public address, or no secret to check it by."""
    if not (settings.public_url.startswith("https://") and settings.replicate_webhook_secret.get_secret_value()):
        return ""
    return f"{settings.public_url.rstrip('/')}/api/webhooks/replicate"


def _accounts(settings: Settings, storage: Storage, bell: Bell | None) -> Accounts:
    return Accounts(
        storage=storage,
        elevenlabs_key=settings.elevenlabs_api_key.get_secret_value(),
        elevenlabs_url=settings.elevenlabs_url,
        elevenlabs_model=settings.elevenlabs_model,
        elevenlabs_calls=settings.elevenlabs_calls,
        openai_key=settings.openai_api_key.get_secret_value(),
        openai_url=settings.openai_url,
        openai_model=settings.openai_speech_model,
        hume_key=settings.hume_api_key.get_secret_value(),
        hume_url=settings.hume_url,
        replicate_token=settings.replicate_api_token.get_secret_value(),
        replicate_url=settings.replicate_url,
        replicate_version=settings.replicate_version,
        replicate_webhook=replicate_webhook(settings) if bell is not None else "",
        replicate_wait=bell.wait if bell is not None else sleeping,
    )


def _access(settings: Settings, answers: Storage) -> Access:
    return Access(
        answers=answers,
        replay_only=settings.replay_only,
        anthropic_key=settings.anthropic_api_key.get_secret_value(),
        anthropic_url=settings.anthropic_url,
        claude_model=settings.claude_model,
        compatible_url=settings.compatible_url,
        compatible_key=settings.compatible_key.get_secret_value(),
        compatible_model=settings.compatible_model,
    )


def _sweep_scratch(scratch: Path) -> None:
    """Remove what killed processes left; whatever is at work is younger than a stage's longest time."""
    scratch.mkdir(parents=True, exist_ok=True)
    for left in scratch.iterdir():
        if left.stat().st_mtime < time.time() - SCRATCH_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def open_storage(settings: Settings) -> Storage:
    """S3 where it is set up, else a directory in `home`."""
    if settings.uses_s3:
        from narratix.providers.storage.s3 import S3Storage  # its client takes a third of a second to load

        return S3Storage(
            bucket=settings.s3_bucket,
            endpoint_url=settings.s3_endpoint,
            access_key_id=settings.s3_access_key.get_secret_value(),
            secret_access_key=settings.s3_secret_key.get_secret_value(),
        )
    return DirectoryStorage(
        settings.home / "objects", secret=signing_key(settings), clock=time.time, base_url=settings.public_url
    )


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
    """Load what describes sounds before anything is claimed: its six hundred modules hold the interpreter's lock, and on a
    crowded machine a worker that loaded them with its first lines in hand came too late to renew its leases."""
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
