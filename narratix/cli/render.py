"""`narratix render`: one drama from a text, made by the very machine that serves the web."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from narratix.cli.console import print_json, stage_bars
from narratix.cli.errors import CommandFailed
from narratix.cli.performing import follow, print_result
from narratix.cli.session import ACTOR, find_job, prepared, with_services
from narratix.cli.texts import read_story
from narratix.cli.voices import engine_named

if TYPE_CHECKING:
    from uuid import UUID

    from narratix.events.catalogue import Options
    from narratix.services import Services
    from narratix.settings import Settings

FORMATS: Final = ("mp3", "m4b", "wav", "opus")
PROFILES: Final = ("podcast", "acx", "broadcast")


@click.command()
@click.argument("file")
@click.option("-o", "--out", required=True, metavar="OUT", help="The file to write.")
@click.option("--format", type=click.Choice(FORMATS), help="Default: what OUT's suffix says.")
@click.option("--voice", "voices", multiple=True, metavar="NAME=VOICE", help="A voice for a character; repeatable.")
@click.option("--voices-of", "earlier", metavar="JOB", help="Everybody keeps the voice of an earlier chapter's JOB.")
@click.option("--say", "said", multiple=True, metavar="WORD=HOW", help="A respelling or /IPA/ of a word; repeatable.")
@click.option("--engine", default="", help="The speech engine; `narratix voices` lists them.")
@click.option("--title", default="", help="Default: taken from the text.")
@click.option("--seed", type=click.IntRange(0), default=0, help="Another seed gives another arrangement.")
@click.option("--no-music", is_flag=True, help="Leave the music out.")
@click.option("--no-effects", is_flag=True, help="Leave the sound effects out.")
@click.option(
    "--profile", type=click.Choice(PROFILES), default="podcast", show_default=True, help="For whom it is mastered."
)
@click.option("--stems", metavar="DIR", help="Write dialogue, music and effects each by itself (FLAC) into DIR, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    file: str,
    out: str,
    format: str | None,
    voices: tuple[str, ...],
    earlier: str | None,
    said: tuple[str, ...],
    engine: str,
    title: str,
    seed: int,
    no_music: bool,
    no_effects: bool,
    profile: str,
    stems: str | None,
    as_json: bool,
) -> None:
    """Perform the story in FILE (- for stdin) and write it to OUT.

    A text of any length. Rendered again, nothing is spoken twice: every clip is found by what it was made from.
    """
    began = time.monotonic()
    format = format or _format_of(out)
    wishes, pronunciations = _wishes(voices), _pronunciations(said)
    text = read_story(file)
    target, beside = writable(out), _folder(stems)
    settings = prepared(quiet=True)
    options = _options(
        settings,
        engine=engine,
        formats=(format,),
        voices=wishes,
        pronunciations=pronunciations,
        music=not no_music,
        effects=not no_effects,
        stream=False,
        seed=seed,
        profile=profile,
        stems=beside is not None,
    )
    result = with_services(
        settings, "all", lambda services: _render(services, text, title, options, target, beside, earlier)
    )
    shown = {**result, "file": str(target), "wall_seconds": round(time.monotonic() - began, 3)}
    if as_json:
        print_json(shown)
    else:
        print_result(shown, str(target))


def _format_of(out: str) -> str:
    suffix = Path(out).suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise click.UsageError(
            f"The name {out} does not tell a format; let it end in .{', .'.join(FORMATS)}, or give --format"
        )
    return suffix


def _wishes(voices: tuple[str, ...]) -> dict[str, str]:
    wishes = {}
    for wish in voices:
        name, equals, voice = wish.rpartition("=")
        name = " ".join(name.split()).casefold()
        if not equals or not name or not voice.strip():
            raise click.UsageError(f"--voice {wish!r} should look like Anna=af_bella")
        wishes[name] = voice.strip()
    return wishes


def _pronunciations(said: tuple[str, ...]) -> dict[str, str]:
    """Raises UsageError."""
    from narratix.script.pronunciations import MOST, BadPronunciation, checked

    entries: dict[str, str] = {}
    for wish in said:
        word, equals, how = wish.partition("=")
        if not equals or not word.strip() or not how.strip():
            raise click.UsageError(f"--say {wish!r} should look like Hermione=her-MY-oh-nee or Anna=/ˈɑːnə/")
        try:
            entries.update([checked(word, how)])
        except BadPronunciation as problem:
            raise click.UsageError(str(problem)) from problem
    if len(entries) > MOST:
        raise click.UsageError(f"There are {len(entries)} pronunciations; at most {MOST} can be given")
    return entries


def _options(settings: Settings, **wishes: Any) -> Options:
    """Raises UsageError for an engine or a voice that there is not."""
    from narratix.events.catalogue import Options

    options = Options(**wishes)
    engine = options.engine or settings.speech
    known = {voice.id for voice in engine_named(settings, engine).voices}
    for name, voice in options.voices.items():
        if voice not in known:
            raise click.UsageError(f"{engine} has no voice {voice!r} for {name!r}; `narratix voices` lists them")
    return options


async def _render(
    services: Services, text: str, title: str, options: Options, target: Path, beside: Path | None, earlier: str | None
) -> dict[str, Any]:
    from narratix.results import result

    if earlier is not None:
        options = await _with_voices_of(services, earlier, options)
    position = services.feed.position
    job_id = await services.commands.submit(text, title=title, options=options, actor=ACTOR)
    with stage_bars() as show:
        async with _cancelled_by_signals(services, job_id):
            status = await follow(services, job_id, position, show)
    if status.status != "completed":
        raise CommandFailed(
            f"The drama was not made: {status.error}"
            if status.status == "failed"
            else f"The job was cancelled. What was spoken is kept; to go on: narratix jobs retry {job_id}"
        )
    finished = await result(services, job_id)
    await _deliver(services, job_id, target, beside)
    return finished


async def _with_voices_of(services: Services, earlier: str, options: Options) -> Options:
    """The options, with the voices of an earlier job's cast as wishes; what was wished for this one goes first. Raises
    CommandFailed."""
    from msgspec.structs import replace

    from narratix.script.casting import kept_voices

    job = await services.commands.load(await find_job(services.pool, earlier))
    if job.script is None or job.voices is None:
        raise CommandFailed(f"Job {earlier} has no voices yet; let it come so far, or choose them with --voice.")
    engine = options.engine or services.ports.default_speech
    if job.voices.engine != engine:
        raise CommandFailed(f"Job {earlier} was spoken by {job.voices.engine} and this one is to be by {engine}.")
    kept = kept_voices(job.script.cast, job.voices.voices, job.options.voices, options.voices)
    return replace(options, voices=kept)


@contextlib.asynccontextmanager
async def _cancelled_by_signals(services: Services, job_id: UUID) -> Any:
    """Ctrl-C and SIGTERM cancel the job, whose end is then followed like any other; a second one ends at once."""
    loop, cancelling = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    def cancel() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        cancelling.add(loop.create_task(_cancel(services, job_id)))

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, cancel)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        await asyncio.gather(*cancelling)


async def _cancel(services: Services, job_id: UUID) -> None:
    from narratix.commands import NotNow

    with contextlib.suppress(NotNow):  # it ended in this moment
        await services.commands.cancel(job_id, actor=ACTOR, reason="Interrupted at the command line.")


# -- the file ----------------------------------------------------------------------------------


def writable(out: str) -> Path:
    """The path to write to, tried before an hour is spent on what goes there. Raises UsageError."""
    target = Path(os.path.realpath(out))
    if target.is_dir():
        raise click.UsageError(f"{out} is a directory; name a file")
    try:
        if target.exists() and not target.is_file():
            target.open("wb").close()
        else:
            part = _part_of(target)
            part.touch()
            part.unlink()
    except OSError as problem:
        raise click.UsageError(f"{out} cannot be written: {problem.strerror}") from problem
    return target


def _folder(stems: str | None) -> Path | None:
    """The directory for the stems, there and writable. Raises UsageError."""
    if stems is None:
        return None
    folder = Path(os.path.realpath(stems))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = _part_of(folder / "stems")
        part.touch()
        part.unlink()
    except OSError as problem:
        raise click.UsageError(f"{stems} is no directory to write to: {problem.strerror}") from problem
    return folder


async def _deliver(services: Services, job_id: UUID, target: Path, beside: Path | None) -> None:
    """Write the drama beside its place and rename it, so that nobody ever finds half of it there; so the stems."""
    job = await services.commands.load(job_id)
    assert job.published is not None
    files = [(job.published.files[0], target)]
    if beside is not None:
        files += [(stem, beside / stem.format) for stem in job.published.stems]
    for file, place in files:
        part = services.ports.scratch / f"delivery-{secrets.token_hex(4)}"
        try:
            await services.ports.storage.fetch_file(file.key, part)
            await asyncio.to_thread(_place, part, place)
        finally:
            part.unlink(missing_ok=True)


def _place(source: Path, target: Path) -> None:
    if target.exists() and not target.is_file():  # a device or a pipe
        with source.open("rb") as reading, target.open("wb") as writing:
            shutil.copyfileobj(reading, writing)
        return
    part = _part_of(target)
    try:
        shutil.copyfile(source, part)
        part.replace(target)
    except OSError as problem:
        raise CommandFailed(
            f"{target} could not be written: {problem.strerror}. The drama itself is kept."
        ) from problem
    finally:
        part.unlink(missing_ok=True)


def _part_of(target: Path) -> Path:
    return target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
