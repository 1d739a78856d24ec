"""What a story would become, told while it is written."""

import json
from typing import Any

import pytest
from playwright.sync_api import Request, Route

from tests.browser.browser_site import Site, Visit, save_screenshot, until
from tests.browser.visiting import OVERFLOW, accessibility_faults

pytestmark = pytest.mark.browser

SAID = "document.querySelector('.estimate').innerText"
STORY = "The rain fell on the old house. “Who is there?” whispered Anna. "


def test_given_a_story_when_it_is_typed_then_its_length_cost_and_wait_are_told_and_old_questions_are_broken_off(
    site: Site, visit: Visit
) -> None:
    page = visit(site.url, scheme="dark", size=(360, 740))
    asked: list[dict[str, Any]] = []
    broken_off: list[Request] = []
    page.on("request", lambda one: asked.append(json.loads(one.post_data or "")) if "/estimate" in one.url else None)
    page.on("requestfailed", lambda one: broken_off.append(one) if "/estimate" in one.url else None)
    until(page, "document.querySelector('[name=text]')")
    assert page.evaluate(SAID) == ""

    unanswered: list[Route] = []

    def leave_the_first_unanswered(route: Route) -> None:
        if unanswered:
            route.continue_()
        else:
            unanswered.append(route)

    page.route("**/api/demo/estimate", leave_the_first_unanswered)
    page.focus("[name=text]")
    page.keyboard.type(STORY)
    until(page, f"{SAID} !== ''")
    while not unanswered:
        page.wait_for_timeout(20)
    page.keyboard.insert_text(STORY * 20)
    until(page, f"{SAID}.startsWith('About ')")
    assert [one.post_data for one in broken_off] == [unanswered[0].request.post_data]
    assert len(asked) < len(STORY)  # not for every key
    assert "costs nothing" in page.evaluate(SAID)

    page.focus("[name='options.music']")
    page.keyboard.press("Space")
    while asked[-1]["options"]["music"]:
        page.wait_for_timeout(20)
    until(page, "document.querySelector('.estimate').getAttribute('aria-busy') === 'false'")
    assert page.locator("button[type=submit].button-main").get_attribute("aria-describedby") == "estimate"
    assert page.evaluate(OVERFLOW) <= 0
    assert accessibility_faults(page) == []
    page.locator("button.button-main").scroll_into_view_if_needed()
    save_screenshot(page, "estimate-phone-dark")

    page.fill("[name=text]", "")
    until(page, f"{SAID} === ''")


def test_given_dramas_that_were_made_when_a_story_is_pasted_then_the_wait_is_told_too(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    until(page, "document.querySelector('[name=text]')")
    page.route(
        "**/api/demo/estimate",
        lambda route: route.fulfill(
            json={
                "usd": 1.234,
                "seconds": 312.0,
                "items": [],
                "left": {"job": 2.0, "client": 5.0, "day": 10.0, "month": 20.0},
                "affordable": True,
                "wait_seconds": 95.0,
            }
        ),
    )
    page.fill("[name=text]", STORY * 60)
    until(page, f"{SAID}.startsWith('About ')")
    said = page.evaluate(SAID)
    assert [part.strip() for part in said.split("·")] == [
        "About 5 minutes long",
        "costs $1.23 at most",
        "ready in about 2 minutes",
    ]
    page.locator("button.button-main").scroll_into_view_if_needed()
    save_screenshot(page, "estimate")
