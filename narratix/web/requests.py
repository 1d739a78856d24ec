"""What can be sent: shapes and checks, field by field."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt

from narratix.commands import LONGEST_WORDING
from narratix.events.catalogue import Format, Profile
from narratix.providers.language.templates import LONGEST, LONGEST_PREMISE, SHORTEST, TEMPLATES
from narratix.script.pronunciations import MOST, checked


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("This text holds a NUL character; remove it.")
    if re.search("[\ud800-\udfff]", text):
        raise ValueError("This text holds half a character (a lone surrogate); send whole Unicode characters.")
    return text


Text = Annotated[str, Field(strict=True), AfterValidator(_storable)]
OptionalText = Annotated[
    Text, BeforeValidator(lambda given: "" if given is None else given, json_schema_input_type=str | None)
]


def _speakable(text: str) -> str:
    if not any(character.isalnum() for character in text):
        raise ValueError("There is nothing to read aloud: the text has no letter and no digit.")
    return text


def _distinct(formats: list[Format]) -> list[Format]:
    if len(set(formats)) < len(formats):
        raise ValueError("Name each format once.")
    return formats


def _pronounceable(given: dict[str, str]) -> dict[str, str]:
    return dict(checked(word, said) for word, said in given.items())


def _whole(given: object) -> object:
    """5.0 is a whole number in JSON."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


Whole = Annotated[StrictInt, BeforeValidator(_whole, json_schema_input_type=int)]


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PerformanceOptions(Request):
    """How the drama is made. Everything has a default."""

    engine: Text = Field(default="", description="A speech engine of `GET /api/demo/voices`; empty for the default.")
    formats: Annotated[list[Format], AfterValidator(_distinct)] = Field(
        default=["mp3", "m4b"], min_length=1, description="The deliverables; the first is the one that is listened to."
    )
    voices: dict[Text, Text] = Field(
        default={},
        max_length=100,
        examples=[{}],
        description='A voice for a character, as in {"Anna": "bf_emma"}. The names and voices of an earlier result\'s cast keep'
        " the voices over the chapters of a book.",
    )
    pronunciations: Annotated[dict[Text, Text], AfterValidator(_pronounceable)] = Field(
        default={},
        max_length=MOST,
        examples=[{}],
        description='How a word is said: a respelling or IPA, as in {"Hermione": "her-MY-oh-nee", "Anna": "/ˈɑːnə/"}.',
    )
    music: StrictBool = True
    effects: StrictBool = True
    seed: Whole = Field(default=0, ge=0, lt=2**53, description="Another seed gives another arrangement.")
    profile: Profile = Field(
        default="podcast", description="For whom it is mastered: -16 LUFS, ACX's audiobooks, or EBU R 128."
    )
    stems: StrictBool = Field(default=False, description="Publish dialogue, music and effects each by itself, too.")


class Submission(Request):
    """A story to perform."""

    text: Annotated[Text, AfterValidator(_speakable)] = Field(
        description="The story: up to 50 KB of UTF-8.",
        examples=["The rain fell on the old house.\n\n“Who is there?” whispered Anna."],
    )
    title: OptionalText = Field(
        default="", max_length=200, description="Taken from the text when empty.", examples=["The Old House"]
    )
    options: Annotated[
        PerformanceOptions,
        BeforeValidator(lambda given: {} if given is None else given, json_schema_input_type=PerformanceOptions | None),
    ] = Field(default_factory=PerformanceOptions)
    webhook: OptionalText = Field(
        default="",
        max_length=2000,
        description="An https address that is told when the job completes or fails, signed as in Standard Webhooks with "
        "the secret of `GET /api/webhooks/secret`. For callers with a key.",
        examples=["https://example.org/hooks/narratix"],
    )


class StoryWish(Request):
    """A story to be written."""

    template: Literal[tuple(known.id for known in TEMPLATES)] = Field(examples=["ghost-story"])  # type: ignore[valid-type]
    premise: OptionalText = Field(
        default="", max_length=LONGEST_PREMISE, description="What it is about.", examples=["a bell in a dry well"]
    )
    length: Whole = Field(default=400, ge=SHORTEST, le=LONGEST, description="In words, give or take.")


class Revision(Request):
    """How a line is to be performed from now on. What is left out stays as it is."""

    line: Whole = Field(ge=0, examples=[3], description="Its number in the result's script.")
    text: Text | None = Field(
        default=None,
        max_length=LONGEST_WORDING,
        description="What is spoken instead; empty for the story's own words.",
        examples=["“Who is there?” Anna cried."],
    )
    speaker: Text | None = Field(default=None, max_length=200, description="A name of the cast.", examples=["Anna"])
    direction: Text | None = Field(default=None, max_length=200, description="Empty for none.", examples=["whispering"])


class Feedback(Request):
    """What a listener thinks of it."""

    rating: Whole = Field(ge=1, le=5, examples=[5])
    comment: OptionalText = Field(default="", max_length=2000, examples=["The Dormouse was a delight."])
