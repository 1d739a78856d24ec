"""The HTTP contract, put to the proof from outside: schemathesis asks the running service whatever its OpenAPI document
allows, and much that it does not, and every answer must be one that the document has.

    python -m benchmarks.contract [--examples 100] [--seed 1] [--schemathesis PROGRAM]

Runs a service of its own, with engines that are silent, a database of its own, and one finished drama; first with that
drama's id wherever one is asked for, then with any. Ends with the status of the last run that failed. schemathesis (MIT)
is no dependency of Narratix, since it brings many of its own: `uv tool install schemathesis`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

STORY: Final = {"text": "The rain fell. “Who is there?” whispered Anna. “Only me,” said Thomas."}
PATIENCE_SECONDS: Final = 120.0
CHECKS: Final = ("not_a_server_error", "status_code_conformance", "content_type_conformance",
                 "response_headers_conformance", "response_schema_conformance", "unsupported_method",
                 "allow_header_conformance")  # fmt: skip
"""Not whether all is taken that a schema allows: a story must also have something to read aloud, an engine must exist."""
ENGINES: Final = {"NARRATIX_SPEECH": "silent", "NARRATIX_MUSIC": "silent", "NARRATIX_EFFECTS": "silent"}
TOLD: Final = {"NARRATIX_REPLICATE_WEBHOOK_SECRET": "whsec_" + "QUJD" * 12}
"""So that what vendors tell is looked at, and found to be forged."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=100, help="for each operation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--schemathesis", default=shutil.which("schemathesis") or "schemathesis")
    given = parser.parse_args(arguments)
    if shutil.which(given.schemathesis) is None:
        print("schemathesis is not installed. Install it: uv tool install schemathesis", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="narratix-contract-") as home:
        Path(home).chmod(0o755)  # or, as root, the database would go to a place that outlives this run
        with service(home, "all") as url:
            job_id = finished(url)
        with service(home, "web") as url:  # what is submitted from here on is left alone
            runs = [asked(given, url, job_id, home), asked(given, url, None, home)]
    return max(runs)


def asked(given: argparse.Namespace, url: str, job_id: str | None, home: str) -> int:
    """Run schemathesis, with this job wherever one is asked for; its exit status."""
    settings = Path(home) / "schemathesis.toml"
    known = {"path.job_id": job_id, "query.engine": "silent", "query.voice": "ada", "path.line": 0} if job_id else {}
    settings.write_text("".join(["[parameters]\n", *(f'"{name}" = {json.dumps(it)}\n' for name, it in known.items())]))
    print(f"\n-- {'a finished drama' if job_id else 'any job'}", flush=True)
    return subprocess.run(
        [
            *(given.schemathesis, "--config-file", str(settings), "run", f"{url}/openapi.json"),
            *(
                "--checks",
                ",".join(CHECKS if job_id else (*CHECKS, "negative_data_rejection")),
                "--phases",
                "examples,coverage,fuzzing",
            ),
            *("--max-examples", str(given.examples), "--seed", str(given.seed), "--generation-deterministic"),
            # which would begin it anew, and nobody works here
            *(("--exclude-path", "/api/demo/revise/{job_id}") if job_id else ()),
            *("--max-redirects", "0", "--request-timeout", "10", "--continue-on-failure", "--no-color"),
        ],
        check=False,
    ).returncode


@contextlib.contextmanager
def service(home: str, role: str) -> Iterator[str]:
    """The base URL of a service that lets everybody ask as often as they like."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NARRATIX_")}
    environment |= ENGINES | TOLD | {"NARRATIX_HOME": home, "NARRATIX_RATE_LIMIT_PER_MINUTE": "1000000"}
    environment |= {"NARRATIX_LOG_LEVEL": "error"}
    process = subprocess.Popen(
        [sys.executable, "-m", "narratix", "serve", "--role", role, "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        announced = process.stdout.readline().strip()
        if not announced.startswith("listening on "):
            raise SystemExit(f"The service did not start: {announced}")
        yield announced.removeprefix("listening on ")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)


def finished(url: str) -> str:
    """The id of a drama that was made."""
    accepted = call(f"{url}/api/demo/submit", STORY)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (status := call(url + accepted["links"]["status"]))["status"] != "completed":
        if status["status"] == "failed" or time.monotonic() > deadline:
            raise SystemExit(f"The drama was not made: {status['step']}. {status['error'] or ''}")
        time.sleep(0.2)
    return str(accepted["job_id"])


def call(url: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
