"""Traces for an OpenTelemetry collector, where an address is set for it; else nothing of it is loaded.

A request, the stages of the job that it led to and their calls of providers are one trace, whose id is that of the
request. Spans say what was done, how long it took and how it ended: names, keys and numbers, no text and no message of
an exception, which may quote one.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from typing import Any, Final

import structlog

from narratix import __version__

NAMED: Final = ("job_id", "stage", "item")
"""What is bound to the log's lines and goes to the spans too."""

_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
_tracer: Any = None


class Note:
    """Takes what becomes known while a span is open."""

    def __init__(self, span: Any = None) -> None:
        self._span = span

    def say(self, **attributes: str | int | float) -> None:
        if self._span is not None:
            self._span.set_attributes(attributes)

    def rename(self, name: str) -> None:
        if self._span is not None:
            self._span.update_name(name)


@contextlib.contextmanager
def span(name: str, **attributes: str | int | float) -> Iterator[Note]:
    """What happens in the block, as a span below the one around it, or else below the request that it came from."""
    if _tracer is None:
        yield _SILENT
        return
    from opentelemetry.trace import Status, StatusCode, get_current_span

    bound = structlog.contextvars.get_contextvars()
    parent = None if get_current_span().get_span_context().is_valid else _request_context(bound.get("request_id", ""))
    known: dict[str, Any] = {key: bound[key] for key in NAMED if key in bound}
    with _tracer.start_as_current_span(
        name, parent, attributes=known | attributes, record_exception=False, set_status_on_exception=False
    ) as opened:
        try:
            yield Note(opened)
        except BaseException as problem:
            opened.set_status(Status(StatusCode.ERROR))
            opened.set_attribute("error.type", type(problem).__name__)
            raise


_SILENT: Final = Note()


def _request_context(request_id: str) -> Any:
    """The context below which everything belongs that one request led to, in any process."""
    if not request_id:
        return None
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    digest = hashlib.sha256(request_id.encode()).hexdigest()
    trace = request_id if _TRACE_ID.fullmatch(request_id) and int(request_id, 16) else digest[:32]
    root = SpanContext(int(trace, 16), int(digest[32:48], 16), is_remote=True, trace_flags=TraceFlags(1))
    return set_span_in_context(NonRecordingSpan(root))


class ReportsMissing(Exception):
    """An address is set for reports, and the library that sends them is not installed."""

    def __init__(self, variable: str) -> None:
        super().__init__(
            f"{variable} is set, and the library for it is not installed. "
            "Run pip install --no-deps -r requirements-reports.lock, or unset it."
        )


def open_tracing(endpoint: str, headers: str, environment: str, exporter: Any = None) -> None:
    """Send spans to the collector at `endpoint` over HTTP, with `headers` as in "key=value,key=value".

    `exporter` instead is for tests. Raises ReportsMissing.
    """
    global _tracer
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
    except ImportError as missing:
        raise ReportsMissing("OTEL_EXPORTER_OTLP_ENDPOINT") from missing
    about = {"service.name": "narratix", "service.version": __version__, "deployment.environment.name": environment}
    provider = TracerProvider(resource=Resource(about))
    if exporter is not None:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    else:
        named = [pair.partition("=") for pair in headers.split(",") if "=" in pair]
        pairs = {name.strip(): value.strip() for name, _, value in named}
        sender = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", headers=pairs)
        provider.add_span_processor(BatchSpanProcessor(sender))
    _tracer = provider.get_tracer("narratix", __version__)


def close_tracing() -> None:
    """Open no more spans."""
    global _tracer
    _tracer = None
