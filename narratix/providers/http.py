"""One HTTP client for vendors: bounded answers, deadlines, no redirects, and errors as sentences."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import msgspec

from narratix.ports import ProviderError

DEADLINE_SECONDS: Final = 120.0
LONGEST_ANSWER: Final = 64 << 20
"""Bytes. The longest music is about 10 MB, as base64 14."""


class OutOfService(ProviderError):
    """The vendor does nothing more for this account, whatever it is asked: its key, its quota, its credit. Other
    permanent faults are of the call alone."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, permanent=True)


@dataclass(frozen=True, slots=True)
class Reply:
    """A vendor's answer. `headers` are by lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after(self) -> float | None:
        """Seconds that the vendor asked us to wait; dates are not used by any of them."""
        said = self.headers.get("retry-after", "")
        return float(said) if said.replace(".", "", 1).isdigit() else None

    def json(self, vendor: str, type: Any = Any) -> Any:
        """The body as `type`. Raises ProviderError."""
        try:
            return msgspec.json.decode(self.body, type=type)
        except msgspec.MsgspecError as problem:
            raise ProviderError(f"{vendor} answered in a shape that its API does not have.") from problem


class Api:
    """Calls to one vendor under `url`. Headers are sent with every call; addresses that a vendor hands out lie on other
    hosts and get none of them."""

    def __init__(
        self, vendor: str, url: str, headers: Mapping[str, str], *, deadline: float = DEADLINE_SECONDS
    ) -> None:
        self.vendor = vendor
        self._url = url.rstrip("/")
        self._headers = dict(headers)
        self._deadline = deadline
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Any status is a reply. Raises ProviderError when there is none in time, or too much of it."""
        return await self._send(method, self._url + path, query, json, {**self._headers, **(headers or {})})

    async def fetch(self, address: str) -> Reply:
        """What lies at an address that the vendor handed out."""
        return await self._send("GET", address, None, None, {})

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _send(
        self,
        method: str,
        address: str,
        query: Mapping[str, str] | None,
        json: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> Reply:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            async with (
                asyncio.timeout(self._deadline),
                self._session.request(
                    method,
                    address,
                    params=query,
                    data=None if json is None else msgspec.json.encode(json),
                    headers={**headers, **({"Content-Type": "application/json"} if json is not None else {})},
                    allow_redirects=False,
                ) as response,
            ):
                pieces, size = [], 0
                async for piece in response.content.iter_any():
                    size += len(piece)
                    if size > LONGEST_ANSWER:
                        raise ProviderError(f"{self.vendor} answers without end.", permanent=True)
                    pieces.append(piece)
                names = {name.casefold(): value for name, value in response.headers.items()}
                return Reply(response.status, names, b"".join(pieces))
        except TimeoutError as problem:
            raise ProviderError(f"{self.vendor} did not answer within {self._deadline:g} seconds.") from problem
        except (aiohttp.ClientError, ValueError) as problem:
            raise ProviderError(f"{self.vendor} cannot be reached, or broke off.") from problem
