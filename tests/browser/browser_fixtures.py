"""A site and visitors for the browser tests. Every visitor's console is kept clean: an error or a breach of the
content security policy fails the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from browser_site import BROWSER_ARGUMENTS, PROJECT, SITES, Site, StandInSite, chromium
from playwright.sync_api import Browser, Page, sync_playwright

AXE = PROJECT / "node_modules" / "axe-core" / "axe.min.js"

REPORT_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
    console.error(`securitypolicyviolation: ${event.violatedDirective} ${event.blockedURI}`));"""

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = chromium()
    if executable is None:
        pytest.skip("There is no chromium here; install it to run the tests of the page.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=BROWSER_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module", params=sorted(SITES))
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The service, whichever it is."""
    started = SITES[request.param](tmp_path_factory.mktemp("site"))
    yield started
    started.close()


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandInSite]:
    """The stand-in, for what only it does on demand."""
    started = StandInSite(tmp_path_factory.mktemp("stand-in"))
    yield started
    started.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Opens an address with a fresh browser context: `visit(url, scheme="dark", size=(360, 740))`."""
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
        )
        contexts.append(context)
        context.add_init_script(REPORT_VIOLATIONS)
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
