"""Whether a text may be performed: the rules first, which need nobody, then a model with the policy of its prompt."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from narratix.events.catalogue import Usage
from narratix.ports import ProviderError
from narratix.providers.language.labels import CAST_CHARACTERS
from narratix.providers.language.oracle import Oracle, Question, prompt
from narratix.providers.language.safety import review

POLICY: Final = "judge-story-1"
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "violation": {"type": "boolean"},
        "categories": {"type": "array", "items": {"type": "string"}},
        "explanation": {"type": "string"},
    },
    "required": ["violation", "categories", "explanation"],
    "additionalProperties": False,
}


class _Verdict(msgspec.Struct, frozen=True, kw_only=True):
    violation: bool
    categories: tuple[str, ...]
    explanation: str


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """`sentence` is for people and names the policy; `refused`: the text may not be performed."""

    refused: bool
    sentence: str
    categories: tuple[str, ...] = ()
    usage: tuple[Usage, ...] = ()


async def judge(oracle: Oracle, text: str) -> Judgement:
    """Judge a text by the rules and, where these pass it, by the model. Raises ProviderError."""
    found = review(text)
    if found.verdict == "block":
        return Judgement(refused=True, sentence=found.sentence, categories=found.categories)
    usage: list[Usage] = []
    categories = dict.fromkeys(found.categories)
    for start in range(0, len(text), CAST_CHARACTERS):
        part = text[start : start + CAST_CHARACTERS].replace("</", "<\u200b/")
        answer = await oracle.ask(
            Question(
                prompt=POLICY,
                instructions=prompt(POLICY),
                data=f"<text>\n{part}\n</text>",
                schema=SCHEMA,
                max_tokens=400,
            )
        )
        usage.extend(answer.usage)
        if answer.stop == "refusal":
            what = answer.category or "no category named"
            return Judgement(
                refused=True,
                sentence=f"The model refuses to read this text ({what}). Change it, or choose the offline engine.",
                categories=(*categories, what),
                usage=tuple(usage),
            )
        try:
            verdict = msgspec.json.decode(answer.text, type=_Verdict)
        except msgspec.MsgspecError as problem:
            raise ProviderError("The judgement of the text does not fit its schema.") from problem
        categories |= dict.fromkeys(verdict.categories)
        if verdict.violation:
            return Judgement(
                refused=True,
                sentence=f"This text is against the content policy ({POLICY}): {verdict.explanation}",
                categories=tuple(categories),
                usage=tuple(usage),
            )
    said = f"; it holds {', '.join(categories)}" if categories else ""
    return Judgement(
        refused=False,
        sentence=f"judged by {oracle.model} under {POLICY}{said}",
        categories=tuple(categories),
        usage=tuple(usage),
    )
