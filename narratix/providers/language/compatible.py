"""Any endpoint that speaks OpenAI's chat completions: Ollama, llama.cpp, vLLM and their like."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any, Final

import aiohttp
import msgspec

from narratix.events.catalogue import Usage
from narratix.ports import ProviderError
from narratix.providers.calls import CALLS
from narratix.providers.language.oracle import Answer, Heard, Question, Stop
from narratix.providers.prices import used

NAME: Final = "compatible"
DEADLINE_SECONDS: Final = 300.0
"""A model on a processor is slow."""

LONGEST_ANSWER: Final = 4 << 20
STOPS: Final[dict[str, Stop]] = {"stop": "end", "length": "length", "content_filter": "refusal"}


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message = msgspec.field(default_factory=_Message)
    delta: _Message = msgspec.field(default_factory=_Message)
    finish_reason: str | None = None


class _Tokens(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: _Tokens | None = None


class CompatibleOracle:
    """The endpoint at `url` (ending in /v1) behind the Oracle protocol. `key` may be empty."""

    name = NAME

    def __init__(self, url: str, model: str, key: str = "", *, today: Callable[[], date] = date.today) -> None:
        self.model = model
        self._url = url.rstrip("/") + "/chat/completions"
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._today = today
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, question: Question, heard: Heard | None = None) -> Answer:
        """Raises ProviderError."""
        with CALLS.of(NAME, self.model) as call:
            answer = await self._asked(question, heard)
            call.paid(answer.usage)
            return answer

    async def _asked(self, question: Question, heard: Heard | None) -> Answer:
        body = self._request(question, streamed=heard is not None)
        try:
            async with (
                asyncio.timeout(DEADLINE_SECONDS),
                self._open().post(self._url, json=body, headers=self._headers, allow_redirects=False) as response,
            ):
                if response.status != 200:
                    raise _problem(response)
                if heard is None:
                    return self._answer(_completion(await _limited(response)))
                return self._answer(await _heard(response, heard))
        except TimeoutError as problem:
            raise ProviderError(f"The language model did not answer within {DEADLINE_SECONDS:g} seconds.") from problem
        except aiohttp.ClientError as problem:
            raise ProviderError("The language model cannot be reached, or broke off.") from problem

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    def _request(self, question: Question, *, streamed: bool) -> dict[str, Any]:
        system = question.instructions + (f"\n\n{question.shared}" if question.shared else "")
        request: dict[str, Any] = {
            "model": self.model,
            "max_tokens": question.max_tokens,
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": question.data}],
        }
        if question.schema is not None:
            schema = {"name": "answer", "strict": True, "schema": dict(question.schema)}
            request["response_format"] = {"type": "json_schema", "json_schema": schema}
        if streamed:
            request |= {"stream": True, "stream_options": {"include_usage": True}}
        return request

    def _answer(self, completion: _Completion) -> Answer:
        if not completion.choices:
            raise ProviderError("The language model answered without an answer.")
        choice = completion.choices[0]
        stop = STOPS.get(choice.finish_reason or "")
        if stop is None:
            raise ProviderError(f"The language model stopped for an unknown reason: {choice.finish_reason}.")
        if choice.message.refusal:
            stop = "refusal"
        return Answer(text=choice.message.content or "", stop=stop, usage=self._usage(completion.usage))

    def _usage(self, tokens: _Tokens | None) -> tuple[Usage, ...]:
        if tokens is None:
            return ()
        counted = {"input tokens": tokens.prompt_tokens, "output tokens": tokens.completion_tokens}
        return tuple(used(NAME, self.model, unit, units, self._today()) for unit, units in counted.items() if units)


def _completion(body: bytes) -> _Completion:
    try:
        return msgspec.json.decode(body, type=_Completion)
    except msgspec.MsgspecError as problem:
        raise ProviderError("The language model answered in a shape that its API does not have.") from problem


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    return b"".join([piece async for piece in _pieces(response)])


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    size = 0
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > LONGEST_ANSWER:
            raise ProviderError("The language model answers without end.", permanent=True)
        yield piece


async def _heard(response: aiohttp.ClientResponse, heard: Heard) -> _Completion:
    """A streamed completion, put together; `heard` is told of each piece of text."""
    text: list[str] = []
    finish: str | None = None
    tokens: _Tokens | None = None
    rest = b""
    async for piece in _pieces(response):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            data = line.strip().removeprefix(b"data:").strip()
            if not line.startswith(b"data:") or data == b"[DONE]":
                continue
            part = _completion(data)
            tokens = part.usage or tokens
            for choice in part.choices[:1]:
                finish = choice.finish_reason or finish
                if choice.delta.content:
                    text.append(choice.delta.content)
                    heard(choice.delta.content)
    if finish is None:
        raise ProviderError("The language model broke off in the middle of its answer.")
    return _Completion([_Choice(message=_Message("".join(text)), finish_reason=finish)], tokens)


def _problem(response: aiohttp.ClientResponse) -> ProviderError:
    status = response.status
    wait = response.headers.get("Retry-After", "")
    retry_after = float(wait) if wait.replace(".", "", 1).isdigit() else None
    if status in (408, 409, 429) or status >= 500:
        return ProviderError(f"The language model is busy or has a fault (status {status}).", retry_after=retry_after)
    return ProviderError(
        f"The language model does not accept the question (status {status}); check its address, model and key.",
        permanent=True,
    )
