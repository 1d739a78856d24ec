"""The `narratix` command. Each command is a file; what is slow to load is imported when it runs, so that help comes at once."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Final

import click

from narratix import __version__
from narratix.cli.errors import run

COMMANDS: Final = {
    "demo": "demo",
    "serve": "serve",
    "render": "render",
    "analyze": "analyze",
    "jobs": "jobs",
    "history": "history",
    "audit": "audit",
    "projections": "projections",
    "storage": "storage",
    "keys": "keys",
    "webhooks": "webhooks",
    "voices": "voices",
    "migrate": "migrate",
    "doctor": "doctor",
    "alerts": "alerts",
    "cost": "cost",
    "bench": "bench",
}
"""Name -> the module of this package that has it, in the order in which a newcomer meets them."""


class Narratix(click.Group):
    """The group of all commands, each imported when it is asked for."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"narratix.cli.{COMMANDS[name]}").command
        return command


@click.command(cls=Narratix, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="narratix %(version)s")
def narratix() -> None:
    """Turns a story into a full-cast audio drama and keeps every step of its making on record.

    Without DATABASE_URL and storage settings everything runs on this machine, with its data in .narratix or where
    NARRATIX_HOME says. Exit status: 0 done, 1 failed, 2 used wrongly.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave the process with its exit status."""
    sys.exit(run(narratix, list(sys.argv[1:] if arguments is None else arguments)))
