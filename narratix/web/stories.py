"""What the demo's routes do beyond passing on: options checked against what there is, generated stories, lines."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import msgspec

from narratix.commands import NoSuchJob
from narratix.estimate import estimate_story
from narratix.events.catalogue import DramaExpired, JobSubmitted, Options
from narratix.events.store import EventStore
from narratix.handlers.handler import Ports
from narratix.ports import ProviderError, StoryDraft
from narratix.results import Expired
from narratix.services import Services
from narratix.web.problems import TOO_LARGE, Problem, invalid, problem_of
from narratix.web.requests import PerformanceOptions, StoryWish

_CLIP: str = """
select data->>'clip_key' from events
where stream_id = $1 and type = 'LineSpoken' and data->>'line' = $2 order by version desc limit 1
"""


def check_size(text: str, limit: int) -> None:
    """Raises Problem (413)."""
    if len(text.encode()) > limit:
        raise Problem(413, "The story is too long", TOO_LARGE)


async def options_of(wish: PerformanceOptions, ports: Ports) -> Options:
    """Raises Problem (422) naming every option that cannot be had here."""
    errors: list[tuple[str, str]] = []
    engine = wish.engine or ports.default_speech
    if engine not in ports.speech:
        known = ", ".join(sorted(ports.speech))
        errors.append(("options.engine", f"There is no speech engine called {engine!r} here; choose one of: {known}."))
    else:
        if wish.voices:
            await ports.speech[engine].ready()
        voices = {voice.id for voice in ports.speech[engine].voices}
        for name, voice in wish.voices.items():
            if voice not in voices:
                sentence = f"The engine {engine} has no voice called {voice!r}; see /api/demo/voices."
                errors.append((f"options.voices.{name}", sentence))
    if errors:
        raise invalid(errors)
    return Options(
        engine=wish.engine,
        formats=tuple(wish.formats),
        voices={" ".join(name.split()).casefold(): voice for name, voice in wish.voices.items()},
        pronunciations=wish.pronunciations,
        music=wish.music,
        effects=wish.effects,
        profile=wish.profile,
        stems=wish.stems,
        seed=wish.seed,
    )


async def written(
    wish: StoryWish, services: Services, actor: str, heard: Callable[[str], None] | None = None
) -> StoryDraft:
    """A story as wished, within what `actor` may spend; `heard` is told of it while it is written. Raises OverBudget, and
    Problem (422) where the writer refuses."""
    seed, id = secrets.randbelow(2**31), uuid4()
    most = estimate_story(services.ports, wish.premise, wish.length, datetime.now(UTC).date())
    reserved = await services.budget.reserve(id, actor, most)
    paid = most  # whatever it was when this ends in the middle
    try:
        draft = await services.ports.language.write_story(wish.template, wish.premise, wish.length, seed, heard)
        paid = sum(usage.cost_usd for usage in draft.usage)
        return draft
    except ProviderError as refusal:
        if refusal.permanent:
            raise invalid([("premise", str(refusal))]) from refusal
        raise
    finally:
        if reserved:
            await services.budget.settle(id, paid)


async def story_stream(wish: StoryWish, services: Services, actor: str) -> AsyncIterator[bytes]:
    """The story as server-sent events while it is written: `title`, each `paragraph`, then the whole `story`; or
    `problem` where it was refused after it had begun. Raises OverBudget and Problem (422) where it never began."""
    pieces: asyncio.Queue[str | None] = asyncio.Queue()  # as long as a story at most
    writing = asyncio.create_task(written(wish, services, actor, pieces.put_nowait), name="story")
    writing.add_done_callback(lambda _: pieces.put_nowait(None))
    try:
        first = await pieces.get()
        if first is None:
            await writing
    except BaseException:
        writing.cancel()
        raise
    return _told(first or "", pieces, writing)


async def _told(
    text: str, pieces: asyncio.Queue[str | None], writing: asyncio.Task[StoryDraft]
) -> AsyncIterator[bytes]:
    told = 0
    try:
        piece: str | None = text
        while piece is not None:
            *whole, _ = text.split("\n\n")
            while told < len(whole):
                yield _part(told, whole[told])
                told += 1
            if (piece := await pieces.get()) is not None:
                text += piece
        draft = await writing
        parts = [draft.title, *draft.text.split("\n\n")]
        for number in range(told, len(parts)):
            yield _part(number, parts[number])
        yield _event("story", story_view(draft))
    except Exception as error:
        if (problem := problem_of(error)) is None:
            raise
        yield _event("problem", {"title": problem.title, "status": problem.status, "detail": problem.detail})
    finally:
        writing.cancel()


def story_view(draft: StoryDraft) -> dict[str, str]:
    return {name: getattr(draft, name) for name in ("title", "text", "engine", "safety")}


def _part(number: int, text: str) -> bytes:
    """The title comes first, then the paragraphs, numbered from 0."""
    if number == 0:
        return _event("title", {"title": text.strip().strip('#* "“”')})
    return _event("paragraph", {"number": number - 1, "text": text})


def _event(name: str, data: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(data))


async def text_of(store: EventStore, ports: Ports, job_id: UUID) -> str:
    """The job's text. Raises NoSuchJob, Expired, NotStored."""
    found = [event.data for event in await store.read_types(job_id, JobSubmitted, DramaExpired)]
    if not found:
        raise NoSuchJob(job_id)
    if isinstance(found[-1], DramaExpired):
        raise Expired()
    assert isinstance(found[0], JobSubmitted)
    return await ports.texts.get(found[0].text_sha256)


async def clip_of(pool: asyncpg.Pool, job_id: UUID, line: int) -> str:
    """The key of a spoken line's clip. Raises Problem (404) while there is none."""
    key: str | None = await pool.fetchval(_CLIP, job_id, str(line))
    if not key:
        raise Problem(404, "Nothing to hear here", f"Line {line} of this job has no sound, or none yet.")
    return key
