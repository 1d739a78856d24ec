"""Calls to addresses of strangers: never to a machine that only we can reach."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence

import pytest

from narratix.webhooks.outbound import Outbound, Refused, Unreached, checked_address
from narratix.webhooks.signing import headers, secret_of
from tests.webhooks.receiver import SECRET, Receiver, receiver

BODY = b'{"type":"t","timestamp":"2026-11-22T16:45:00Z","data":{}}'


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as there:
        yield there


def meaning(*addresses: str) -> Outbound:
    """One for whom every name means these addresses."""

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return Outbound(resolve=resolve, deadline=2.0)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook",
        "ftp://example.org/hook",
        "example.org/hook",
        "//example.org/hook",
        "https://",
        "https:///hook",
        "https://user@example.org/",
        "https://user:password@example.org/",
        "https://example.org/#fragment",
        "https://example.org/a b",
        "https://example.org/\n",
        "https://example.org:22/",
        "https://example.org:80/",
        "https://example.org:99999/",
        "https://example.org/" + "x" * 2000,
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://１２７.0.0.1/",
        "https://127.0.0.1./",
        "https://0.0.0.0/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://168.63.129.16/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[fe80::1%25eth0]/",
        "https://[fd00:ec2::254]/",
        "https://[ff0e::1]/",
        "https://[::ffff:8.8.8.8]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://example.org\\@127.0.0.1/",
    ],
)
def test_given_an_address_that_no_stranger_may_name_then_it_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        checked_address(url, strict=True)


@pytest.mark.parametrize("url", ["https://example.org/hook?a=b", "https://example.org:8443/", "https://8.8.8.8/", "https://bücher.example/"])  # fmt: skip
def test_given_a_public_address_then_it_may_be_named(url: str) -> None:
    assert checked_address(url, strict=True).scheme == "https"


@pytest.mark.parametrize(
    "found",
    [
        ("127.0.0.1",),
        ("169.254.169.254",),
        ("10.1.2.3",),
        ("::1",),
        ("::ffff:10.0.0.1",),
        ("fe80::1%eth0",),
        ("224.0.1.1",),
        ("8.8.8.8", "127.0.0.1"),
    ],
)
async def test_given_a_name_that_means_a_private_machine_then_nobody_is_called(
    there: Receiver, found: tuple[str, ...]
) -> None:
    outbound = meaning(*found)
    with pytest.raises(Refused, match="not on the public internet"):
        await outbound.post(f"https://hooks.example:{there.port}/hook", BODY, {})
    await outbound.close()
    assert there.hosts == []


async def test_given_a_name_that_changes_its_meaning_then_it_is_asked_for_once_and_the_checked_address_is_called(
    there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    async def never(*_arguments: object, **_options: object) -> None:
        raise AssertionError("the name was looked up a second time")

    outbound = Outbound(strict=False, resolve=resolve, deadline=5.0)
    monkeypatch.setattr("aiohttp.resolver.ThreadedResolver.resolve", never)
    signed = headers([secret_of(SECRET)], "msg_1", 0, BODY)
    answered = await outbound.post(f"http://hooks.example:{there.port}/hook", BODY, signed)
    await outbound.close()

    assert asked == ["hooks.example"]
    assert there.hosts == [f"hooks.example:{there.port}"]
    assert answered.status == 401  # long expired by the receiver's clock


async def test_given_several_addresses_then_each_attempt_tries_another_one(there: Receiver) -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.2", "127.0.0.1"]

    outbound = Outbound(strict=False, resolve=resolve, deadline=5.0)
    url = f"http://hooks.example:{there.port}/hook"
    with pytest.raises(Unreached, match="cannot be reached"):
        await outbound.post(url, BODY, {}, turn=0)
    assert (await outbound.post(url, BODY, {}, turn=1)).status == 401
    await outbound.close()


async def test_given_https_and_a_receiver_that_speaks_none_then_nothing_is_told_it(there: Receiver) -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    outbound = Outbound(strict=False, resolve=resolve, deadline=5.0)
    with pytest.raises(Unreached, match="cannot be reached"):
        await outbound.post(f"https://hooks.example:{there.port}/hook", BODY, {})  # it speaks no TLS
    await outbound.close()
    assert there.hosts == []


async def test_given_a_name_that_means_nothing_then_it_is_said() -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such host")

    outbound = Outbound(resolve=resolve)
    with pytest.raises(Unreached, match=r"nowhere\.example cannot be found"):
        await outbound.post("https://nowhere.example/", BODY, {})
    await outbound.close()


async def answered(there: Receiver, answer: int | str, deadline: float = 5.0) -> int:
    there.answers = [answer]
    outbound = Outbound(strict=False, deadline=deadline)
    try:
        signed = headers([secret_of(SECRET)], "msg_1", int(time.time()), BODY)
        return (await outbound.post(f"{there.url}/hook", BODY, signed)).status
    finally:
        await outbound.close()


async def test_given_a_redirect_then_it_is_an_answer_and_not_followed(there: Receiver) -> None:
    assert await answered(there, "redirect") == 307
    assert [id for id, _ in there.heard] == ["msg_1"]


async def test_given_an_answer_without_end_then_its_head_is_enough(there: Receiver) -> None:
    assert await answered(there, "endless") == 200


async def test_given_nobody_who_answers_then_it_is_not_waited_for_ever(there: Receiver) -> None:
    with pytest.raises(Unreached, match="no answer within"):
        await answered(there, "stall", deadline=0.3)
