"""A text performed by the real machine, and its stems of dialogue and effects, as they were published."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
import soxr

from benchmarks._hearing_ear import RATE, Heard
from narratix.cli.performing import follow
from narratix.events.catalogue import Gate, Options, PlannedEffect, PlannedMusic, PlannedPlace
from narratix.handlers.arrangement import arrange, fetch_all, read
from narratix.ports import SAMPLE_RATE, Cue, Sound, Timeline
from narratix.services import Services
from narratix.sound.codec import from_flac
from narratix.sound.lines import PlacedLine
from narratix.sound.mixer import BLOCK, Mixer


@dataclass(frozen=True, slots=True)
class SoundedEffect:
    """An effect of the plan, and `alone`: its own sound on the stem where others sound at the same time, else None.
    That sound begins at second `alone_from` of the drama."""

    plan: PlannedEffect
    cue: Cue
    alone: Heard | None
    alone_from: float


@dataclass(frozen=True, slots=True)
class Performed:
    """A finished drama: its gates, its file and its captions as they were published, its lines and its timeline, and mono
    stems at 16 kHz. `cast` maps cast ids to names."""

    text: str
    engine: str
    title: str
    cast: dict[str, str]
    placed: tuple[PlacedLine, ...]
    timeline: Timeline
    places: tuple[PlannedPlace, ...]
    music: tuple[PlannedMusic, ...]
    gates: tuple[Gate, ...]
    mp3: bytes
    vtt: str
    dialogue: Heard
    effects: Heard
    sounded: tuple[SoundedEffect, ...]


async def performed(services: Services, text: str, engine: str, title: str = "") -> Performed:
    """Submit the text, wait for its drama, and take it apart. What was spoken before is not spoken again.

    Raises RuntimeError where there is no drama.
    """
    position = services.feed.position
    options = Options(engine=engine, formats=("mp3",), stream=False, stems=True)
    job_id = await services.commands.submit(text, title=title, options=options, actor="benchmark")
    status = await follow(services, job_id, position, lambda _status: None)
    if status.status != "completed":
        raise RuntimeError(f"The drama was not made: {status.error}")
    job = await services.commands.load(job_id)
    assert job.script is not None
    assert job.mixed is not None
    assert job.published is not None
    assert job.plan is not None
    storage = services.ports.storage
    arrangement = arrange(job, await read(services.ports.texts, job))
    timeline = replace(arrangement.timeline, music=())
    plans = {plan.id: plan for plan in job.plan.effects}
    planned = [(plans[effect], made.clip_key) for effect, made in job.effects.items()]
    captions = next(file for file in job.published.captions if file.format == "vtt")
    with tempfile.TemporaryDirectory(dir=services.ports.scratch) as directory:
        stems = {file.format: file.key for file in job.published.stems}
        keys = (*(cue.key for cue in (*timeline.dialogue, *timeline.effects)), *stems.values())
        clips = await fetch_all(storage, keys, Path(directory))
        return Performed(
            text=text,
            engine=engine,
            title=job.title,
            cast={member.id: member.name for member in job.script.cast},
            placed=arrangement.placed,
            timeline=arrangement.timeline,
            places=job.plan.places,
            music=tuple(plan for plan in job.plan.music if plan.id in job.music),
            gates=job.mixed.gates,
            mp3=await storage.get(job.published.files[0].key),
            vtt=(await storage.get(captions.key)).decode(),
            dialogue=stem(clips[stems["dialogue.flac"]]),
            effects=stem(clips[stems["effects.flac"]]),
            sounded=tuple(_sounded(timeline, clips, planned)),
        )


def stem(file: Path) -> Heard:
    """A published stem, mono at 16 kHz."""
    with soundfile.SoundFile(file) as sound:
        stream = soxr.ResampleStream(sound.samplerate, RATE, 1, dtype="float32", quality="HQ")
        blocks = sound.blocks(BLOCK, dtype="float32", always_2d=True)
        parts = [stream.resample_chunk(block.mean(axis=1), last=False) for block in blocks]
        parts.append(stream.resample_chunk(np.zeros(0, np.float32), last=True))
    return np.concatenate(parts)


def _sounded(
    timeline: Timeline, clips: Mapping[str, Path], planned: list[tuple[PlannedEffect, str]]
) -> Iterator[SoundedEffect]:
    """A cue is told by its clip and, where the same clip sounds several times, by its order in the story."""
    waiting = sorted(planned, key=lambda one: one[0].start)
    for cue in timeline.effects:
        plan = next((plan for plan, key in waiting if key == cue.key), None)
        if plan is None:
            raise RuntimeError(f"The timeline plays {cue.key}, which no effect of the plan was rendered as.")
        waiting.remove((plan, cue.key))
        others = [o for o in timeline.effects if o is not cue and o.begins < cue.ends and o.ends > cue.begins - 2.0]
        alone: Heard | None = None
        alone_from = max(0.0, np.floor(cue.begins) - 2.0)
        if others:
            mixer = Mixer(replace(timeline, effects=(cue,)), lambda key: from_flac(clips[key].read_bytes()))
            last = int(np.ceil(cue.ends)) + 1
            bed: Sound = np.concatenate([block.bed.mean(axis=1) for block in mixer.blocks(int(alone_from), last)])
            alone = soxr.resample(bed, SAMPLE_RATE, RATE, quality="HQ").astype(np.float32)
        yield SoundedEffect(plan, cue, alone, alone_from)
