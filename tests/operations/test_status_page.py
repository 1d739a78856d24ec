"""The page that says to people whether it is us: what it says, and that it can be read on a phone and in the dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from playwright.async_api import async_playwright

from narratix.services import Role, Services
from narratix.web.health import status_page
from tests.browser.browser_site import BROWSER_ARGUMENTS, chromium
from tests.web.web_site import client_of, serving

Opened = Callable[[Role], AbstractAsyncContextManager[Services]]


async def test_given_a_story_that_waits_then_the_page_counts_it(opened: Opened) -> None:
    async with opened("web") as services, client_of(services) as client:
        page = (await client.get("/status")).text
        assert "Narratix is ready" in page
        assert "Nothing waits for anybody." in page
        await services.pool.execute(
            "insert into work (key, job_id, stage, item, uses, version, priority, state, attempts, run_at)"
            " values ('k', gen_random_uuid(), 'write_script', '', 'language', 1, 0, 'ready', 3, now() - interval '7 s')"
        )
        page = (await client.get("/status")).text
        assert re.search(r"Stories in the making</th><td>1<", page)
        assert re.search(r"Longest wait of a piece of work</th><td>[78] s<", page)


async def test_given_a_service_at_rest_then_the_page_says_so_and_does_not_wake_it(narratix: Services) -> None:
    narratix.quiet._awake.clear()
    async with client_of(narratix) as client:
        assert "it rests" in (await client.get("/status")).text
    assert narratix.quiet.resting
    narratix.quiet.stir()


async def test_given_a_database_that_is_not_ours_then_the_page_comes_all_the_same(opened: Opened) -> None:
    async with opened("web") as services:
        await services.pool.execute("alter table work rename to lost")
        await services.pool.execute("update alembic_version set version_num = '0000'")
        page = await status_page(services)
    assert "Narratix is not ready" in page
    assert "Stories in the making" not in page


@pytest.mark.browser
@pytest.mark.skipif(chromium() is None, reason="There is no chromium here")
async def test_given_a_phone_in_the_dark_then_the_page_fits_is_styled_and_its_links_are_reached_by_keyboard(
    narratix: Services,
) -> None:
    async with serving(narratix) as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=BROWSER_ARGUMENTS)
        page = await browser.new_page(viewport={"width": 320, "height": 640}, color_scheme="dark")
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(f"{address}/status")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
        assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(23, 20, 15)"
        reached = []
        for _ in range(2):
            await page.keyboard.press("Tab")
            reached.append(await page.evaluate("document.activeElement.getAttribute('href')"))
        assert reached == ["/", "/docs"]
        await page.emulate_media(color_scheme="light")
        assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(248, 243, 233)"
        await browser.close()
    assert complaints == []
