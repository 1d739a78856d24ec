"""A story that is heard while it is written: by parts, refused before it began or after."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from narratix.estimate import estimate_story
from narratix.events.catalogue import Usage
from narratix.ports import ProviderError, StoryDraft, Unwanted
from narratix.providers.language.rules import RulesLanguage
from narratix.services import Services
from narratix.spend import OverBudget
from narratix.web.problems import Problem
from narratix.web.requests import StoryWish
from narratix.web.stories import story_stream

WISH = StoryWish(template="mystery", premise="a lamp", length=300)
TEXT = "The Lamp\n\nIt was dark.\n\n“Light it,” said Mara.\n\nIt rained."


class SlowWriter(RulesLanguage):
    """Writes by and by, and lets the test say when."""

    def __init__(self, ends: Exception | None = None, begins: Exception | None = None) -> None:
        self.go = asyncio.Semaphore(0)
        self.ends = ends
        self.begins = begins
        self.cancelled = False

    async def write_story(
        self, template: str, premise: str, length: int, seed: int, heard: Callable[[str], None] | None = None
    ) -> StoryDraft:
        if self.begins:
            raise self.begins
        assert heard is not None
        try:
            for place in range(0, len(TEXT), 5):
                heard(TEXT[place : place + 5])
                await self.go.acquire()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if self.ends:
            raise self.ends
        title, _, text = TEXT.partition("\n\n")
        return StoryDraft(title=title, text=text, engine="slow", safety="judged")


class DearWriter(SlowWriter):
    """One whose every story is paid for."""

    provider, model = "anthropic", "claude-opus-5-5"
    COST = 0.001

    async def write_story(self, *wish: Any) -> StoryDraft:
        usage = Usage(provider=self.provider, model=self.model, unit="output tokens", units=50, cost_usd=self.COST)
        return replace(await super().write_story(*wish), usage=(usage,))


async def told_by(narratix: Services, writer: SlowWriter) -> AsyncIterator[bytes]:
    return await story_stream(WISH, replace(narratix, ports=replace(narratix.ports, language=writer)), "ann")


def parsed(event: bytes) -> tuple[str, dict[str, object]]:
    name, data = event.decode().strip().split("\n", 1)
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


async def test_given_a_writer_then_its_title_and_paragraphs_come_as_soon_as_they_are_whole(narratix: Services) -> None:
    writer = SlowWriter()
    told = await told_by(narratix, writer)
    for _ in range(3):
        writer.go.release()
    name, data = parsed(await anext(told))
    assert (name, data) == ("title", {"title": "The Lamp"})
    assert writer.go.locked()
    for _ in range(30):
        writer.go.release()
    rest = [parsed(event) async for event in told]

    assert [name for name, _ in rest] == ["paragraph"] * 3 + ["story"]
    assert [data["number"] for name, data in rest if name == "paragraph"] == [0, 1, 2]
    assert rest[-1][1]["text"] == TEXT.partition("\n\n")[2]


async def test_given_a_premise_that_is_refused_then_no_stream_begins(narratix: Services) -> None:
    with pytest.raises(Problem) as refused:
        await told_by(narratix, SlowWriter(begins=Unwanted("Not this premise.")))
    assert refused.value.status == 422


@pytest.mark.parametrize(
    ("ends", "status"), [(Unwanted("Not this story."), 422), (ProviderError("It broke off."), 503)]
)
async def test_given_a_story_that_fails_after_it_began_then_the_stream_says_so(
    narratix: Services, ends: ProviderError, status: int
) -> None:
    writer = SlowWriter(ends=ends)
    for _ in range(40):
        writer.go.release()
    told = [parsed(event) async for event in await told_by(narratix, writer)]

    assert told[-1][0] == "problem"
    assert told[-1][1]["status"] == status


async def test_given_a_reader_who_leaves_then_the_writer_stops(narratix: Services) -> None:
    writer = SlowWriter()
    told = await told_by(narratix, writer)
    for _ in range(3):
        writer.go.release()
    await anext(told)
    await told.aclose()  # type: ignore[attr-defined]
    async with asyncio.timeout(5):
        while not writer.cancelled:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("ends", [None, Unwanted("Not this story.")])
async def test_given_a_writer_who_is_paid_then_what_it_cost_is_spent_and_over_the_cap_it_is_not_asked(
    narratix: Services, ends: ProviderError | None
) -> None:
    most = estimate_story(replace(narratix.ports, language=DearWriter()), WISH.premise, WISH.length, date.today())
    assert most > DearWriter.COST
    narratix.budget.caps = replace(narratix.budget.caps, day=1.5 * most)
    writer = DearWriter(ends=ends)
    for _ in range(40):
        writer.go.release()
    assert [event async for event in await told_by(narratix, writer)]
    # who refuses at the end was paid nobody knows how much
    assert (await narratix.budget.committed("ann")).client == pytest.approx(most if ends else DearWriter.COST)

    narratix.budget.caps = replace(narratix.budget.caps, day=most)
    with pytest.raises(OverBudget, match="all stories of today"):
        await told_by(narratix, DearWriter())
