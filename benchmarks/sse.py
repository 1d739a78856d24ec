"""Event streams: messages per second to 10,000 clients of one process, and what a client costs, beside nchan.

    python -m benchmarks.sse [--streams 10000] [--jobs 1] [--rounds 3]

Every round starts a fresh server and connects all clients, which live in this process. *Bursts*: 20 events are put on
record in one transaction, and the clock runs from before the append until the last client has the last message.
*Single messages*: one event at a time, the next when the last client has the one before, so that nothing can be joined
into one write. Narratix takes the whole real way: append, commit, NOTIFY, feed, fold, encode, sockets. nchan is given
the finished messages, of the same size, by HTTP. Afterwards it is checked that every client got every version once and
in order; a round in which one did not has no figure.

Memory is that of the server's processes (VmRSS) with all clients connected, less that before the first one, per client.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import uvloop

from benchmarks._crowd import Crowd, crowd
from benchmarks._harness import fresh_database, interleaved, postgres, report
from benchmarks._stream_servers import Server, narratix_web, nchan, nchan_missing
from benchmarks._watched import WatchedJob, open_store

BURST: Final = 20
BURSTS: Final = 3
SINGLE: Final = 15

Publish = Callable[[int], Awaitable[None]]
"""Puts so many further messages into every channel."""


@dataclass(frozen=True)
class Found:
    """Of one round: messages received per second by all clients together, and memory."""

    bursts: float
    single: float
    kilobytes: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=1, help="that the streams are spread over")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    _allow_files(given.streams + 1000)
    found: dict[str, list[Found]] = {}
    missing = nchan_missing()
    with postgres() as dsn:
        database = fresh_database(dsn)
        calls = {"narratix": lambda: uvloop.run(measure_narratix(database, given.streams, given.jobs))}
        if missing is None:
            calls["nchan"] = lambda: uvloop.run(measure_nchan(database, given.streams, given.jobs))

        def noting(name: str) -> Callable[[], float]:
            def call() -> float:
                found.setdefault(name, []).append(calls[name]())
                return found[name][-1].bursts

            return call

        interleaved({name: noting(name) for name in calls}, rounds=given.rounds)
    baseline = "nchan" if missing is None else "narratix"
    notes = [f"{given.streams:,} streams of {given.jobs:,} job(s), clients in one other process on the same machine."]
    notes += [missing] if missing else []
    suffix = "" if given.jobs == 1 else f"-{given.jobs}-jobs"
    many = f"{given.streams:,} streams on one process"
    report(
        name=f"sse{suffix}", title=f"Bursts to {many}", unit="messages/s", baseline=baseline,
        measured={name: [one.bursts for one in rounds] for name, rounds in found.items()},
        notes=[*notes, f"{BURST} messages at a time; every client got each once, in order."],
    )  # fmt: skip
    report(
        name=f"sse-single{suffix}", title=f"One message at a time to {many}", unit="messages/s", baseline=baseline,
        measured={name: [one.single for one in rounds] for name, rounds in found.items()}, notes=notes,
    )  # fmt: skip
    report(
        name=f"sse-memory{suffix}", title="Memory of the server for a stream", unit="kB", baseline=baseline,
        measured={name: [one.kilobytes for one in rounds] for name, rounds in found.items()}, notes=notes,
        lower_is_better=True,
    )  # fmt: skip


async def measure_narratix(dsn: str, streams: int, jobs: int) -> Found:
    async with open_store(dsn) as store:
        watched = [WatchedJob(store) for _ in range(jobs)]
        for job in watched:
            await job.begin()

        async def publish(messages: int) -> None:
            await asyncio.gather(*(job.speak(messages) for job in watched))

        paths = [f"/api/demo/events/{watched[number % jobs].id}?after=0" for number in range(streams)]
        with narratix_web(dsn, streams) as server:
            return await _measured(server, paths, publish, watched[0].version)


async def measure_nchan(dsn: str, streams: int, jobs: int) -> Found:
    async with open_store(dsn) as store:
        job = WatchedJob(store)
        await job.begin()
        await job.speak(1)
        template = await job.next_message()
    version = job.version
    with nchan(streams) as server:
        async with _publisher(server.port) as post:

            async def publish(messages: int) -> None:
                nonlocal version
                bodies = []
                for _ in range(messages):
                    version += 1
                    bodies.append(template.replace(b'"version":%d,' % job.version, b'"version":%d,' % version))
                await post([f"/pub/{channel}" for channel in range(jobs)], bodies)

            paths = [f"/sub/{number % jobs}" for number in range(streams)]
            return await _measured(server, paths, publish, version)


async def _measured(server: Server, paths: Sequence[str], publish: Publish, version: int) -> Found:
    before = server.resident_kb()
    async with crowd("127.0.0.1", server.port, paths) as clients:
        kilobytes = (server.resident_kb() - before) / len(paths)
        bursts = await _timed(clients, publish, version, [BURST] * BURSTS)
        single = await _timed(clients, publish, version + BURST * BURSTS, [1] * SINGLE)
    return Found(bursts, single, kilobytes)


async def _timed(clients: Crowd, publish: Publish, version: int, portions: Sequence[int]) -> float:
    """Messages received per second. `version` is the last one that was published. Raises LostDelivery."""
    seconds = 0.0
    for messages in portions:
        clients.expect(version + messages)
        began = time.perf_counter()
        publishing = asyncio.ensure_future(publish(messages))
        await clients.all_have_it()
        seconds += time.perf_counter() - began
        await publishing
        clients.check(range(version + 1, version + messages + 1))
        version += messages
    return len(clients.readers) * sum(portions) / seconds


@contextlib.asynccontextmanager
async def _publisher(port: int) -> AsyncIterator[Callable[[Sequence[str], Sequence[bytes]], Awaitable[None]]]:
    """Posts bodies to paths, one after the other on one connection, without waiting for the answers in between."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def post(paths: Sequence[str], bodies: Sequence[bytes]) -> None:
        for body in bodies:
            for path in paths:
                head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
        await writer.drain()
        for _ in range(len(bodies) * len(paths)):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            assert head.startswith("http/1.1 20"), head
            await reader.readexactly(int(head.partition("content-length:")[2].split("\r\n")[0]))

    try:
        yield post
    finally:
        writer.close()


def _allow_files(needed: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < needed:
        raise SystemExit(f"This process may open {hard:,} files and needs {needed:,}: raise the limit (ulimit -Hn).")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))


if __name__ == "__main__":
    main()
