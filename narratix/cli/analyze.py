"""`narratix analyze`: a text read into a script, unspoken. Needs no database."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import click

from narratix.cli.console import print_json, print_table
from narratix.cli.session import prepared
from narratix.cli.texts import read_story

if TYPE_CHECKING:
    from narratix.ports import Script
    from narratix.settings import Settings

LINES_SHOWN: Final = 24


@click.command()
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Print the whole script as JSON.")
def command(file: str, as_json: bool) -> None:
    """Tell who speaks in FILE (- for stdin), what, how, and where music and effects would be."""
    import asyncio

    text = read_story(file)
    script = asyncio.run(_script(prepared(quiet=True), text))
    if as_json:
        print_json(script_view(text, script))
    else:
        _print_script(text, script)


async def _script(settings: Settings, text: str) -> Script:
    from narratix.engines import open_languages

    async with open_languages(settings) as language:
        return await language.write_script(text)


def script_view(text: str, script: Script) -> dict[str, Any]:
    """The script as the contract has it. `start` and `end` are characters of the text."""
    from narratix.handlers.texts import text_sha256

    return {
        "text_sha256": text_sha256(text),
        "engine": script.engine,
        "cast": script.cast,
        "segments": script.segments,
        "music": script.music,
        "effects": script.effects,
    }


def _print_script(text: str, script: Script) -> None:
    lines = Counter(segment.speaker for segment in script.segments)
    names = {member.id: member.name for member in script.cast}
    print_table(
        ("Cast", "Gender", "Lines", "Also called"),
        [
            (member.name, "" if member.narrator else member.gender, lines[member.id], ", ".join(member.aliases))
            for member in script.cast
        ],
    )
    click.echo()
    print_table(
        ("Line", "Speaker", "Direction", "Text"),
        [
            (number, names[segment.speaker], segment.direction, _shortened(text[segment.start : segment.end]))
            for number, segment in enumerate(script.segments[:LINES_SHOWN])
        ],
    )
    click.echo()
    if (more := len(script.segments) - LINES_SHOWN) > 0:
        click.echo(f"... and {more} more lines.")
    moods = ", ".join(cue.mood for cue in script.music[:8]) or "none"
    effects = ", ".join(cue.name for cue in sorted(script.effects, key=lambda cue: cue.rank)[:8]) or "none"
    click.echo(f"Music    {len(script.music)}: {moods}")
    click.echo(f"Effects  {len(script.effects)}: {effects}")
    for note in script.notes:
        click.echo(note)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 72 else f"{line[:71]}…"
