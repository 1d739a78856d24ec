"""A story from a file or from stdin."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from narratix.cli.errors import CommandFailed


def read_story(file: str) -> str:
    """The text of a UTF-8 file, `-` for stdin, without a byte order mark; line ends stay as they are.

    Raises UsageError where there is no such file, CommandFailed where it is not a text.
    """
    name = "stdin" if file == "-" else file
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise click.UsageError(f"There is no file {file}") from None
    except IsADirectoryError:
        raise click.UsageError(f"{file} is a directory; name a text file") from None
    except OSError as problem:
        raise CommandFailed(f"{file} cannot be read: {problem.strerror}.") from problem
    if b"\0" in data:
        raise CommandFailed(f"{name} is not a text: it has NUL bytes. Save the story as plain text in UTF-8.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise CommandFailed(
            f"{name} is not UTF-8: byte 0x{data[problem.start]:02x} in line {line}. Save the story as UTF-8."
        ) from problem
    if not text.strip():
        raise CommandFailed(f"{name} is empty; there is nothing to read aloud.")
    return text
