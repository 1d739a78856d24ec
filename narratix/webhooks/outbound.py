"""Calls to addresses that strangers named: never to a machine that only we can reach.

The name is resolved here, once, and the call goes to that very address, whatever the name means a moment later. All of
its addresses must be public. Nothing is followed, nothing of an answer but its head is read.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
from yarl import URL

from narratix import __version__

DEADLINE_SECONDS: Final = 15.0
LONGEST_ADDRESS: Final = 2000
METADATA: Final = frozenset(map(ipaddress.ip_address, ("168.63.129.16",)))
"""Public by their numbers, and yet answered by the cloud that one runs in (Azure); the others' are link-local."""

EMBEDDING: Final = tuple(
    map(ipaddress.ip_network, ("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "::/96"))
)
"""IPv6 addresses that lead to an IPv4 one within them (IPv4-mapped, NAT64, Teredo, 6to4, IPv4-compatible)."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""A host's addresses. Raises OSError."""


class Refused(ValueError):
    """We do not call there. Its text is a sentence for people."""


class Unreached(Exception):
    """Nobody answered in time. Its text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Answered:
    """`retry_after`: the seconds that we were asked to wait, where we were."""

    status: int
    retry_after: float | None = None


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could call there as well."""
    if any(address in network for network in EMBEDDING):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_link_local or address in METADATA
    )


def checked_address(written: str, *, strict: bool) -> URL:
    """The address, where it is one that we might call. `strict`: https alone, and public alone. Raises Refused."""
    try:
        url = URL(written)
        host, port = url.raw_host, url.port
    except ValueError as problem:
        raise Refused("This is no address; write it as in https://example.org/hook.") from problem
    if len(written) > LONGEST_ADDRESS or not written.isprintable() or " " in written:
        raise Refused(f"An address has at most {LONGEST_ADDRESS:,} printable characters and no blank.")
    if url.scheme != "https" and (strict or url.scheme != "http"):
        raise Refused("The address must begin with https://.")
    if not host or not port:
        raise Refused("The address names no host; write it as in https://example.org/hook.")
    if url.raw_user is not None or url.raw_password is not None or url.raw_fragment:
        raise Refused("The address must not hold a name, a password or a fragment.")
    if strict and port != 443 and port < 1024:
        raise Refused(f"Port {port} belongs to another service; use 443, or one from 1024 on.")
    # a host of digits and dots is an address in one of its odd spellings (127.1, 2130706433)
    if ":" in host or host.replace(".", "").isdigit():
        _permitted([host], strict=strict)
    return url


def _permitted(found: Sequence[str], *, strict: bool) -> list[Address]:
    """Raises Refused unless all of them may be called: a name that means public and private ones is a trap."""
    try:
        addresses = [ipaddress.ip_address(one.partition("%")[0]) for one in found]
    except ValueError as problem:
        raise Refused("The address is written in a way that is not clear; write a name.") from problem
    if strict and not all(map(is_public, addresses)):
        raise Refused("The address leads to a machine that is not on the public internet.")
    return addresses


async def resolved(host: str, port: int) -> Sequence[str]:
    """By the system's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Outbound:
    """Posts to addresses of strangers. Not `strict`, it calls any machine, by http too: for development. `trusted`: whose
    certificates are believed; by default those of the authorities that this machine knows."""

    def __init__(
        self,
        *,
        strict: bool = True,
        resolve: Resolve = resolved,
        deadline: float = DEADLINE_SECONDS,
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        self._strict = strict
        self._resolve = resolve
        self._deadline = deadline
        self._trusted = trusted
        self._session: aiohttp.ClientSession | None = None

    async def post(self, written: str, body: bytes, headers: Mapping[str, str], *, turn: int = 0) -> Answered:
        """Send JSON, to another one of the host's addresses at every `turn`. Raises Refused and Unreached."""
        url = checked_address(written, strict=self._strict)
        assert url.raw_host is not None
        assert url.port is not None
        try:
            async with asyncio.timeout(self._deadline):
                try:
                    addresses = _permitted(await self._resolve(url.raw_host, url.port), strict=self._strict)
                except (OSError, UnicodeError) as problem:
                    raise Unreached(f"The name {url.host} cannot be found.") from problem
                if not addresses:
                    raise Unreached(f"The name {url.host} cannot be found.")
                return await self._post(url, str(addresses[turn % len(addresses)]), body, headers)
        except TimeoutError as problem:
            raise Unreached(f"There was no answer within {self._deadline:g} seconds.") from problem
        except aiohttp.ClientConnectorCertificateError as problem:
            reason = getattr(problem.certificate_error, "verify_message", "") or problem.certificate_error
            raise Unreached(f"Its certificate is not accepted: {str(reason).rstrip('.')}.") from problem
        except aiohttp.ClientError as problem:
            raise Unreached(f"It cannot be reached ({type(problem).__name__}).") from problem

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _post(self, url: URL, address: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True, limit=0, ssl=self._trusted or True),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        sent = {
            **headers,
            "Host": url.host_port_subcomponent or "",
            "Content-Type": "application/json",
            "User-Agent": f"Narratix/{__version__}",
        }
        async with self._session.post(
            url.with_host(address),
            data=body,
            headers=sent,
            allow_redirects=False,
            server_hostname=url.raw_host if url.scheme == "https" else None,
        ) as response:
            asked = response.headers.get("retry-after", "")
            response.close()  # what else it has to say is of no interest, however long it is
            return Answered(response.status, float(asked) if asked.isascii() and asked.isdecimal() else None)
