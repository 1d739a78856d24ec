"""What visitors do, and what they can see of a drama."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.browser_site import until
from tests.browser.recorded_job import TEXT, TITLE

LIT = "document.querySelectorAll('.line.is-lit').length"
LINES = "document.querySelectorAll('.line').length"
FINISHED = "document.querySelector('.downloads') !== null"
EVENTS = "Number((/([\\d,]+) events? on record/.exec(document.querySelector('.imprint')?.innerText) ?? [0, '0'])[1].replace(',', ''))"
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
KICKER = "document.querySelector('.kicker')?.innerText.toLowerCase()"
COMPLAINT = "document.querySelector('.note-problem')?.innerText"


def write(page: Page, title: str = TITLE, text: str = TEXT) -> None:
    until(page, "document.querySelector('[name=text]')")
    page.fill("[name=title]", title)
    page.fill("[name=text]", text)


def submit(page: Page, title: str = TITLE, text: str = TEXT) -> None:
    write(page, title, text)
    page.click("button[type=submit]")
    until(page, "location.pathname.startsWith('/job/')")


def play(page: Page) -> None:
    """Whoever submitted a story may be listening to its stream already."""
    if page.evaluate("document.querySelector('audio').paused"):
        page.get_by_role("button", name="Play", exact=True).click()
    until(page, "!document.querySelector('audio').paused")


def shown_text(page: Page) -> str:
    """The story as the script shows it, without its spaces."""
    return str(
        page.evaluate(
            "[...document.querySelectorAll('.line-text > p:not(.speaker, .trouble)')].map((p) => p.textContent).join('')"
            ".replace(/\\s/g, '')"
        )
    )


def accessibility_faults(page: Page) -> list[Any]:
    if not page.evaluate("'axe' in globalThis"):
        pytest.skip("axe-core is not installed; run npm ci --ignore-scripts.")
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        ".then((found) => found.violations.map((fault) => [fault.id, fault.help, fault.nodes.map((node) => node.html)]))"
    )
    return list(found)
