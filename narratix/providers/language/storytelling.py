"""A story told by a language model: the wish is judged before, the story after."""

from __future__ import annotations

from typing import Final

from narratix.events.catalogue import Usage
from narratix.ports import ProviderError, StoryDraft, Unwanted
from narratix.providers.language.judging import judge
from narratix.providers.language.oracle import Heard, Oracle, Question, prompt
from narratix.providers.language.templates import TEMPLATES

TELL_STORY: Final = "tell-story-1"


def most_tokens(length: int) -> int:
    """That a story of `length` words may take, with a margin."""
    return 400 + 2 * length


async def tell(
    oracle: Oracle, template: str, premise: str, length: int, seed: int, heard: Heard | None = None
) -> StoryDraft:
    """`length` in words; `heard` is told the story as it is written. Raises ProviderError: permanent for an unknown
    template, and for a premise or a story that the policy refuses."""
    known = {known.id for known in TEMPLATES}
    if template not in known:
        names = ", ".join(known.id for known in TEMPLATES)
        raise Unwanted(f"There is no story template called {template!r}; choose one of: {names}.")
    usage: list[Usage] = []
    if premise.strip():
        before = await judge(oracle, premise)
        usage.extend(before.usage)
        if before.refused:
            raise Unwanted(before.sentence)
    inert = premise.replace("</", "<\u200b/")
    answer = await oracle.ask(
        Question(
            prompt=TELL_STORY,
            instructions=prompt(TELL_STORY),
            data=f"Genre: {template}\nLength: {length} words\nVariation: {seed}\n<premise>\n{inert}\n</premise>",
            max_tokens=most_tokens(length),
        ),
        heard,
    )
    if answer.stop == "refusal":
        what = answer.category or "no category named"
        raise Unwanted(f"The model refuses to tell this story ({what}). Change the premise.")
    if answer.stop == "length":
        raise ProviderError("The story grew too long and was cut off.")
    title, _, text = answer.text.strip().partition("\n")
    text = text.strip()
    if not text:
        raise ProviderError("The model wrote no story.")
    after = await judge(oracle, text)
    if after.refused:
        raise Unwanted(after.sentence)
    return StoryDraft(
        title=title.strip('#* "“”'),
        text=text,
        engine=f"{oracle.model}+{TELL_STORY}",
        safety=after.sentence,
        usage=(*usage, *answer.usage, *after.usage),
    )
