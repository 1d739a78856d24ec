"""Where every failure of a command ends: one sentence on stderr and an exit status; a stack trace only in the log file."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2

LOG_BYTES: Final = 4 << 20


class CommandFailed(click.ClickException):
    """The command did not do what it was asked for. The sentence says why and what to do now."""

    exit_code = FAILED


def run(command: click.Command, arguments: Sequence[str]) -> int:
    """Run `command`; its exit status."""
    try:
        command.main(list(arguments), prog_name="narratix", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help:
        help.show()
        return USAGE
    except click.UsageError as problem:
        where = f" (see `{problem.ctx.command_path} --help`)" if problem.ctx else ""
        say(f"{problem.format_message().rstrip('.')}{where}.")
        return USAGE
    except click.ClickException as problem:
        say(problem.format_message())
        return problem.exit_code
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("Interrupted.")
        return FAILED
    except BrokenPipeError:
        # whoever read our output has enough of it; the interpreter's last flush must not complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as problem:
        say(sentence(problem))
        return FAILED
    return DONE


def say(text: str) -> None:
    """A line on stderr."""
    print(text, file=sys.stderr, flush=True)


def sentence(problem: BaseException) -> str:
    """What to tell a person. An error that nobody foresaw goes to the log file, and the sentence names that."""
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    known = _database_sentence(problem) or _system_sentence(problem) or _own_sentence(problem)
    if known:
        return known
    kept = _keep_trace(problem)
    where = f"; {kept} has the details" if kept else ""
    return f"An unexpected error stopped this ({type(problem).__name__}: {problem}){where}."


def _own_sentence(problem: BaseException) -> str:
    """Our own errors are sentences already."""
    from narratix.commands import CommandRefused
    from narratix.embedded.ffmpeg import FfmpegMissing
    from narratix.embedded.postgres import PostgresUnavailable
    from narratix.environments import WrongEnvironment
    from narratix.events.codec import Unreadable
    from narratix.events.dsn import BadAddress
    from narratix.events.store import StoreError
    from narratix.ports import ProviderError
    from narratix.web.problems import Problem
    from narratix.web.serve import CannotListen

    known = (
        ProviderError,
        PostgresUnavailable,
        StoreError,
        CommandRefused,
        FfmpegMissing,
        Unreadable,
        BadAddress,
        WrongEnvironment,
        Problem,
        CannotListen,
    )
    return str(problem) if isinstance(problem, known) else ""


def _database_sentence(problem: BaseException) -> str:
    import asyncpg
    from sqlalchemy.exc import DBAPIError

    from narratix.events.store import UNREACHABLE

    if isinstance(problem, DBAPIError) and problem.orig is not None:  # migrations go through SQLAlchemy
        problem = problem.orig.__cause__ or problem.orig
    if isinstance(problem, asyncpg.PostgresError) and not isinstance(problem, UNREACHABLE):
        return f"The database refused this: {problem}. Check DATABASE_URL; `narratix doctor` tells what is wrong."
    if isinstance(problem, asyncpg.PostgresError | asyncpg.InterfaceError | ConnectionError):
        return f"The database cannot be reached: {problem}. Check DATABASE_URL; `narratix doctor` tells what is wrong."
    return ""


def _system_sentence(problem: BaseException) -> str:
    from pydantic import ValidationError

    if isinstance(problem, ValidationError):
        wrong = "; ".join(f"{_variable(error['loc'])}: {error['msg']}" for error in problem.errors())
        return f"A setting in the environment cannot be used. {wrong}."
    if isinstance(problem, TimeoutError):
        return "It took too long; is the database or the object store out of reach? `narratix doctor` tells."
    if not isinstance(problem, OSError):
        return ""
    about = f" ({problem.filename})" if problem.filename else ""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full{about}. Free some space and try again."
    return f"The system refused: {problem.strerror or problem}{about}."


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "settings"
    return name if name.isupper() else f"NARRATIX_{name.upper()}"


def _keep_trace(problem: BaseException) -> Path | None:
    """Append the stack trace to `narratix.log` in the home; the path, or None where it cannot be written."""
    from narratix.logging import LOG_FILE
    from narratix.settings import Settings

    with contextlib.suppress(Exception):
        path = Settings().home / LOG_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        with path.open("a", encoding="utf-8") as file:
            print(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {' '.join(sys.argv)}", file=file)
            traceback.print_exception(problem, file=file)
        return path
    return None
