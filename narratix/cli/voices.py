"""`narratix voices`: who can speak."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from narratix.cli.console import print_json, print_table
from narratix.cli.errors import CommandFailed
from narratix.cli.session import prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narratix.ports import Speech
    from narratix.settings import Settings


@click.command()
@click.option("--engine", default="", help="Only this engine's.")
@click.option(
    "--sample", "folder", metavar="FOLDER", help="Write a passage in each voice (or --voice) to FOLDER, as WAV."
)
@click.option("--voice", "chosen", multiple=True, metavar="ID", help="Only this voice's sample; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(engine: str, folder: str | None, chosen: tuple[str, ...], as_json: bool) -> None:
    """The voices of every speech engine; an id goes into `render --voice NAME=ID`."""
    from narratix.providers.speech.contents import SPEECH

    settings = prepared(quiet=True)
    engines = [engine_named(settings, name) for name in ([engine] if engine else SPEECH)]
    if folder is not None:
        _write_samples(engines, Path(folder), chosen)
        return
    if chosen:
        raise click.UsageError("--voice chooses a sample: give --sample FOLDER as well")
    if as_json:
        print_json([{"engine": each.name, "voices": each.voices} for each in engines])
        return
    print_table(
        ("Engine", "Voice", "Name", "Gender", "Accent", "Age", "Traits"),
        [
            (each.name, voice.id, voice.name, voice.gender, voice.accent, voice.age, ", ".join(voice.traits))
            for each in engines
            for voice in each.voices
        ],
    )


def _write_samples(engines: Sequence[Speech], folder: Path, chosen: tuple[str, ...]) -> None:
    """Raises UsageError for a voice that there is not, CommandFailed where nothing can be written or spoken."""
    import asyncio

    from narratix.ports import ProviderError

    wanted = [(engine, voice.id) for engine in engines for voice in engine.voices if not chosen or voice.id in chosen]
    if missing := sorted(set(chosen) - {voice for _, voice in wanted}):
        raise click.UsageError(f"There is no voice called {missing[0]!r}; `narratix voices` lists them")

    async def speak() -> None:
        try:
            for engine, voice in wanted:
                click.echo(await _write_sample(engine, voice, folder))
        finally:
            for engine in engines:
                await engine.close()

    try:
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(speak())
    except OSError as problem:
        raise CommandFailed(f"{folder} cannot be written: {problem.strerror}") from problem
    except ProviderError as problem:
        raise CommandFailed(str(problem)) from problem


async def _write_sample(engine: Speech, voice: str, folder: Path) -> Path:
    import soundfile

    from narratix.handlers.voice_sample import SAMPLE
    from narratix.ports import SAMPLE_RATE
    from narratix.sound.clip import prepare_speech

    sound, _ = prepare_speech((await engine.speak(SAMPLE, voice)).sound)
    path = folder / f"{engine.name}-{voice}.wav"
    soundfile.write(path, sound, SAMPLE_RATE, subtype="PCM_16")
    return path


def engine_named(settings: Settings, name: str) -> Speech:
    """The engine, nothing loaded. Raises UsageError where there is none of that name."""
    from narratix.providers.speech.contents import SPEECH

    if name not in SPEECH:
        raise click.UsageError(f"There is no speech engine called {name!r}; choose one of: {', '.join(SPEECH)}")
    return SPEECH[name](settings.packages, settings.speech_workers)
