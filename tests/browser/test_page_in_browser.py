"""What a visitor does on the page, in a real browser, against whichever service `site` is."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from browser_site import Site, save_screenshot, until
from playwright.sync_api import Page
from recorded_job import TEXT, TITLE

pytest_plugins = ["browser_fixtures"]
pytestmark = pytest.mark.browser

Visit = Callable[..., Page]

LIT = "document.querySelectorAll('.line.is-lit').length"
LINES = "document.querySelectorAll('.line').length"
FINISHED = "document.querySelector('.player') !== null"
EVENTS = "Number((/([\\d,]+) events? on record/.exec(document.querySelector('.imprint')?.innerText) ?? [0, '0'])[1].replace(',', ''))"
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


def submit(page: Page, title: str = TITLE) -> None:
    until(page, "document.querySelector('[name=text]')")
    page.fill("[name=title]", title)
    page.fill("[name=text]", TEXT)
    page.click("button[type=submit]")
    until(page, "location.pathname.startsWith('/job/')")


def accessibility_faults(page: Page) -> list[Any]:
    if not page.evaluate("'axe' in globalThis"):
        pytest.skip("axe-core is not installed; run npm ci --ignore-scripts.")
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        ".then((found) => found.violations.map((fault) => [fault.id, fault.help, fault.nodes.map((node) => node.html)]))"
    )
    return list(found)


def test_given_a_story_when_it_is_submitted_then_lines_light_up_until_the_drama_plays(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    site.hold()
    submit(page)
    until(page, f"{LIT} > 0 && {LIT} < {LINES}")
    assert page.locator(".stage").count() >= 8
    assert page.locator(".member").count() >= 2
    bar = page.locator(".progress-bar")
    assert 0 < int(bar.get_attribute("aria-valuenow") or 0) < 100

    with page.expect_response(re.compile("/api/demo/line/")) as clip:
        page.locator(".line.is-lit .line-button").first.click()
    assert clip.value.status in (200, 206, 302, 307)
    until(page, "document.querySelector('.line.is-current') !== null")

    site.release()
    until(page, FINISHED)
    assert page.locator(".kicker").inner_text().casefold() == "now playing"
    page.get_by_role("button", name="Play", exact=True).click()
    until(page, "document.querySelector('audio').currentTime > 1.2")
    until(page, "document.querySelector('.line.is-current .word') !== null")

    page.locator(".line").nth(page.locator(".line").count() // 2).locator(".line-text").click()
    until(page, "document.querySelector('.line.is-current .word') !== null")
    save_screenshot(page, "page")

    page.locator(".line").nth(3).locator(".line-text").click()
    until(page, "document.querySelector('.line.is-current')?.dataset.line === '3'")
    slider = page.get_by_role("slider")
    slider.focus()
    slider.press("Home")
    until(page, "Number(document.querySelector('[role=slider]').getAttribute('aria-valuenow')) <= 1")
    assert "LUFS" in page.locator(".sound").inner_text()
    assert page.locator("audio track[kind=captions]").count() == 1


def test_given_a_drama_in_the_making_when_the_page_is_reloaded_then_nothing_is_lost(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    site.hold()
    submit(page, "Reloaded")
    until(page, f"{LIT} > 2")
    seen, address = page.evaluate(EVENTS), page.url
    page.reload()
    until(page, f"{EVENTS} >= {seen}")
    assert page.url == address
    site.release()
    until(page, FINISHED)
    assert page.locator("h1").inner_text() == "Reloaded"


def test_given_a_crash_of_the_service_when_it_is_back_then_the_page_goes_on_without_a_gap(
    site: Site, visit: Visit
) -> None:
    page = visit(site.url)
    site.hold()
    submit(page, "Restarted")
    until(page, f"{LIT} > 1")
    asked: list[int] = []
    page.on("request", lambda request: asked.extend(int(n) for n in re.findall(r"[?&]after=(\d+)", request.url)))
    site.kill()
    until(page, "document.querySelector('.connection.is-lost') !== null")
    held = page.evaluate(EVENTS)
    site.restart()
    until(page, "/Resumed at event [\\d,]+, nothing missed/.test(document.querySelector('.imprint').innerText)")
    assert set(asked) == {held}
    site.release()
    until(page, FINISHED)
    assert page.evaluate(EVENTS) > held


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_given_any_view_then_axe_finds_no_fault(site: Site, visit: Visit, scheme: str) -> None:
    page = visit(site.url, scheme=scheme)
    until(page, "document.querySelectorAll('.sample').length > 0")
    page.locator("details.generate > summary").click()
    assert accessibility_faults(page) == []
    site.hold()
    submit(page, f"Accessible in {scheme}")
    until(page, f"{LIT} > 3")
    save_screenshot(page, f"making-{scheme}")
    assert accessibility_faults(page) == []
    site.release()
    until(page, FINISHED)
    assert accessibility_faults(page) == []


def test_given_a_narrow_phone_then_no_view_scrolls_sideways(site: Site, visit: Visit) -> None:
    page = visit(site.url, size=(360, 740))
    until(page, "document.querySelectorAll('.sample').length > 0")
    page.locator("details.generate > summary").click()
    assert page.evaluate(OVERFLOW) <= 0
    site.hold()
    submit(page, "A title that is much longer than any phone is wide, for the sake of the argument")
    until(page, f"{LIT} > 3")
    assert page.evaluate(OVERFLOW) <= 0
    save_screenshot(page, "phone")
    site.release()
    until(page, FINISHED)
    assert page.evaluate(OVERFLOW) <= 0


def test_given_only_a_keyboard_then_a_story_can_be_submitted_and_played(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    until(page, "document.querySelectorAll('.sample').length > 0")
    focused = "document.activeElement"

    def tab_to(condition: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.evaluate(f"{focused}.matches('{condition}')"):
                shown = page.evaluate(f"getComputedStyle({focused}).outlineStyle")
                assert shown != "none", f"The focus on {condition} cannot be seen."
                return
        raise AssertionError(f"Tab never comes to {condition}.")

    tab_to(".skip")
    page.keyboard.press("Enter")
    assert page.evaluate(f"{focused}.id") == "main"
    tab_to(".sample")
    page.keyboard.press("Enter")
    assert page.input_value("[name=text]")
    site.hold()
    tab_to("button[type=submit]")
    page.keyboard.press("Enter")
    until(page, f"{LIT} > 1")
    tab_to(".line-button")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(f"{focused}.closest('.line').dataset.line") == "1"
    site.release()
    until(page, FINISHED)
    tab_to(".play-button")
    page.keyboard.press("Enter")
    until(page, "!document.querySelector('audio').paused")


def test_given_finished_dramas_then_the_front_page_lists_them_and_their_links_work(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    submit(page, "Listed")
    until(page, FINISHED)
    page.get_by_role("link", name="A new drama").click()
    until(page, "[...document.querySelectorAll('.bill-title')].some((title) => title.innerText === 'Listed')")
    assert page.evaluate("location.pathname") == "/"
    page.get_by_role("link", name="Listed").click()
    until(page, FINISHED)
    page.go_back()
    until(page, "document.querySelector('.compose') !== null")


def test_given_a_listener_then_their_rating_is_taken(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    submit(page, "Rated")
    until(page, FINISHED)
    page.get_by_role("button", name="Send").click()
    assert "Choose one to five stars" in page.locator(".feedback").inner_text()
    page.locator(".stars input").nth(3).check(force=True)
    page.fill("#feedback-comment", "The Dormouse was a delight.")
    page.get_by_role("button", name="Send").click()
    until(page, "document.querySelector('.feedback [role=status]') !== null")
