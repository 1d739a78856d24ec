"""Claude, by Anthropic's own client.

The client's retries are off: every attempt of ours stands in the log, with its reason. A refusal and an answer that was
cut short are answers, and were paid.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

import anthropic
from anthropic import AsyncAnthropic, DefaultAioHttpClient
from anthropic.types import Message
from pydantic import ValidationError

from narratix.events.catalogue import Usage
from narratix.ports import ProviderError
from narratix.providers.calls import CALLS
from narratix.providers.language.oracle import Answer, Heard, Question, Stop
from narratix.providers.prices import used

NAME: Final = "anthropic"
DEADLINE_SECONDS: Final = 120.0
STOPS: Final[dict[str, Stop]] = {
    "end_turn": "end",
    "stop_sequence": "end",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}
NEVER_AGAIN: Final = frozenset({"enforced_spend_limit_reached"})
"""Codes of a 429 that waiting does not cure."""


class ClaudeOracle:
    """Claude behind the Oracle protocol. `url` replaces the API's address, for tests and gateways."""

    name = NAME

    def __init__(self, key: str, model: str, *, url: str = "", today: Callable[[], date] = date.today) -> None:
        self.model = model
        self._today = today
        self._client = AsyncAnthropic(
            api_key=key,
            base_url=url or "https://api.anthropic.com",
            http_client=DefaultAioHttpClient(),
            max_retries=0,
            timeout=DEADLINE_SECONDS,
            # an answer that is not what the API promises is an error, not a surprise further on
            _strict_response_validation=True,
        )

    async def ask(self, question: Question, heard: Heard | None = None) -> Answer:
        """Raises ProviderError."""
        with CALLS.of(NAME, self.model) as call:
            answer = await self._asked(question, heard)
            call.paid(answer.usage)
            return answer

    async def _asked(self, question: Question, heard: Heard | None) -> Answer:
        try:
            if heard is None:
                return self._answer(await self._client.messages.create(**self._request(question)))
            async with self._client.messages.stream(**self._request(question)) as stream:
                async for piece in stream.text_stream:
                    heard(piece)
                return self._answer(await stream.get_final_message())
        except anthropic.APIStatusError as refused:
            raise _problem(refused) from refused
        except anthropic.APIResponseValidationError as problem:
            raise ProviderError("Claude answered in a shape that its API does not have.") from problem
        except anthropic.APITimeoutError as problem:
            raise ProviderError(f"Claude did not answer within {DEADLINE_SECONDS:g} seconds.") from problem
        except anthropic.APIConnectionError as problem:
            raise ProviderError("Claude cannot be reached.") from problem
        except (anthropic.AnthropicError, ValidationError, ValueError) as problem:
            raise ProviderError(f"Claude's answer broke off ({type(problem).__name__}).") from problem

    async def close(self) -> None:
        await self._client.close()

    def _request(self, question: Question) -> dict[str, Any]:
        system: list[dict[str, Any]] = [{"type": "text", "text": question.instructions}]
        if question.shared:
            system.append({"type": "text", "text": question.shared})
        system[-1]["cache_control"] = {"type": "ephemeral"}
        request: dict[str, Any] = {
            "model": self.model,
            "max_tokens": question.max_tokens,
            "system": system,
            "messages": [{"role": "user", "content": question.data}],
        }
        if question.schema is not None:
            request["output_config"] = {"format": {"type": "json_schema", "schema": dict(question.schema)}}
        return request

    def _answer(self, message: Message) -> Answer:
        stop = STOPS.get(message.stop_reason or "")
        if stop is None:
            raise ProviderError(f"Claude stopped for a reason that was not asked for: {message.stop_reason}.")
        text = "".join(block.text for block in message.content if block.type == "text")
        details = message.stop_details
        return Answer(
            text=text,
            stop=stop,
            category=(details.category or "") if details is not None else "",
            usage=self._usage(message),
        )

    def _usage(self, message: Message) -> tuple[Usage, ...]:
        counted = {
            "input tokens": message.usage.input_tokens,
            "output tokens": message.usage.output_tokens,
            "cache write tokens": message.usage.cache_creation_input_tokens,
            "cache read tokens": message.usage.cache_read_input_tokens,
        }
        return tuple(used(NAME, self.model, unit, units, self._today()) for unit, units in counted.items() if units)


def _problem(refused: anthropic.APIStatusError) -> ProviderError:
    """What a status means for us: wait, try again, or give up and say what to do."""
    wait = _retry_after(refused)
    match refused.status_code:
        case 401:
            return ProviderError("Claude does not know this API key; set ANTHROPIC_API_KEY anew.", permanent=True)
        case 402:
            return ProviderError("Claude's account has no credit left.", permanent=True)
        case 403:
            return ProviderError("Claude's account may not use this model.", permanent=True)
        case 404:
            return ProviderError(
                "Claude has no model of this name any more; set NARRATIX_CLAUDE_MODEL.", permanent=True
            )
        case 413:
            return ProviderError("The question was too large for Claude.", permanent=True)
        case 429 if refused.error_code in NEVER_AGAIN:
            return ProviderError("The spend limit of Claude's account is reached.", permanent=True)
        case 429:
            return ProviderError("Claude has had too many questions for the moment.", retry_after=wait)
        case 529:
            return ProviderError("Claude is overloaded.", retry_after=wait)
        case 408 | 409:
            return ProviderError("Claude did not take the question in time.", retry_after=wait)
        case status if status >= 500:
            return ProviderError(f"Claude has a fault of its own (status {status}).", retry_after=wait)
        case status:
            return ProviderError(f"Claude does not accept the question (status {status}).", permanent=True)


def _retry_after(refused: anthropic.APIStatusError) -> float | None:
    try:
        return max(0.0, float(refused.response.headers.get("retry-after", "")))
    except ValueError:
        return None
