"""`narratix audit`: proof that nothing on record was altered, and what others need to prove it themselves."""

from __future__ import annotations

import contextlib
import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from narratix.cli.console import bar, print_json
from narratix.cli.errors import CommandFailed
from narratix.cli.session import find_job, over_the_log, prepared

if TYPE_CHECKING:
    from narratix.events.anchors import Anchors, Fault
    from narratix.events.chain import Verdict
    from narratix.services import Services


@click.group()
def command() -> None:
    """Prove that the log is whole, here or without Narratix (docs/audit.md)."""


@command.command()
@click.argument("job", required=False)
@click.option(
    "--since-anchor/--full",
    help="Recompute only what came after the last anchor.  [default: everything]",
    default=False,
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(job: str | None, since_anchor: bool, as_json: bool) -> None:
    """Recompute every hash of the log and hold it against its anchors, or of one JOB.

    Exit status 1 where something was altered or is missing.
    """
    from narratix.events import audit
    from narratix.events.anchoring import anchors_in, last_anchors_in
    from narratix.signing import anchor_keys

    if job and since_anchor:
        raise click.UsageError("Anchors are of the whole log: give --since-anchor or a JOB, not both")

    async def work(services: Services) -> Verdict:
        if job:
            return await audit.verify(services.pool, await find_job(services.pool, job))
        storage, keys = services.ports.storage, anchor_keys(services.settings)
        if since_anchor:
            anchors = await last_anchors_in(storage, keys, await services.store.head())
        else:
            anchors = await anchors_in(storage, keys)
        with bar("Verifying") as progress:
            return await audit.verify(
                services.pool, anchors=anchors, since_anchor=since_anchor, dsn=services.dsn, progress=progress
            )

    verdict = over_the_log(work)
    if as_json:
        print_json(verdict)
    elif verdict.ok:
        click.echo(_whole(verdict, of_job=bool(job)))
    else:
        for problem in verdict.problems:
            click.echo(_told(problem))
    if verdict.problem is not None:
        raise CommandFailed(f"{'The job' if job else 'The log'} is not whole. {_told(verdict.problem)}")


def _told(problem: Fault) -> str:
    return f"Position {problem.position}{f', job {problem.job_id}' if problem.job_id else ''}: {problem.what}"


def _whole(verdict: Verdict, *, of_job: bool) -> str:
    if of_job:
        return f"The job is whole: {verdict.events} events, every hash is right."
    since = f" after the anchor at position {verdict.since}" if verdict.since else ""
    anchored = f"as anchored up to position {verdict.anchored}" if verdict.anchored else "not anchored so far"
    rolling = f"Rolling hash at position {verdict.position}: {verdict.rolling}"
    return f"The log is whole: {verdict.events} events{since}, every hash is right, {anchored}.\n{rolling}"


@command.command()
@click.option("--after", type=click.IntRange(0), default=0, metavar="N", help="Only events after position N.")
@click.option("-o", "--out", required=True, metavar="FILE", help="LOG.ndjson, LOG.ndjson.gz, or - for stdout.")
def export(after: int, out: str) -> None:
    """Write the log as NDJSON, an event to a line, in flat memory.

    The position of the last line is the cursor: exports that follow each other can be joined, also when compressed.
    """
    from narratix.events.export import pages

    async def work(services: Services) -> tuple[int, int]:
        head, events = await services.store.head(), 0
        with _written(out) as file, bar("Exporting") as progress:
            async for page, position in pages(services.pool, after=after, until=head):
                file.write(page)
                events += page.count(b"\n")
                progress(position - after, head - after)
        return events, max(head, after)

    events, head = over_the_log(work)
    click.echo(f"{events} events, up to position {head}. The next export: --after {head}", err=True)


@command.command()
@click.option("-o", "--out", default="-", metavar="FILE", help="ANCHORS.ndjson, or - for stdout.  [default: -]")
def anchors(out: str) -> None:
    """Write all anchors as NDJSON. Exit status 1 where one cannot be believed."""
    from narratix.events.anchoring import anchors_in
    from narratix.signing import anchor_keys

    async def work(services: Services) -> Anchors:
        return await anchors_in(services.ports.storage, anchor_keys(services.settings))

    found = over_the_log(work)
    with _written(out) as file:
        file.writelines(anchor.encoded() for anchor in found.good)
    if found.faults:
        raise CommandFailed(" ".join(fault.what for fault in found.faults))


@command.command()
def key() -> None:
    """Print the key that anchors are signed with, for an auditor to check them. Who has it can sign anchors too."""
    from narratix.signing import anchor_keys

    click.echo(next(iter(anchor_keys(prepared(quiet=True)).values())).hex())


@contextlib.contextmanager
def _written(out: str) -> Iterator[BinaryIO]:
    """The file to write, compressed where its name ends in .gz; it appears under its name when it is complete."""
    if out == "-":
        yield sys.stdout.buffer
        return
    path = Path(out)
    part = path.with_name(f".{path.name}.part")
    try:
        with _opened(part) as file:
            if path.suffix == ".gz":
                with gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as packed:
                    yield packed  # type: ignore[misc]
            else:
                yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("wb")
    except OSError as problem:
        raise CommandFailed(f"{path.parent} cannot be written: {problem.strerror}. Choose another place.") from problem
