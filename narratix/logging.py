"""How this process logs: lines of JSON where a machine reads them, key-value lines for people in development."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any, Final

import structlog

from narratix.reporting import error_reports
from narratix.settings import Settings
from narratix.tracing import open_tracing

LOG_FILE: Final = "narratix.log"
LEVELS: Final = {name: getattr(logging, name.upper()) for name in ("debug", "info", "warning", "error")}


class _Stderr:
    """Whatever stderr is now: a progress bar replaces it while it is on the screen."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


class _File:
    """A file that is only open while something is written, which is seldom."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, text: str) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            return file.write(text)

    def flush(self) -> None:
        """Nothing waits."""


def configure_logging(settings: Settings, *, quiet: bool = False) -> None:
    """Log to stderr from the settings' level up, and send errors and traces where an address is set for them. `quiet`
    leaves the screen to the command: warnings and errors go to narratix.log in the home directory.

    Raises ReportsMissing where such an address is set and the library for it is not there.
    """
    output: Any = _File(settings.home / LOG_FILE) if quiet else _Stderr()
    level = max(LEVELS[settings.log_level], logging.WARNING if quiet else logging.DEBUG)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last = _last(settings)
    structlog.configure(
        processors=[*shared, *_reports(settings), *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(output),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


def _reports(settings: Settings) -> list[Any]:
    """What sends elsewhere; neither library is loaded where no address is set."""
    if settings.otlp_endpoint:
        open_tracing(settings.otlp_endpoint, settings.otlp_headers.get_secret_value(), settings.environment)
    if not (dsn := settings.sentry_dsn.get_secret_value()):
        return []
    return [error_reports(dsn, settings.environment, settings.commit)]


def _last(settings: Settings) -> list[Any]:
    if settings.environment == "development":
        return [structlog.processors.ExceptionRenderer(), structlog.processors.LogfmtRenderer(
            key_order=["timestamp", "level", "event"], drop_missing=True, bool_as_flag=False)]  # fmt: skip
    # without the variables of each frame, which hold tokens, keys and people's texts
    traces = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
    return [traces, structlog.processors.JSONRenderer()]
