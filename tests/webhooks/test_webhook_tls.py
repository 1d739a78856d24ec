"""A receiver behind https with a real certificate: believed where an authority vouches for its name, and nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from narratix.webhooks.outbound import Outbound, Unreached
from narratix.webhooks.signing import headers, secret_of
from tests.webhooks.certificates import OPENSSL, Authority
from tests.webhooks.receiver import SECRET, receiver

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed (Debian: apt install openssl)")

ROOT = Path(__file__).parent.parent.parent
BODY = b'{"type":"t","timestamp":"2026-11-22T16:45:00Z","data":{}}'
NAME = "hooks.example"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.founded(tmp_path)


@contextlib.asynccontextmanager
async def sender(trusted: ssl.SSLContext | None) -> AsyncIterator[Outbound]:
    """One for whom every name means this machine."""

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    outbound = Outbound(strict=False, resolve=resolve, deadline=10.0, trusted=trusted)
    try:
        yield outbound
    finally:
        await outbound.close()


def signed() -> dict[str, str]:
    return headers([secret_of(SECRET)], "msg_1", int(time.time()), BODY)


async def test_given_a_certificate_for_the_name_then_the_message_arrives_whole_and_signed(authority: Authority) -> None:
    asked: list[str | None] = []
    context = authority.certified(NAME)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    trusted = ssl.create_default_context(cafile=str(authority.file))
    async with receiver(tls=context) as there, sender(trusted) as outbound:
        answered = await outbound.post(f"https://{NAME}:{there.port}/hook", BODY, signed())

    assert answered.status == 204
    assert there.bodies == [BODY]
    assert there.hosts == [f"{NAME}:{there.port}"]
    assert asked == [NAME]


@pytest.mark.parametrize(
    ("certified", "why"),
    [
        ({"name": "other.example"}, "not valid for 'hooks.example'"),
        ({"name": NAME, "by_itself": True}, "self.signed certificate"),
        ({"name": NAME, "days": -1}, "has expired"),
    ],
    ids=["another name", "signed by itself", "expired"],
)
async def test_given_a_certificate_that_proves_nothing_then_nothing_is_sent_and_it_is_said_why(
    authority: Authority, certified: dict[str, object], why: str
) -> None:
    trusted = ssl.create_default_context(cafile=str(authority.file))
    async with receiver(tls=authority.certified(**certified)) as there, sender(trusted) as outbound:  # type: ignore[arg-type]
        with pytest.raises(Unreached, match=f"certificate is not accepted: .*{why}"):
            await outbound.post(f"https://{NAME}:{there.port}/hook", BODY, signed())
    assert (there.hosts, there.heard) == ([], [])


async def test_given_an_authority_that_this_machine_does_not_know_then_nothing_is_sent(authority: Authority) -> None:
    async with receiver(tls=authority.certified(NAME)) as there, sender(None) as outbound:
        with pytest.raises(Unreached, match=r"certificate is not accepted: .*issuer certificate"):
            await outbound.post(f"https://{NAME}:{there.port}/hook", BODY, signed())
    assert there.hosts == []


SENDER = """
import asyncio, sys
from narratix.webhooks.outbound import Outbound

async def main(url, body):
    async def resolve(_host, _port):
        return ["127.0.0.1"]
    outbound = Outbound(strict=False, resolve=resolve)
    print((await outbound.post(url, body.encode(), {})).status)
    await outbound.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_given_an_authority_that_this_machine_knows_then_it_is_trusted_as_the_service_is_made(
    authority: Authority,
) -> None:
    async with receiver(tls=authority.certified(NAME)) as there:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", SENDER, f"https://{NAME}:{there.port}/hook", BODY.decode()),
            cwd=ROOT,
            env={**os.environ, "SSL_CERT_FILE": str(authority.file)},
            stdout=asyncio.subprocess.PIPE,
        )
        told, _ = await process.communicate()
    assert told.split() == [b"401"]  # it came through, unsigned
    assert there.forged == 1
