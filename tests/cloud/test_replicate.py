"""Replicate against a stand-in: begun once, found again, fetched at once, cancelled with its job."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from replicate.client import Client

from narratix.ports import ProviderError
from narratix.providers import replicate as client
from narratix.providers.effects.replicate import ReplicateEffects
from narratix.providers.music.replicate import ReplicateMusic
from narratix.providers.replicate import Replicate
from narratix.providers.storage.directory import DirectoryStorage
from tests.cloud.replicate_standin import TOKEN, VERSION, ReplicateStandin, replicate_standin

Making = Callable[..., Replicate]


@pytest.fixture
async def vendor() -> AsyncIterator[ReplicateStandin]:
    async with replicate_standin() as standin:
        yield standin


@pytest.fixture
async def making(vendor: ReplicateStandin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Making]:
    monkeypatch.setattr(client, "POLL_SECONDS", (0.01,))
    storage = DirectoryStorage(tmp_path, secret=b"s" * 32, clock=lambda: 0.0)
    made: list[Replicate] = []

    def make(token: str = TOKEN, patience: float = 5.0) -> Replicate:
        made.append(Replicate(token, storage, vendor.url, patience=patience))
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def test_given_music_then_it_is_waited_for_and_its_computing_is_paid(
    vendor: ReplicateStandin, making: Making
) -> None:
    music = await ReplicateMusic(making(), VERSION).compose("calm", 0.5, "a calm bed", 30.0, 7)

    assert music.sound.shape[1] == 2
    assert (music.usage.unit, music.usage.units) == ("computing seconds", 4.0)
    assert music.usage.cost_usd > 0
    assert vendor.requests == [
        ("wait=30", {"version": VERSION, "input": {"prompt": "a calm bed", "seconds_total": 30, "seed": 7}})
    ]


async def test_given_the_vendors_own_client_then_it_sends_the_same_body(
    vendor: ReplicateStandin, making: Making
) -> None:
    await ReplicateEffects(making(), VERSION).render("door", "a heavy door", 3.0, 7)
    official = Client(api_token=TOKEN, base_url=vendor.url)
    given = {"prompt": "a heavy door", "seconds_total": 3, "seed": 7}
    prediction = await official.predictions.async_create(version=VERSION, input=given, wait=30)
    while prediction.status in ("starting", "processing"):
        await prediction.async_reload()
    await official._async_client.aclose()

    assert prediction.status == "succeeded"
    assert vendor.requests[0] == vendor.requests[1]


async def test_given_a_crash_while_it_was_computed_then_the_next_attempt_waits_for_the_same_one(
    vendor: ReplicateStandin, making: Making
) -> None:
    vendor.looks = 10**6
    with pytest.raises(ProviderError, match="did not finish"):
        await ReplicateMusic(making(patience=0.05), VERSION).compose("calm", 0.5, "", 30.0, 7)
    for running in vendor.predictions.values():
        running.looks = 1
    await ReplicateMusic(making(), VERSION).compose("calm", 0.5, "", 30.0, 7)

    assert len(vendor.requests) == 1


async def test_given_a_cancelled_job_then_the_vendor_is_told(vendor: ReplicateStandin, making: Making) -> None:
    vendor.looks = 10**6
    task = asyncio.create_task(ReplicateMusic(making(), VERSION).compose("calm", 0.5, "", 30.0, 7))
    async with asyncio.timeout(20):
        while [running.status for running in vendor.predictions.values()] != ["processing"]:  # it was looked after
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert [running.status for running in vendor.predictions.values()] == ["canceled"]


async def test_given_a_prediction_that_failed_then_the_next_attempt_is_another_one(
    vendor: ReplicateStandin, making: Making
) -> None:
    vendor.ends = "failed"
    with pytest.raises(ProviderError, match="out of memory") as caught:
        await ReplicateMusic(making(), VERSION).compose("calm", 0.5, "", 30.0, 7)
    vendor.ends = "succeeded"
    await ReplicateMusic(making(), VERSION).compose("calm", 0.5, "", 30.0, 7)

    assert not caught.value.permanent
    assert len(vendor.requests) == 2


@pytest.mark.parametrize(
    ("output", "permanent", "said"),
    [("none", False, "without an output"), ("expired", False, "expired"), ("foreign", True, "not secure")],
)
async def test_given_an_output_that_cannot_be_had_then_it_is_said(
    vendor: ReplicateStandin, making: Making, output: str, permanent: bool, said: str
) -> None:
    vendor.output = output
    with pytest.raises(ProviderError, match=said) as caught:
        await ReplicateMusic(making(), VERSION).compose("calm", 0.5, "", 30.0, 7)
    assert caught.value.permanent is permanent


@pytest.mark.parametrize(
    ("status", "permanent", "wait", "said"),
    [
        (401, True, None, "token"),
        (402, True, None, "credit"),
        (403, True, None, "token"),
        (404, True, None, "VERSION"),
        (408, False, None, "busy"),
        (422, True, None, "VERSION"),
        (429, False, 6.0, "busy"),
        (500, False, None, "fault of its own"),
        (503, False, 6.0, "fault of its own"),
    ],
)
async def test_given_a_refusal_then_it_is_known_whether_to_repeat(
    vendor: ReplicateStandin, making: Making, status: int, permanent: bool, wait: float | None, said: str
) -> None:
    vendor.refuse = status
    vendor.headers = {"Retry-After": "6"} if wait else {}
    with pytest.raises(ProviderError, match=said) as caught:
        await ReplicateMusic(making(), VERSION).compose("calm", 0.5, "", 30.0, 7)

    assert (caught.value.permanent, caught.value.retry_after) == (permanent, wait)
    assert vendor.requests == []
