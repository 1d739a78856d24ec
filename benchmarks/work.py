"""Jobs of five stages that do nothing, per second, complete with the status that readers see; beside DBOS and PgQueuer.

    python -m benchmarks.work [--rounds 5] [--jobs 2000] [--slow-commit-ms 3]

Each contestant runs in one process of its own, on a new database of the same server, with fsync on.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable

from benchmarks._harness import empty_database, fresh_database, interleaved, need_peers, postgres, report

DATABASES: dict[str, Callable[[str], str]] = {
    "narratix": fresh_database,
    "pgqueuer": empty_database,
    "dbos": empty_database,
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--jobs", type=int, default=2000, help="jobs per turn; DBOS gets a quarter of them")
    options.add_argument("--slow-commit-ms", type=float, default=None, help="let every commit take this much longer")
    options.add_argument("--only", choices=tuple(DATABASES), action="append", help="measure, and write no report")
    given = options.parse_args()
    contestants = given.only or list(DATABASES)
    need_peers(*(peer for peer in ("dbos", "pgqueuer") if peer in contestants))

    with postgres(slow_commit_ms=given.slow_commit_ms) as dsn:

        def turn(name: str) -> float:
            jobs: int = given.jobs // 4 if name == "dbos" else given.jobs
            return jobs / seconds(name, DATABASES[name](dsn), jobs)

        measured = interleaved({name: lambda name=name: turn(name) for name in contestants}, rounds=given.rounds)  # type: ignore[misc]
    if given.only:
        for name, rates in measured.items():
            print(name, *(f"{rate:.0f}" for rate in rates), "jobs/s")
        return
    report(
        name="work" if given.slow_commit_ms is None else "work-slow-commits",
        title="Jobs of five stages that do nothing",
        unit="jobs/s",
        measured=measured,
        baseline="pgqueuer",
        notes=[
            "narratix: 7 events per job in a hash chain, fenced completions, three read models kept up with.",
            "pgqueuer: five entries, each put in by the handler of the one before; no history, completions not fenced.",
            "dbos: a workflow of five steps.",
        ],
    )


def seconds(name: str, dsn: str, jobs: int) -> float:
    """How long `jobs` jobs took this contestant, in a process of its own."""
    command = [sys.executable, "-m", f"benchmarks._work_{name}", dsn, str(jobs)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"The turn of {name} failed; what it said stands above.")
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    main()
