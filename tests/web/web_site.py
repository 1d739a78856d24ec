"""Servers and clients for the tests of the web, and jobs whose events a test records itself."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager

import httpx2

from narratix.events.catalogue import (
    CastMember,
    Event,
    JobCompleted,
    LineSpoken,
    ScriptWritten,
    Segment,
    SoundPlanned,
    Usage,
    VoicesCast,
    Word,
)
from narratix.events.store import NewEvent
from narratix.handlers.texts import text_sha256
from narratix.services import Role, Services
from narratix.web.broadcaster import Times
from narratix.web.serve import Server
from narratix.web.server import create_api

Opened = Callable[[Role], AbstractAsyncContextManager[Services]]

TEXT = "The rain fell. “Who is there?” whispered Anna. “Only me,” said Thomas."


@contextlib.asynccontextmanager
async def client_of(services: Services, **options: object) -> AsyncIterator[httpx2.AsyncClient]:
    """A client within this process. `address` is where it seems to come from."""
    api = create_api(services)
    address = str(options.pop("address", "127.0.0.1"))
    transport = httpx2.ASGITransport(api, client=(address, 1234), **options)  # type: ignore[arg-type]
    async with (
        api.router.lifespan_context(api),
        httpx2.AsyncClient(transport=transport, base_url="https://narratix.test") as client,
    ):
        yield client


@contextlib.asynccontextmanager
async def serving(services: Services, port: int = 0, times: Times | None = None) -> AsyncIterator[str]:
    """A real server in this process; the address is its base URL."""
    listener = socket.create_server(("127.0.0.1", port))
    ready = asyncio.Event()
    server = Server(create_api(services, times), ready.set)
    task = asyncio.create_task(server.serve([listener]))
    await ready.wait()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


class Story:
    """A job whose history a test writes."""

    def __init__(self, services: Services, job_id: uuid.UUID) -> None:
        self.services = services
        self.id = job_id

    async def record(self, *events: Event) -> None:
        for event in events:
            await self.services.store.append([NewEvent(self.id, event, uuid.uuid4())])

    @property
    def begun(self) -> Sequence[Event]:
        """Script, voices and plan: versions 2 to 4."""
        spans = [(0, 15), (15, 47), (47, len(TEXT))]
        speakers = ["narrator", "c1", "c2"]
        return (
            ScriptWritten(
                engine="test",
                text_sha256=text_sha256(TEXT),
                language="en",
                segments=tuple(
                    Segment(start=start, end=end, kind="speech" if who != "narrator" else "narration", speaker=who)
                    for (start, end), who in zip(spans, speakers, strict=True)
                ),
                cast=(
                    CastMember(id="narrator", name="Narrator", narrator=True),
                    CastMember(id="c1", name="Anna", gender="female"),
                    CastMember(id="c2", name="Thomas", gender="male"),
                ),
                music=(),
                effects=(),
            ),
            VoicesCast(engine="silent", voices={"narrator": "ada", "c1": "bea", "c2": "dan"}),
            SoundPlanned(lead_in=0.5, tail=1.0, music=(), effects=()),
        )

    def line(self, number: int) -> LineSpoken:
        return LineSpoken(
            line=number,
            clip_key=f"clips/speech/aa/{number}.flac",
            duration=1.0,
            words=(Word(start=number, end=number + 1, begins=0.0, ends=0.5),),
            energies=(0.01,),
            usage=Usage(provider="silent", model="hum-1", units=10),
        )

    @property
    def ended(self) -> Event:
        return JobCompleted(duration=3.0)
