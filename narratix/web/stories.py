"""What the demo's routes do beyond passing on: options checked against what there is, generated stories, lines."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from uuid import UUID

import asyncpg
import msgspec

from narratix.commands import NoSuchJob
from narratix.events.catalogue import DramaExpired, JobSubmitted, Options
from narratix.events.store import EventStore
from narratix.handlers.handler import Ports
from narratix.ports import ProviderError, StoryDraft
from narratix.results import Expired
from narratix.web.problems import TOO_LARGE, Problem, invalid
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
        music=wish.music,
        effects=wish.effects,
        seed=wish.seed,
    )


async def written(wish: StoryWish, ports: Ports) -> StoryDraft:
    """A story as wished. Raises Problem (422) where the writer refuses the premise."""
    try:
        return await ports.language.write_story(wish.template, wish.premise, wish.length, secrets.randbelow(2**31))
    except ProviderError as refusal:
        if refusal.permanent:
            raise invalid([("premise", str(refusal))]) from refusal
        raise


def story_events(draft: StoryDraft) -> Iterator[bytes]:
    """The story as server-sent events: its title, each paragraph, then the whole."""
    yield _event("title", {"title": draft.title})
    for number, paragraph in enumerate(draft.text.split("\n\n")):
        yield _event("paragraph", {"number": number, "text": paragraph})
    yield _event("story", draft)


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
