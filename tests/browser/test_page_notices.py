"""What a listener is told of how a drama was made, in a real browser."""

from __future__ import annotations

import pytest

from tests.browser.browser_site import Site, Visit, until
from tests.browser.visiting import FINISHED, OVERFLOW, accessibility_faults, submit

pytestmark = pytest.mark.browser

NOTICES = "document.querySelector('.notices')?.innerText ?? ''"
FRENCH = """La pluie tombait sur la vieille maison, et personne ne dormait. « Qui est la ? » demanda Anne, tout bas.

« Ce n'est que moi », dit Thomas. « Laisse-moi entrer, je t'en prie ! Je suis venu a pied du village, dans cette pluie. »
"""


def test_given_a_story_in_another_language_then_the_page_says_who_reads_it_while_it_is_made_and_afterwards(
    site: Site, visit: Visit
) -> None:
    page = visit(site.url)
    site.hold(1)
    submit(page, "La pluie", FRENCH)
    until(page, f"({NOTICES}).includes('French') && ({NOTICES}).includes('narrator')")
    assert page.evaluate("document.querySelector('.progress') !== null")
    site.release()
    until(page, FINISHED)
    assert "French" in page.evaluate(NOTICES)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate(OVERFLOW) <= 0
    assert accessibility_faults(page) == []


def test_given_a_story_like_any_other_then_nothing_is_said(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    site.release()
    submit(page, "Nothing to say", "“Who is there?” said Anna.\n\n“Only me,” said Thomas.\n")
    until(page, FINISHED)
    assert page.evaluate(NOTICES) == ""
