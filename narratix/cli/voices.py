"""`narratix voices`: who can speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from narratix.ports import Speech
    from narratix.settings import Settings


@click.command()
@click.option("--engine", default="", help="Only this engine's.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(engine: str, as_json: bool) -> None:
    """The voices of every speech engine; an id goes into `render --voice NAME=ID`."""
    from narratix.cli.console import print_json, print_table
    from narratix.cli.session import prepared
    from narratix.providers.speech import SPEECH

    settings = prepared(quiet=True)
    engines = [engine_named(settings, name) for name in ([engine] if engine else SPEECH)]
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


def engine_named(settings: Settings, name: str) -> Speech:
    """The engine, nothing loaded. Raises UsageError where there is none of that name."""
    from narratix.providers.speech import SPEECH

    if name not in SPEECH:
        raise click.UsageError(f"There is no speech engine called {name!r}; choose one of: {', '.join(SPEECH)}")
    return SPEECH[name](settings.packages, settings.speech_workers)
