"""Errors to Sentry and traces to a collector: nothing without an address, and with one nothing that tells a story."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import structlog
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr
from sentry_sdk.transport import Transport

from narratix import tracing
from narratix.logging import _reports
from narratix.providers.calls import Calls
from narratix.reporting import error_reports, scrubbed
from narratix.services import Services
from narratix.settings import PROJECT, Settings
from narratix.tracing import ReportsMissing, close_tracing, open_tracing, span
from tests.web.web_site import client_of

STORY = "Nobody must ever know that the bell was stolen by Agnes.\n\n“Who is there?” whispered Anna.\n"
SECRET = "sk-very-secret-0123456789"
DSN = "https://public@sentry.example.org/1"


class Sent(Transport):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Any) -> None:
        if event := envelope.get_event():
            self.events.append(event)


@pytest.fixture
def sent() -> Iterator[Sent]:
    import sentry_sdk

    transport = Sent()
    processor = error_reports(DSN, "production", "c0ffee", transport)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, processor, structlog.processors.KeyValueRenderer()]
    )
    yield transport
    structlog.reset_defaults()
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    open_tracing("", "", "development", exporter)
    yield exporter
    close_tracing()


def test_given_no_address_then_neither_library_is_loaded() -> None:
    code = (
        "import sys\n"
        "from narratix.settings import Settings\n"
        "from narratix.logging import configure_logging\n"
        "configure_logging(Settings())\n"
        "import narratix.web.server, narratix.worker\n"
        "from narratix.tracing import span\n"
        "with span('a'): pass\n"
        "print([name for name in sys.modules if name.startswith(('sentry_sdk', 'opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("library", ["sentry_sdk", "opentelemetry"])
def test_given_an_address_without_its_library_then_a_sentence_says_what_to_do(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [known for known in sys.modules if known.split(".")[0] == library]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, library, None)
    open_it = partial(error_reports, DSN, "production", "")
    if library == "opentelemetry":
        open_it = partial(open_tracing, "http://127.0.0.1:1", "", "production")
    with pytest.raises(ReportsMissing, match=r"requirements-reports\.lock"):
        open_it()


def test_given_an_error_then_it_is_sent_with_its_place_and_its_job_and_without_what_it_says(sent: Sent) -> None:
    log = structlog.get_logger("narratix.worker")
    text = STORY  # a local variable of the frame that is sent
    with structlog.contextvars.bound_contextvars(
        job_id="j1", request_id="r1", stage="speak_line", authorization=SECRET
    ):
        try:
            raise ValueError(f"cannot read {text} with {SECRET}")
        except ValueError:
            log.error("stage_crashed", exc_info=True, text=text, key=SECRET)
    log.warning("not_an_error", text=text)

    [event] = sent.events
    assert event["message"] == "stage_crashed"
    assert event["tags"] == {"event": "stage_crashed", "job_id": "j1", "request_id": "r1", "stage": "speak_line"}
    [problem] = event["exception"]["values"]
    assert problem["type"] == "ValueError"
    assert (
        problem["stacktrace"]["frames"][-1]["function"]
        == "test_given_an_error_then_it_is_sent_with_its_place_and_its_job_and_without_what_it_says"
    )
    said = json.dumps(event, default=str)
    assert "Agnes" not in said
    assert SECRET not in said
    assert "authorization" not in said


def test_given_an_event_with_everything_then_only_what_is_listed_remains() -> None:
    event = {"event_id": "1", "level": "error", "request": {"data": STORY}, "extra": {"a": STORY}, "user": {"ip": "1"},
             "breadcrumbs": [STORY], "modules": {}, "contexts": {"trace": {}}, "server_name": "host", "message": STORY,
             "exception": {"values": [{"type": "E", "value": STORY, "stacktrace": {"frames": [
                 {"function": "f", "vars": {"x": STORY}, "context_line": STORY, "lineno": 3}]}}]}}  # fmt: skip
    assert scrubbed(event) == {
        "event_id": "1",
        "level": "error",
        "exception": {"values": [{"type": "E", "stacktrace": {"frames": [{"function": "f", "lineno": 3}]}}]},
    }


def test_given_a_dsn_in_the_settings_then_errors_are_reported_there() -> None:
    import sentry_sdk

    assert _reports(Settings()) == []
    [processor] = _reports(Settings(sentry_dsn=SecretStr(DSN)))
    assert callable(processor)
    assert sentry_sdk.get_client().options["dsn"] == DSN
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)


async def test_given_a_job_then_request_stages_and_calls_are_one_trace_that_tells_no_story(
    narratix: Services, spans: InMemorySpanExporter
) -> None:
    request = "0af7651916cd43dd8448eb211c80319c"
    async with client_of(narratix) as client:
        answer = await client.post("/api/demo/submit", json={"text": STORY}, headers={"X-Request-Id": request})
        job_id = answer.json()["job_id"]
        async with asyncio.timeout(60):
            while (await narratix.commands.load(job_id)).status != "completed":
                await asyncio.sleep(0.1)

    made = spans.get_finished_spans()
    named = {found.name for found in made if found.attributes and found.attributes.get("job_id") == job_id}
    assert {"write_script", "cast_voices", "plan_sound", "speak_line", "mix_drama", "publish_drama"} <= named
    of_request = [found for found in made if f"{found.context.trace_id:032x}" == request]
    assert {"POST /api/demo/submit", *named} <= {found.name for found in of_request}
    said = "".join(found.to_json() for found in made)
    assert "Agnes" not in said
    assert "Anna" not in said


def test_given_a_call_that_fails_then_its_span_says_how_and_not_what(spans: InMemorySpanExporter) -> None:
    def fail() -> None:
        with span("speak_line"), Calls().of("elevenlabs", "m"):
            raise ValueError(STORY)

    with pytest.raises(ValueError, match="Agnes"):
        fail()
    called, stage = spans.get_finished_spans()
    assert called.name == "call elevenlabs"
    assert called.parent is not None
    assert called.parent.span_id == stage.context.span_id
    assert dict(called.attributes or {}) == {"provider": "elevenlabs", "model": "m", "error.type": "ValueError"}
    assert "Agnes" not in called.to_json()


def test_given_no_tracing_then_a_span_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "_tracer", None)
    with span("a") as note:
        note.say(b=1)
        note.rename("c")
