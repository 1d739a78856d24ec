"""What a visitor does on the page, in a real browser, against the service."""

import json
import re

import pytest
from playwright.sync_api import Page

from tests.browser.browser_site import Site, Visit, save_screenshot, until
from tests.browser.visiting import EVENTS, FINISHED, LINES, LIT, OVERFLOW, accessibility_faults, play, submit

pytestmark = pytest.mark.browser


def test_given_a_story_when_it_is_submitted_then_lines_light_up_until_the_drama_plays(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    site.hold()
    submit(page)
    until(page, f"{LIT} > 5 && {LIT} < {LINES}")
    assert page.locator(".stage").count() >= 8
    assert page.locator(".member").count() >= 4
    bar = page.locator(".progress-bar")
    assert 0 < int(bar.get_attribute("aria-valuenow") or 0) < 100

    with page.expect_response(re.compile("/api/demo/line/")) as clip:
        page.locator(".line.is-lit .line-button").first.click()
    assert clip.value.status == 302
    until(page, "document.querySelector('.line.is-current') !== null")

    site.release()
    until(page, FINISHED)
    assert page.locator(".kicker").inner_text().casefold() == "now playing"
    play(page)
    until(page, "document.querySelector('audio').currentTime > 1.2")
    until(page, "document.querySelector('.line.is-current .word') !== null")
    page.get_by_role("button", name="Pause", exact=True).click()
    until(page, "document.querySelector('audio').paused")
    words_are_marked_when_they_are_heard(page)

    slider = page.get_by_role("slider")
    slider.focus()
    slider.press("Home")
    until(page, "Number(document.querySelector('[role=slider]').getAttribute('aria-valuenow')) <= 1")
    assert "LUFS" in page.locator(".sound").inner_text()
    assert page.locator("audio track[kind=captions]").count() == 1
    for link in page.locator(".downloads a").all():
        assert page.request.get(f"{site.url}{link.get_attribute('href')}").ok


def words_are_marked_when_they_are_heard(page: Page) -> None:
    """The sound is set to the middle of words; the page must show the very line and word."""
    job = page.evaluate("location.pathname.split('/').pop()")
    result = json.loads(page.evaluate(f"fetch('/api/demo/result/{job}').then((answer) => answer.text())"))
    story = page.evaluate(f"fetch('/api/demo/text/{job}').then((answer) => answer.text())")
    spoken = [line for line in result["script"] if line["words"]]
    for line in spoken[:: len(spoken) // 6]:
        start, end, begins, ends = line["words"][len(line["words"]) // 2]
        page.evaluate(f"document.querySelector('audio').currentTime = {(begins + ends) / 2}")
        until(page, f"document.querySelector('.line.is-current')?.dataset.line === '{line['line']}'")
        until(page, f"document.querySelector('.line.is-current .word')?.textContent === {json.dumps(story[start:end])}")


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
    assert page.evaluate("delivered") == list(range(1, page.evaluate(EVENTS) + 1))


def test_given_a_crash_of_the_service_when_it_is_back_then_every_event_has_come_once(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    site.hold()
    submit(page, "Restarted")
    until(page, f"{LIT} > 3")
    site.kill()
    until(page, "document.querySelector('.connection.is-lost') !== null")
    held = until(page, f"{EVENTS} === delivered.length && {EVENTS}")
    site.start()
    pill = until(page, "document.querySelector('.imprint .pill')?.innerText")
    assert pill == f"Resumed at event {held}, nothing missed"
    site.release()
    until(page, FINISHED)
    count = page.evaluate(EVENTS)
    assert count > held
    assert page.evaluate("delivered") == list(range(1, count + 1))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_given_any_view_then_axe_finds_no_fault(site: Site, visit: Visit, scheme: str) -> None:
    page = visit(site.url, scheme=scheme)
    until(page, "document.querySelectorAll('.sample').length > 0")
    page.locator("details.generate > summary").click()
    save_screenshot(page, f"front-{scheme}")
    assert accessibility_faults(page) == []
    site.hold()
    submit(page, f"Accessible in {scheme}")
    until(page, f"{LIT} > 3")
    save_screenshot(page, f"making-{scheme}")
    assert accessibility_faults(page) == []
    site.release()
    until(page, FINISHED)
    save_screenshot(page, f"finished-{scheme}")
    assert accessibility_faults(page) == []


def test_given_a_narrow_phone_then_no_view_scrolls_sideways(site: Site, visit: Visit) -> None:
    page = visit(site.url, size=(360, 740))
    until(page, "document.querySelectorAll('.sample').length > 0")
    page.locator("details.generate > summary").click()
    assert page.evaluate(OVERFLOW) <= 0
    save_screenshot(page, "phone-front")
    site.hold()
    submit(page, "A title that is much longer than any phone is wide, for the sake of the argument")
    until(page, f"{LIT} > 3")
    assert page.evaluate(OVERFLOW) <= 0
    save_screenshot(page, "phone-making")
    site.release()
    until(page, FINISHED)
    assert page.evaluate(OVERFLOW) <= 0
    save_screenshot(page, "phone-finished")


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
    for _ in range(2):  # it may play by itself already
        paused = page.evaluate("document.querySelector('audio').paused")
        page.keyboard.press("Enter")
        until(page, f"document.querySelector('audio').paused === {'false' if paused else 'true'}")


def test_given_a_finished_drama_then_it_is_listed_and_its_rating_is_taken(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    submit(page, "Listed")
    until(page, FINISHED)
    page.get_by_role("link", name="A new drama").click()
    until(page, "[...document.querySelectorAll('.bill-title')].some((title) => title.innerText === 'Listed')")
    assert page.evaluate("location.pathname") == "/"
    page.get_by_role("link", name="Listed").click()
    until(page, FINISHED)

    page.get_by_role("button", name="Send").click()
    assert "Choose one to five stars" in page.locator(".feedback").inner_text()
    page.locator(".stars input").nth(3).check(force=True)
    page.fill("#feedback-comment", "The Dormouse was a delight.")
    page.get_by_role("button", name="Send").click()
    until(page, "document.querySelector('.feedback [role=status]') !== null")

    page.go_back()
    until(page, "document.querySelector('.compose') !== null")


def test_given_the_first_sample_and_engines_that_can_be_heard_then_the_picture_of_the_readme_is_taken(
    real_site: Site, visit: Visit
) -> None:
    page = visit(real_site.url, size=(1280, 1000))
    until(page, "document.querySelectorAll('.sample').length > 0")
    page.locator(".sample").first.click()
    page.click("button[type=submit]")
    until(page, FINISHED, seconds=1800)
    page.locator(".line.is-speech .line-text").nth(6).click()
    until(page, "document.querySelector('.line.is-current .word')?.textContent.length > 3")
    page.get_by_role("button", name="Pause", exact=True).click()
    page.mouse.move(0, 0)
    save_screenshot(page, "page")
