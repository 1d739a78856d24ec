"""What a benchmark leaves behind: a table on the screen, and a page, the raw figures and a chart in `results/`."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks import _server

RESULTS: Final = Path(__file__).parent / "results"
_load: Final = os.getloadavg()
_console: Final = Console(highlight=False)


def report(
    *,
    name: str,
    title: str,
    unit: str,
    measured: Mapping[str, Sequence[float]],
    baseline: str,
    notes: Sequence[str] = (),
    lower_is_better: bool = False,
) -> None:
    """Print the medians, ranges and ratios to `baseline`, and write `results/NAME.md`, `.json` and `.png`.

    `measured` is what `interleaved` returns, in `unit`. A ratio is the median of the rounds' own ratios, since
    what slows one side of a round slows the other; it says how many times better or worse than the baseline.
    """
    rows = [
        (
            who,
            figure(statistics.median(rounds)),
            f"{figure(min(rounds))} - {figure(max(rounds))}",
            f"{ratio(rounds, measured[baseline], lower_is_better=lower_is_better):.2f}",
        )
        for who, rounds in measured.items()
    ]
    heads = ("", f"median, {unit}", "range", f"times {baseline}")
    table = Table(*heads, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    _console.print(table)
    for note in notes:
        _console.print(f"* {note}", soft_wrap=True)

    head, foot = _around(title, notes, found := conditions())
    page = [*head, *_rows(heads, rows), "", f"![{title}]({name}.png)", "", *foot]
    figures = {"title": title, "unit": unit, "baseline": baseline, "rounds": {k: list(v) for k, v in measured.items()}}
    _write(name, page, {**figures, "notes": list(notes), "conditions": found})
    _draw(RESULTS / f"{name}.png", title, unit, measured, lower_is_better=lower_is_better)
    _console.print(f"[dim]Written to {RESULTS / name}.md, .json and .png[/dim]", soft_wrap=True)


def record(
    *,
    name: str,
    title: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str | int | float]],
    notes: Sequence[str] = (),
) -> None:
    """Print a table that compares with nobody, and write it to `results/NAME.md` and `.json`."""
    table = Table(*heads, title=title, title_justify="left")
    for row in rows:
        table.add_row(*map(str, row))
    _console.print(table)
    for note in notes:
        _console.print(f"* {note}", soft_wrap=True)
    head, foot = _around(title, notes, found := conditions())
    told = [dict(zip(heads, row, strict=True)) for row in rows]
    page = [*head, *_rows(heads, rows), "", *foot]
    _write(name, page, {"title": title, "rows": told, "notes": list(notes), "conditions": found})
    _console.print(f"[dim]Written to {RESULTS / name}.md and .json[/dim]", soft_wrap=True)


def ratio(rounds: Sequence[float], baseline: Sequence[float], *, lower_is_better: bool = False) -> float:
    """How many times better than `baseline`, round by round; the median."""
    pairs = zip(rounds, baseline, strict=True)
    return statistics.median(theirs / ours if lower_is_better else ours / theirs for ours, theirs in pairs)


def figure(value: float) -> str:
    """With three digits that count, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def conditions() -> dict[str, str]:
    """Where and when this was measured."""
    root = Path(__file__).parent.parent
    commit = _said("git", "-C", str(root), "rev-parse", "--short", "HEAD") or "not a git checkout"
    if _said("git", "-C", str(root), "status", "--porcelain", "--untracked-files=no", "--", "narratix", "migrations"):
        commit += ", with changes"
    loads = f"{_load[0]:.1f} before, {os.getloadavg()[0]:.1f} after"
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "load of one minute": loads,
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        **_server.seen,
        "date": f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC",
        "commit": commit,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:
        return ""


def _around(title: str, notes: Sequence[str], found: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """What a page says before its table, and after it."""
    told = "Conditions:", "", *(f"* {key}: {value}" for key, value in found.items()), ""
    return [f"# {title}", ""], [*(f"* {note}" for note in notes), "", *told]


def _rows(heads: Sequence[str], rows: Sequence[Sequence[str | int | float]]) -> list[str]:
    ruler = ["---", *("---:" for _ in heads[1:])]
    return [_line(heads), _line(ruler), *(_line([str(cell) for cell in row]) for row in rows)]


def _write(name: str, page: Sequence[str], figures: Mapping[str, object]) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text("\n".join(page), encoding="utf-8")
    (RESULTS / f"{name}.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _draw(file: Path, title: str, unit: str, measured: Mapping[str, Sequence[float]], *, lower_is_better: bool) -> None:
    """A bar as long as the median for each, a dot for every round."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import StrMethodFormatter

    chart = Figure(figsize=(9, 1.6 + 0.55 * len(measured)), layout="constrained")
    FigureCanvasAgg(chart)
    axes = chart.add_subplot()
    longest = max(max(rounds) for rounds in measured.values())
    for place, (who, rounds) in enumerate(measured.items()):
        median = statistics.median(rounds)
        axes.barh(place, median, height=0.55, color="#2f6f8f" if who == next(iter(measured)) else "#a9bcc6")
        axes.plot(rounds, [place] * len(rounds), "o", color="#d9822b", markersize=5, markeredgecolor="white")
        axes.text(max(median, *rounds) + 0.015 * longest, place, f"median {figure(median)}", va="center", fontsize=11)
    axes.set_yticks(range(len(measured)), list(measured), fontsize=11)
    axes.invert_yaxis()
    axes.set_xlim(0, longest * 1.25)
    axes.set_xlabel(f"{unit} (bar: median, dots: rounds; {'less' if lower_is_better else 'more'} is better)")
    if longest >= 1000:
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    chart.savefig(file, dpi=150)
