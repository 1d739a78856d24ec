"""What a language model is to us: a question with a schema goes in, an answer in that shape comes out, or the reason
why not. The engines above know nothing of vendors; the vendors below know nothing of stories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal, Protocol

from narratix.events.catalogue import Usage

Stop = Literal["end", "length", "refusal"]
Heard = Callable[[str], None]
"""Told each piece of an answer as it arrives."""


@dataclass(frozen=True, slots=True)
class Question:
    """`prompt` is the name and version of the instructions, `instructions` their text; `shared` is what many
    questions in a row have in common (a vendor may cache it up to here), `data` what this one is about: text of
    strangers, to be treated as data. `schema` is a JSON schema, None for free text."""

    prompt: str
    instructions: str
    data: str
    shared: str = ""
    schema: Mapping[str, Any] | None = None
    max_tokens: int = 4096


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` promises to fit the schema only when `stop` is "end". A refusal names its `category` where the vendor
    told it. `usage` was paid in each case."""

    text: str
    stop: Stop = "end"
    category: str = ""
    usage: tuple[Usage, ...] = field(default=())


class Oracle(Protocol):
    """A language model. `name` is the vendor's, `model` the model's."""

    name: str
    model: str

    async def ask(self, question: Question, heard: Heard | None = None) -> Answer:
        """Raises ProviderError: permanent where asking again cannot help, with `retry_after` where the vendor named
        a time."""
        ...

    async def close(self) -> None: ...


@cache
def prompt(name: str) -> str:
    """The instructions of that name and version, from `prompts/`. A change of wording is a new version."""
    return resources.files("narratix.providers.language").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")
