"""Listening to a drama that is still being made, in a real browser."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.browser_site import Site, Visit, until
from tests.browser.visiting import FINISHED, submit

pytestmark = pytest.mark.browser

AUDIO = "document.querySelector('audio')"
NOW = f"({AUDIO}?.currentTime ?? 0)"
SOURCE = f"({AUDIO}?.currentSrc ?? '')"
STREAM_BAR = "document.querySelector('.player[aria-label=\"Already playing\"]') !== null"
MAKING = "document.querySelector('.progress') !== null"


def length(page: Page) -> float:
    """How much can be heard by now, in seconds, as the page shows it."""
    return float(page.get_by_role("slider").get_attribute("aria-valuemax") or 0)


def begun(site: Site, visit: Visit, title: str) -> Page:
    page = visit(site.url)
    site.hold(22)
    submit(page, title)
    until(page, STREAM_BAR)
    return page


def test_given_a_beginning_when_the_stream_opens_then_it_plays_by_itself_and_the_script_follows(
    site: Site, visit: Visit
) -> None:
    page = begun(site, visit, "Heard while it is made")
    until(page, f"{NOW} > 4 && document.querySelector('.line.is-current') !== null")
    assert page.evaluate(MAKING)
    assert page.evaluate(SOURCE).startswith("blob:")
    job = page.evaluate("location.pathname.split('/').pop()")
    line = page.evaluate("document.querySelector('.line.is-current')?.dataset.line")
    site.release()
    until(page, FINISHED)
    script = json.loads(page.evaluate(f"fetch('/api/demo/result/{job}').then((answer) => answer.text())"))["script"]
    assert line is not None
    assert script[int(line)]["begins"] < page.evaluate(NOW)


def test_given_a_stream_that_grows_when_the_listener_seeks_back_then_it_plays_from_there(
    site: Site, visit: Visit
) -> None:
    page = begun(site, visit, "Sought in")
    until(page, f"{NOW} > 3")
    slider = page.get_by_role("slider")
    slider.focus()
    slider.press("Home")
    until(page, f"{NOW} < 2")
    until(page, f"{NOW} > 2.2")
    assert not page.evaluate(f"{AUDIO}.paused")
    assert page.evaluate(MAKING)


def test_given_a_listener_when_more_is_made_then_it_goes_on_where_it_had_to_wait(site: Site, visit: Visit) -> None:
    page = begun(site, visit, "Waited for")
    before = length(page)
    until(page, f"{NOW} > {before} - 0.5")
    until(page, "document.querySelector('.player-speaker').innerText.includes('Waiting')")
    site.release()
    until(page, f"{NOW} > {before} + 0.5")
    assert not page.evaluate(f"{AUDIO}.paused")


def test_given_a_listener_when_the_drama_is_finished_then_the_file_takes_over_at_the_next_pause(
    site: Site, visit: Visit
) -> None:
    page = begun(site, visit, "Handed over")
    until(page, f"{NOW} > 1")
    site.release()
    until(page, FINISHED)
    until(page, f"{NOW} > 3")
    assert page.evaluate(SOURCE).startswith("blob:")
    page.get_by_role("button", name="Pause", exact=True).click()
    paused: Any = page.evaluate(NOW)
    until(page, f"{SOURCE}.includes('/files/dramas/')")
    assert abs(page.evaluate(NOW) - paused) < 0.5
    page.get_by_role("button", name="Play", exact=True).click()
    until(page, f"{NOW} > {paused} + 0.5")


def test_given_a_crash_of_the_service_when_it_is_back_then_the_stream_goes_on(site: Site, visit: Visit) -> None:
    page = begun(site, visit, "Struck")
    until(page, f"{NOW} > 1")
    site.kill()
    site.start()
    site.release()
    until(page, FINISHED)
    until(page, f"{NOW} > 6")
    assert page.evaluate("document.querySelector('.player .note-problem') === null")
