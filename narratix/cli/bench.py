"""`narratix bench`: the measurements that the figures in the documents come from."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import click

from narratix.cli.console import print_table
from narratix.cli.errors import CommandFailed


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("name", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(context: click.Context, name: str | None, arguments: tuple[str, ...]) -> None:
    """Run the benchmark NAME with its ARGUMENTS; without a name, list them."""
    from narratix.settings import PROJECT

    found = benchmarks(PROJECT / "benchmarks")
    if not found:
        raise CommandFailed(f"There are no benchmarks here; they lie in a checkout of Narratix, not in {PROJECT}.")
    if name is None:
        print_table(("Name", "What it measures"), found.items())
        return
    if name not in found:
        raise click.UsageError(f"There is no benchmark called {name!r}; choose one of: {', '.join(found)}")
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *arguments], cwd=PROJECT)  # noqa: S603
    context.exit(0 if done.returncode == 0 else done.returncode if done.returncode == 2 else 1)


def benchmarks(folder: Path) -> dict[str, str]:
    """Name -> what it measures, the first line of its docstring, of every benchmark in `folder`."""
    found = {}
    for file in sorted(folder.glob("[!_]*.py")):
        said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        found[file.stem] = said.partition("\n")[0]
    return found
