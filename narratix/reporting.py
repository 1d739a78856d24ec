"""Errors for Sentry, where a DSN is set; else nothing of it is loaded.

What is sent is built from a list of what may be: which error, where in our code, for which job and request. Messages of
exceptions, variables, headers and everything else stay here, since they may quote a story or hold a secret.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from narratix import __version__
from narratix.tracing import ReportsMissing

REPORTED: Final = frozenset({"error", "exception", "critical", "fatal"})
TAGS: Final = ("request_id", "job_id", "stage", "item", "provider", "model", "method", "path")
_KEPT: Final = ("event_id", "timestamp", "platform", "level", "release", "environment", "sdk", "fingerprint", "tags")
_KEPT_OF_FRAMES: Final = ("filename", "module", "function", "lineno", "in_app")


def error_reports(dsn: str, environment: str, commit: str, transport: Any = None) -> Any:
    """A structlog processor that sends what is logged as an error. `transport` instead of the network is for tests.
    Raises ReportsMissing."""
    try:
        import sentry_sdk
    except ImportError as missing:
        raise ReportsMissing("SENTRY_DSN") from missing
    sentry_sdk.init(
        dsn,
        environment=environment,
        release=commit or __version__,
        default_integrations=False,
        auto_enabling_integrations=False,
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        server_name="narratix",
        before_send=scrubbed,
        transport=transport,
    )

    def report(_logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if method in REPORTED:
            name, problem = str(line.get("event", "error")), _exception_of(line.get("exc_info"))
            with sentry_sdk.new_scope() as scope:
                scope.set_tag("event", name)
                for tag in TAGS:
                    if tag in line:
                        scope.set_tag(tag, str(line[tag]))
                scope.fingerprint = [name, type(problem).__name__ if problem else "none"]
                if problem is None:
                    sentry_sdk.capture_message(name, level="error")
                else:
                    sentry_sdk.capture_exception(problem)
        return line

    return report


def _exception_of(given: Any) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1]  # type: ignore[no-any-return]
    return sys.exc_info()[1] if given else None


def scrubbed(event: Any, _hint: Any = None) -> Any:
    """The event, made of what may be sent alone."""
    kept = {key: event[key] for key in _KEPT if key in event}
    named = (event.get("tags") or {}).get("event")
    if named:
        kept["message"] = named
    if values := (event.get("exception") or {}).get("values"):
        kept["exception"] = {"values": [_of_exception(value) for value in values]}
    return kept


def _of_exception(value: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value[key] for key in ("type", "module") if value.get(key)}
    frames = (value.get("stacktrace") or {}).get("frames") or ()
    kept["stacktrace"] = {"frames": [{key: frame[key] for key in _KEPT_OF_FRAMES if key in frame} for frame in frames]}
    return kept
