"""A site and visitors for the browser tests. Every visitor's console is kept clean: an error or a breach of the
content security policy fails the test."""

from __future__ import annotations

import asyncio
import itertools
import os
import uuid
from collections.abc import Callable, Iterator

import asyncpg
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.browser_site import BROWSER_ARGUMENTS, PROJECT, QUICK_ENGINES, REAL_ENGINES, Site, Visit, chromium
from tests.conftest import database_address

AXE = PROJECT / "node_modules" / "axe-core" / "axe.min.js"

REPORT_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
    console.error(`securitypolicyviolation: ${event.violatedDirective} ${event.blockedURI}`));"""

# What the event streams of all connections brought, whole messages only, as the page gets them.
RECORD_STREAMS = """{
  const native = globalThis.fetch.bind(globalThis);
  globalThis.delivered = [];
  async function record(body) {
    let rest = "";
    try {
      for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
        const messages = (rest + chunk).split("\\n\\n");
        rest = messages.pop();
        for (const message of messages) {
          if (!/^event: ?recorded$/m.test(message)) continue;
          globalThis.delivered.push(JSON.parse(/^data: ?(.*)$/m.exec(message)[1]).version);
        }
      }
    } catch { /* the connection ended; the page has seen that, too */ }
  }
  globalThis.fetch = async (...asked) => {
    const answer = await native(...asked);
    if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) return answer;
    const [seen, passed] = answer.body.tee();
    record(seen);
    return new Response(passed, { status: answer.status, headers: answer.headers });
  };
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = chromium()
    if executable is None:
        pytest.skip("There is no chromium here; install it to run the tests of the page.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=BROWSER_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def database(postgres: str, template: str) -> Iterator[Callable[[], str]]:
    """Makes databases; before the browser, which keeps an event loop of its own running in this thread."""
    made: list[str] = []

    async def execute(statement: str) -> None:
        connection = await asyncpg.connect(postgres)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def make() -> str:
        made.append(f"site_{uuid.uuid4().hex[:12]}")
        asyncio.run(execute(f"create database {made[-1]} template {template}"))
        return database_address(postgres, made[-1])

    yield make
    for name in made:
        asyncio.run(execute(f"drop database {name} with (force)"))


@pytest.fixture(scope="session")
def running_site(database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The service with quick engines that do as they are told."""
    if chromium() is None:
        pytest.skip("There is no chromium here; install it to run the tests of the page.")
    started = Site(tmp_path_factory.mktemp("site"), database(), QUICK_ENGINES)
    yield started
    started.close()


@pytest.fixture
def site(running_site: Site) -> Iterator[Site]:
    """The service, at nobody's orders before and after a test."""
    yield running_site
    running_site.release()


@pytest.fixture(scope="session")
def real_site(database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The service with engines that can be heard, for the picture of the README."""
    if not os.environ.get("NARRATIX_SCREENSHOTS"):
        pytest.skip("NARRATIX_SCREENSHOTS does not name a folder for the pictures.")
    started = Site(tmp_path_factory.mktemp("real-site"), database(), REAL_ENGINES)
    yield started
    started.close()


addresses = itertools.count(1)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Every visitor has a fresh browser context and an address of their own."""
    contexts = []
    complaints: list[str] = []

    def complain(kind: str, text: str) -> None:
        # A lost connection and a refusal by the service are told to the console by the browser itself.
        if kind == "error" and "Failed to load resource" not in text:
            complaints.append(text)

    def open_page(
        url: str, *, scheme: str = "light", size: tuple[int, int] = (1280, 860), motion: str = "reduce"
    ) -> Page:
        context = browser.new_context(
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion=motion,  # type: ignore[arg-type]
            viewport={"width": size[0], "height": size[1]},
            extra_http_headers={"X-Real-IP": f"203.0.113.{next(addresses)}"},
        )
        contexts.append(context)
        context.add_init_script(REPORT_VIOLATIONS)
        context.add_init_script(RECORD_STREAMS)
        if AXE.is_file():
            context.add_init_script(path=AXE)
        page = context.new_page()
        page.on("console", lambda message: complain(message.type, message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
