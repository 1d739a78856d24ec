"""Answers kept by their questions, so that a repeated attempt pays for nothing twice, and a recording can be replayed."""

from __future__ import annotations

import hashlib

import msgspec

from narratix.events.catalogue import Usage
from narratix.ports import NotStored, ProviderError, Storage
from narratix.providers.language.oracle import Answer, Heard, Oracle, Question, Stop


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it is stored; cut-short and refused ones are kept as well, since asking again gets no other."""

    prompt: str
    model: str
    text: str
    stop: Stop
    category: str
    usage: tuple[Usage, ...]


def key_of(oracle: Oracle, question: Question) -> str:
    """Where the answer to `question` by this model lies."""
    asked = (
        oracle.name,
        oracle.model,
        question.prompt,
        question.instructions,
        question.shared,
        question.data,
        question.schema,
        question.max_tokens,
    )
    digest = hashlib.sha256(msgspec.json.encode(asked, order="deterministic")).hexdigest()
    return f"answers/{oracle.name}/{digest[:2]}/{digest}.json"


class RememberedOracle:
    """An oracle whose answers are kept in `storage`. A kept answer costs nothing and says so in its usage.

    With `replay_only` nothing is asked of anybody: a question that was not recorded is an error.
    """

    def __init__(self, oracle: Oracle, storage: Storage, *, replay_only: bool = False) -> None:
        self._oracle = oracle
        self._storage = storage
        self._replay_only = replay_only
        self.name = oracle.name
        self.model = oracle.model

    async def ask(self, question: Question, heard: Heard | None = None) -> Answer:
        """Raises ProviderError."""
        key = key_of(self._oracle, question)
        if (kept := await self._find(key)) is not None:
            if heard is not None:
                heard(kept.text)
            return kept
        if self._replay_only:
            raise ProviderError(f"No answer to this question ({question.prompt}) was recorded.", permanent=True)
        answer = await self._oracle.ask(question, heard)
        kept_answer = _Kept(
            prompt=question.prompt,
            model=self.model,
            text=answer.text,
            stop=answer.stop,
            category=answer.category,
            usage=answer.usage,
        )
        await self._storage.put(key, msgspec.json.encode(kept_answer), "application/json")
        return answer

    async def close(self) -> None:
        await self._oracle.close()

    async def _find(self, key: str) -> Answer | None:
        try:
            kept = msgspec.json.decode(await self._storage.get(key), type=_Kept)
        except NotStored:
            return None
        free = tuple(msgspec.structs.replace(usage, cached=True, cost_usd=0.0) for usage in kept.usage)
        return Answer(text=kept.text, stop=kept.stop, category=kept.category, usage=free)
