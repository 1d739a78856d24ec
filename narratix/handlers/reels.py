"""The reels of a drama: found in storage under what they sound like, or mixed.

A reel is about a minute. After a change only those are mixed in which it is heard; the others lie there already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from narratix.handlers.arrangement import Arrangement, fetch_all, together
from narratix.handlers.handler import Ports
from narratix.job import Job
from narratix.ports import SAMPLE_RATE, NotStored, Reel, Timeline
from narratix.sound.passages import REEL_ROLL, last_bounds, passage_bounds, plan_reels, reel_digest
from narratix.sound.prediction import steady_gain_db
from narratix.sound.rooms import heard_until

FACTS: Final = "reel.json"
"""Beside the files of a reel: what is known of it."""
_TYPES: Final = {".mp3": "audio/mpeg", ".aac": "audio/aac"}
_AT_ONCE: Final = 8
_NEIGHBOURHOOD: Final = REEL_ROLL + 2 * SAMPLE_RATE  # the mixer renders whole seconds, and looks at those around them


@dataclass(frozen=True, slots=True)
class Place:
    """Samples [first, last) of the drama, and the folder in storage for their reel."""

    first: int
    last: int
    folder: str


@dataclass(frozen=True, slots=True)
class Reels:
    """All reels of a drama, in order. `directories` hold the file of each of which the first deliverable is made;
    `remixed` of them were mixed now."""

    places: tuple[Place, ...]
    facts: tuple[Reel, ...]
    directories: tuple[Path, ...]
    remixed: int

    @property
    def samples(self) -> int:
        return sum(reel.samples for reel in self.facts)


async def reels_of(ports: Ports, job: Job, arrangement: Arrangement, directory: Path) -> Reels:
    """The reels of the job's drama, all of them stored. `directory` is for local files."""
    gain_db = steady_gain_db(arrangement.timeline)
    places = await asyncio.to_thread(_places, ports, job, arrangement, gain_db)
    found = await together(_found(ports, place) for place in places)
    missing = [place for place, reel in zip(places, found, strict=True) if reel is None]
    clips = await _clips(ports, arrangement.timeline, missing, directory)
    needed, slots = ports.mastering.part_file(job.options.formats[0]), asyncio.Semaphore(_AT_ONCE)

    async def local(number: int, place: Place, reel: Reel | None) -> tuple[Path, Reel]:
        """Its directory with the one file that is needed here, and what is known of it."""
        out = directory / f"reel-{number}"
        out.mkdir()
        async with slots:
            if reel is None:
                return out, await _made(ports, job, arrangement.timeline, clips, place, gain_db, out, needed)
            await ports.storage.fetch_file(f"{place.folder}/{needed}", out / needed)
            return out, reel

    everything = zip(range(len(places)), places, found, strict=True)
    there = await together(local(*each) for each in everything)
    directories, facts = zip(*there, strict=True)
    return Reels(tuple(places), facts, directories, len(missing))


async def fetch_parts(ports: Ports, masters: Sequence[str], name: str, into: Path) -> list[Path]:
    """Directories with the file `name` of each reel; the reels are named by the keys of their masters."""
    directories = [into / f"{Path(name).stem}-{number}" for number in range(len(masters))]
    slots = asyncio.Semaphore(_AT_ONCE)
    for directory in directories:
        directory.mkdir()

    async def fetch(master: str, directory: Path) -> None:
        async with slots:
            await ports.storage.fetch_file(f"{master.rpartition('/')[0]}/{name}", directory / name)

    await together(fetch(master, directory) for master, directory in zip(masters, directories, strict=True))
    return directories


def _places(ports: Ports, job: Job, arrangement: Arrangement, gain_db: float) -> list[Place]:
    assert job.script is not None
    timeline, placed = arrangement.timeline, arrangement.placed
    files = (*ports.mastering.reel_files(job.options.formats, stems=job.options.stems), job.options.formats[0])
    starts = plan_reels(job.script.segments)
    bounds = [passage_bounds(placed, starts, number) for number in range(len(starts) - 1)]
    places = []
    for first, last in [*bounds, last_bounds(placed, starts, timeline)]:
        if first < last:
            digest = reel_digest(timeline, first, last, gain_db=gain_db, made=files)
            places.append(Place(first, last, f"reels/{digest[:2]}/{digest}"))
    return places


async def _found(ports: Ports, place: Place) -> Reel | None:
    try:
        return msgspec.json.decode(await ports.storage.get(f"{place.folder}/{FACTS}"), type=Reel)
    except NotStored:
        return None


async def _clips(ports: Ports, timeline: Timeline, places: Sequence[Place], directory: Path) -> Mapping[str, Path]:
    """Local files of all that is heard in `places` or close by."""
    spans = [((p.first - _NEIGHBOURHOOD) / SAMPLE_RATE, (p.last + _NEIGHBOURHOOD) / SAMPLE_RATE) for p in places]
    heard = (
        cue.key for cue in timeline.cues if any(cue.begins < high and heard_until(cue) > low for low, high in spans)
    )
    return await fetch_all(ports.storage, heard, directory)


async def _made(
    ports: Ports,
    job: Job,
    timeline: Timeline,
    clips: Mapping[str, Path],
    place: Place,
    gain_db: float,
    out: Path,
    needed: str,
) -> Reel:
    """Mix a reel into `out` and store it; of its files only `needed` stays there. They are stored before its facts, and
    found by its facts: a crash in between only makes it again."""
    formats, stems = job.options.formats, job.options.stems
    reel = await ports.mastering.reel(
        timeline, clips, place.first, place.last, gain_db=gain_db, formats=formats, stems=stems, out=out
    )
    for name in ports.mastering.reel_files(formats, stems=stems):
        await ports.storage.put_file(f"{place.folder}/{name}", out / name, _TYPES.get(Path(name).suffix, "audio/flac"))
        if name != needed:
            (out / name).unlink()
    await ports.storage.put(f"{place.folder}/{FACTS}", msgspec.json.encode(reel), "application/json")
    return reel
