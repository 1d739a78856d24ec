"""How commands show things: tables and figures on stdout, progress bars on stderr where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from narratix.projections.job_status import JobStatus

STAGES: Final = {
    "write_script": "Reading the story",
    "cast_voices": "Casting voices",
    "plan_sound": "Planning sound",
    "speak_line": "Speaking lines",
    "compose_music": "Composing music",
    "render_effect": "Making effects",
    "stream_drama": "Streaming",
    "mix_drama": "Mixing",
    "publish_drama": "Publishing",
}
"""The stages as people read them, in their order."""


def print_json(value: Any) -> None:
    """One line of JSON on stdout."""
    import msgspec

    click.echo(msgspec.json.encode(value).decode())


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns as wide as their content, parted by two blanks; figures to the right."""
    table = [[("" if cell is None else str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *table, strict=True)]
    numeric = [bool(table) and all(_is_figure(row[place]) for row in table) for place in range(len(headings))]
    for row in [list(headings), *table]:
        cells = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        click.echo("  ".join(cells).rstrip())


def _is_figure(cell: str) -> bool:
    return cell == "" or (cell[0].isdigit() and cell.replace(",", "").replace(".", "").split(" ")[0].isdigit())


def clock(seconds: float) -> str:
    """3:07, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(count: float) -> str:
    """In the unit that leaves the fewest digits: 812 B, 4.9 MB."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def on_terminal() -> bool:
    """Whether somebody watches stderr."""
    return sys.stderr.isatty()


@contextmanager
def stage_bars() -> Iterator[Callable[[JobStatus], None]]:
    """A bar for each stage, moved by the job's status. Shows nothing where stderr is no terminal."""
    if not on_terminal():
        yield lambda _status: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description:18}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bars = {name: progress.add_task(said, total=None, start=False) for name, said in STAGES.items()}

        def show(status: JobStatus) -> None:
            for name, bar in bars.items():
                count = status.stages[name]
                if count.done or name == status.stage:
                    progress.start_task(bar)
                progress.update(bar, completed=count.done, total=count.total)

        yield show


@contextmanager
def bar(doing: str) -> Iterator[Callable[[int, int], None]]:
    """One bar, moved by (done, total). Shows nothing where stderr is no terminal."""
    if not on_terminal():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task(doing, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
