"""`narratix doctor`: what works here and what is missing."""

from __future__ import annotations

import click

from narratix.cli.console import print_json, print_table
from narratix.cli.errors import CommandFailed
from narratix.cli.session import prepared


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--write", is_flag=True, help="Also try what writes to a bucket; what was written is deleted again.")
def command(as_json: bool, write: bool) -> None:
    """Try every part that a drama needs. Exit status 1 where one is broken."""
    from narratix.doctor.examination import examine

    findings = list(examine(prepared(quiet=True), write=write))
    broken = [finding.name for finding in findings if finding.state == "broken"]
    if as_json:
        print_json({"ok": not broken, "findings": findings})
    else:
        print_table(
            ("Part", "State", "Found"),
            [
                (each.name, each.state, f"{each.found}. {each.advice}" if each.advice else each.found)
                for each in findings
            ],
        )
    if broken:
        raise CommandFailed(f"Broken: {', '.join(broken)}.")
