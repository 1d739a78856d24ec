"""What the page says when something goes wrong, against the stand-in, which fails on demand."""

from collections.abc import Callable

import pytest
from browser_site import StandInSite, until
from playwright.sync_api import Page
from recorded_job import BROKEN_TITLE, PARTS, TEXT

pytest_plugins = ["browser_fixtures"]
pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


def submit(page: Page, title: str, text: str = TEXT) -> None:
    until(page, "document.querySelector('[name=text]')")
    page.fill("[name=title]", title)
    page.fill("[name=text]", text)
    page.click("button[type=submit]")


def test_given_a_job_that_fails_then_the_reason_is_told_and_it_goes_on_when_asked(
    stand_in: StandInSite, visit: Visit
) -> None:
    page = visit(stand_in.url)
    submit(page, BROKEN_TITLE)
    until(page, "document.querySelector('.stages .trouble') !== null")
    told = until(page, "document.querySelector('.note-problem')?.innerText")
    assert "The speech engine said that its quota is used up." in told
    assert "All 3 attempts failed." in page.locator(".stage.is-failed").inner_text()
    assert page.evaluate("document.querySelectorAll('.line.is-lit').length") == 9
    page.get_by_role("button", name="Go on from here").click()
    until(page, "document.querySelector('.player') !== null")
    assert page.locator(".note-problem").count() == 0


def test_given_a_failed_attempt_then_the_next_one_is_announced_with_the_reason(
    stand_in: StandInSite, visit: Visit
) -> None:
    page = visit(stand_in.url)
    stand_in.hold()
    submit(page, "Attempts")
    told = until(page, "document.querySelector('.stages .trouble')?.innerText")
    assert "Line 7" in told
    assert "Attempt 2 of 4." in told
    assert "did not answer within 30 seconds" in told
    stand_in.release(all=False)
    until(page, "document.querySelectorAll('.line.is-lit').length > 8")
    assert page.locator(".trouble").count() == 0
    stand_in.release()


def test_given_a_drama_in_the_making_when_it_is_called_off_then_it_can_be_taken_up_again(
    stand_in: StandInSite, visit: Visit
) -> None:
    page = visit(stand_in.url)
    stand_in.hold()
    submit(page, "Cancelled")
    until(page, "document.querySelectorAll('.line.is-lit').length > 2")
    page.get_by_role("button", name="Call it off").click()
    page.get_by_role("button", name="Keep going").click()
    page.get_by_role("button", name="Call it off").click()
    page.get_by_role("button", name="Call it off").click()
    until(page, "document.querySelector('.kicker').innerText.toLowerCase() === 'called off'")
    page.get_by_role("button", name="Go on from here").click()
    until(page, "document.querySelector('.kicker').innerText.toLowerCase() === 'in the making'")
    stand_in.release()
    until(page, "document.querySelector('.player') !== null")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There is no story yet."),
        ("REFUSE this", "There is nothing to speak in this text."),
        ("é" * 30_000, "too long"),
    ],
)
def test_given_a_text_that_is_refused_then_the_reason_stands_beside_its_field(
    stand_in: StandInSite, visit: Visit, text: str, said: str
) -> None:
    page = visit(stand_in.url)
    submit(page, "Refused", text)
    until(page, "document.querySelector('[name=text]').getAttribute('aria-invalid') === 'true'")
    described = page.get_attribute("[name=text]", "aria-describedby") or ""
    assert said in page.locator(f"#{described.split()[-1]}").inner_text()
    assert page.evaluate("document.activeElement.name") == "text"
    assert page.input_value("[name=text]") == text


def test_given_too_many_requests_then_the_page_says_when_to_try_again(stand_in: StandInSite, visit: Visit) -> None:
    page = visit(stand_in.url)
    submit(page, "Busy", "BUSY " + TEXT)
    told = until(page, "document.querySelector('.note-problem')?.innerText")
    assert "Ten stories a minute" in told
    assert "Try again in 7 seconds." in told


def test_given_an_unknown_job_then_the_page_says_so(stand_in: StandInSite, visit: Visit) -> None:
    page = visit(f"{stand_in.url}/job/nobody")
    until(page, "document.querySelector('.note-problem')?.innerText.includes('no drama under this address')")
    page.get_by_role("button", name="A new drama").click()
    until(page, "document.querySelector('.compose') !== null")


def test_given_a_story_with_markup_then_it_is_shown_as_text_at_the_right_places(
    stand_in: StandInSite, visit: Visit
) -> None:
    page = visit(stand_in.url)
    submit(page, "<img src=x onerror=alert(1)>")
    until(page, f"document.querySelectorAll('.line.is-lit').length === {len(PARTS)}")
    assert page.locator("h1").inner_text() == "<img src=x onerror=alert(1)>"
    assert page.locator("main img, .lines b").count() == 0
    shown = page.evaluate("[...document.querySelectorAll('.line')].map((line) => [...line.querySelectorAll("
                          "'.line-text > p:not(.speaker)')].map((p) => p.textContent).join(' '))")  # fmt: skip
    assert shown == [text.strip() for _, _, text in PARTS]


def test_given_a_reader_who_scrolls_then_the_script_waits_and_counts_new_lines(
    stand_in: StandInSite, visit: Visit
) -> None:
    page = visit(stand_in.url)
    stand_in.hold()
    submit(page, "Scrolled")
    until(page, "document.querySelectorAll('.line.is-lit').length > 5")
    page.locator(".pane").hover()
    page.mouse.wheel(0, -2000)
    stand_in.release(all=False)
    until(page, "/^\\s*[1-9]\\d* new lines?/.test(document.querySelector('.pill-button')?.innerText ?? '')")
    held = page.evaluate("document.querySelector('.pane').scrollTop")
    page.locator(".pill-button").click()
    until(page, f"document.querySelector('.pane').scrollTop !== {held}")
    assert page.locator(".pill-button").count() == 0
    stand_in.release()


def test_given_a_wish_then_a_story_is_written_into_the_field(stand_in: StandInSite, visit: Visit) -> None:
    page = visit(stand_in.url)
    until(page, "document.querySelector('details.generate') !== null")
    page.locator("details.generate > summary").click()
    page.fill("#generate-premise", "a bell in a dry well")
    page.press("#generate-premise", "Enter")
    until(page, "document.querySelector('[name=title]').value === 'The Bell'")
    assert "a bell in a dry well" in page.input_value("[name=text]")
    page.fill("#generate-premise", "x" * 450)
    page.get_by_role("button", name="Write it").click()
    until(page, "document.querySelector('.generate .note-problem')?.innerText.includes('under 400 characters')")
