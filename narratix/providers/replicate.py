"""Predictions on Replicate: begun once, waited for, and found again after a crash, since each is paid for."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from narratix.ports import NotStored, ProviderError, Storage
from narratix.providers.http import Api, Reply

NAME: Final = "replicate"
URL: Final = "https://api.replicate.com"
LONGEST_SECONDS: Final = 47
"""Of sound that Stable Audio Open makes at once."""

WAIT_SECONDS: Final = 30
POLL_SECONDS: Final = (0.5, 1.0, 2.0, 4.0)
TOLD_SECONDS: Final = (1.0, 4.0, 15.0)
"""How often we look although we should be told: a webhook can get lost."""

PATIENCE_SECONDS: Final = 240.0

Wait = Callable[[str, float], Awaitable[None]]
"""(prediction, seconds): until it is told that the prediction has ended, at most so long."""


async def sleeping(_prediction: str, seconds: float) -> None:
    """The waiting of those whom nobody tells."""
    await asyncio.sleep(seconds)


class _Metrics(msgspec.Struct):
    predict_time: float = 0.0


class _Prediction(msgspec.Struct):
    id: str
    status: str
    output: str | list[str] | None = None
    error: str | None = None
    metrics: _Metrics = msgspec.field(default_factory=_Metrics)


class Replicate:
    """Runs predictions. What was begun is noted in `storage`, so that a repeated call waits for it instead of
    beginning another. Where there is a `webhook`, Replicate tells of the end there, which ends a `wait` early."""

    def __init__(
        self,
        token: str,
        storage: Storage,
        url: str = "",
        *,
        webhook: str = "",
        wait: Wait = sleeping,
        patience: float = PATIENCE_SECONDS,
        deadline: float = 60.0,
    ) -> None:
        self._url = url or URL
        self._api = Api("Replicate", self._url, {"Authorization": f"Bearer {token}"}, deadline=deadline)
        self._storage = storage
        self._webhook = webhook
        self._wait = wait
        self._patience = patience

    async def run(self, version: str, given: Mapping[str, Any]) -> tuple[bytes, float]:
        """The bytes of a model's one output file, and the seconds of computing that are paid for. Raises
        ProviderError."""
        note = _note_key(version, given)
        prediction = await self._begun(note) or await self._begin(note, version, given)
        try:
            prediction = await self._finished(prediction)
        except asyncio.CancelledError:
            with contextlib.suppress(ProviderError, TimeoutError):
                await asyncio.wait_for(self._api.call("POST", f"/v1/predictions/{prediction.id}/cancel"), 5)
            await self._storage.delete(note)
            raise
        if prediction.status != "succeeded":
            await self._storage.delete(note)  # another attempt is another prediction
            raise ProviderError(f"Replicate could not do it: {prediction.error or prediction.status}.")
        output = (
            prediction.output[0] if isinstance(prediction.output, list) and prediction.output else prediction.output
        )
        if not isinstance(output, str):
            await self._storage.delete(note)
            raise ProviderError("Replicate finished without an output.")
        body = await self._fetched(output, note)
        await self._storage.delete(note)
        return body, prediction.metrics.predict_time

    async def close(self) -> None:
        await self._api.close()

    async def _begun(self, note: str) -> _Prediction | None:
        """The prediction that an earlier attempt began, unless it is gone or came to nothing."""
        try:
            id = (await self._storage.get(note)).decode()
        except NotStored:
            return None
        reply = await self._api.call("GET", f"/v1/predictions/{id}")
        if reply.status == 404:
            await self._storage.delete(note)
            return None
        found = _prediction(reply)
        if found.status in ("failed", "canceled"):
            await self._storage.delete(note)
            return None
        return found

    async def _begin(self, note: str, version: str, given: Mapping[str, Any]) -> _Prediction:
        body: dict[str, Any] = {"input": dict(given), "version": version}
        headers = {}
        if self._webhook:
            body |= {"webhook": self._webhook, "webhook_events_filter": ["completed"]}
        else:
            headers["Prefer"] = f"wait={WAIT_SECONDS}"
        begun = _prediction(await self._api.call("POST", "/v1/predictions", json=body, headers=headers))
        await self._storage.put(note, begun.id.encode(), "text/plain")
        return begun

    async def _finished(self, prediction: _Prediction) -> _Prediction:
        give_up = time.monotonic() + self._patience
        pauses = TOLD_SECONDS if self._webhook else POLL_SECONDS
        turn = 0
        while prediction.status in ("starting", "processing"):
            if time.monotonic() > give_up:
                raise ProviderError(f"Replicate did not finish within {self._patience:g} seconds.")
            await self._wait(prediction.id, pauses[min(turn, len(pauses) - 1)])
            turn += 1
            prediction = _prediction(await self._api.call("GET", f"/v1/predictions/{prediction.id}"))
        return prediction

    async def _fetched(self, address: str, note: str) -> bytes:
        secure = urlsplit(address).scheme == "https"
        if not secure and urlsplit(address)[:2] != urlsplit(self._url)[:2]:
            raise ProviderError("Replicate's output lies at an address that is not secure.", permanent=True)
        reply = await self._api.fetch(address)
        if reply.status in (403, 404, 410):
            await self._storage.delete(note)
            raise ProviderError("Replicate's output has expired before it was fetched.")
        if reply.status != 200:
            raise ProviderError(f"Replicate's output cannot be fetched (status {reply.status}).")
        return reply.body


def _note_key(version: str, given: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(msgspec.json.encode((version, given), order="deterministic")).hexdigest()
    return f"predictions/{digest[:2]}/{digest}"


def _prediction(reply: Reply) -> _Prediction:
    if reply.status in (200, 201, 202):
        prediction: _Prediction = reply.json("Replicate", _Prediction)
        if not prediction.id.isalnum():
            raise ProviderError("Replicate named a prediction in a way that its API does not.")
        return prediction
    match reply.status:
        case 401 | 403:
            raise ProviderError("Replicate does not accept the token; set REPLICATE_API_TOKEN anew.", permanent=True)
        case 402:
            raise ProviderError("Replicate's account has no credit left.", permanent=True)
        case 404 | 422:
            raise ProviderError("Replicate does not take this; check NARRATIX_REPLICATE_VERSION.", permanent=True)
        case 408 | 409 | 429:
            raise ProviderError("Replicate is busy.", retry_after=reply.retry_after)
        case status if status >= 500:
            raise ProviderError(f"Replicate has a fault of its own (status {status}).", retry_after=reply.retry_after)
        case status:
            raise ProviderError(f"Replicate does not accept the call (status {status}).", permanent=True)
