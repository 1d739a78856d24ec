"""Takes the guards of the log and of the work away, one at a time, and sees whether a test fails: each must be missed.

`python -m tests.model.mutations` works on a copy of the project, prints a table, and exits with 1 when a mutant
survives. `--only fence` tries those whose name contains it. The list of mutants is `mutants.MUTANTS`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

from narratix.embedded.postgres import EmbeddedPostgres
from tests.model.mutants import MUTANTS, Mutant

PROJECT: Final = Path(__file__).parent.parent.parent
COPIED: Final = ("narratix", "migrations", "tests", "pyproject.toml")
PATIENCE_SECONDS: Final = 240
"""Then tests hang, which is to be noticed as well."""


class Gone(Exception):
    """A mutant's place is not in the source, or not once: the list has to follow the code."""


def mutated(mutant: Mutant, source: str) -> str:
    """Raises Gone."""
    if source.count(mutant.old) != 1:
        raise Gone(f"{mutant.name}: {mutant.path} holds its text {source.count(mutant.old)} times, not once.")
    return source.replace(mutant.old, mutant.new)


def tried(copy: Path, dsn: str, tests: tuple[str, ...]) -> str:
    """`survived` where the tests pass, `killed` where one fails, else what went wrong."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "--tb=no",
        *tests,
    ]
    environment = os.environ | {"NARRATIX_TEST_DATABASE_URL": dsn, "PYTHONPATH": str(copy)}
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS
        )
    except subprocess.TimeoutExpired:
        return "killed"
    if done.returncode == 1 and "ERROR tests" in done.stdout:  # it does not even run: nothing was tried
        return "broken"
    return {0: "survived", 1: "killed"}.get(done.returncode, "broken")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="Mutants whose name contains this.")
    parser.add_argument("--part", default="1/1", help="Every third of them, from the first on, is 1/3.")
    only, part = parser.parse_args().only, parser.parse_args().part
    number, parts = map(int, part.split("/"))
    chosen = [mutant for mutant in MUTANTS if only in mutant.name][number - 1 :: parts]
    for mutant in chosen:
        mutated(mutant, (PROJECT / mutant.path).read_text())
    results: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="narratix-mutants-") as place:
        Path(place).chmod(0o755)
        copy = Path(place, "copy")
        for name in COPIED:
            part = PROJECT / name
            shutil.copytree(part, copy / name) if part.is_dir() else shutil.copy(part, copy / name)
        with EmbeddedPostgres(Path(place)) as dsn:
            for tests in sorted({mutant.tests for mutant in chosen}):
                if (said := tried(copy, dsn, tests)) != "survived":
                    sys.exit(f"Without any mutation, {' '.join(tests)} is {said}: mend that first.")
            for mutant in chosen:
                began, path = time.monotonic(), copy / mutant.path
                source = path.read_text()
                path.write_text(mutated(mutant, source))
                said = tried(copy, dsn, mutant.tests)
                path.write_text(source)
                results[said] += 1
                print(f"{said:<10}{time.monotonic() - began:5.1f} s  {mutant.name}", flush=True)
    print(", ".join(f"{count} {said}" for said, count in results.items()))
    sys.exit(0 if results.keys() <= {"killed"} else 1)


if __name__ == "__main__":
    main()
