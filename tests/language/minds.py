"""What the stand-in for a model thinks: a small story that it reads rightly, and ways of going wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.language.claude_standin import Said

STORY = """The rain had not stopped since noon.

“Who is there?” called Anna from the stairs.

“Only the wind,” said old Mr. Brown. “And me.”

“Come in, then.”

“With pleasure, my dear.”

He shut the door behind him.
"""
SPEAKERS = {"Who is there?": "Anna", "Only the wind,": "Mr. Brown", "And me.": "Mr. Brown", "Come in, then.": "Anna"}

Change = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@dataclass
class Mind:
    """Answers find-cast, label-lines, judge-story and tell-story. `spoil` changes labels before they are sent; `refuse`
    names lines whose chunks are refused; `media` tells what lines with these words are heard through; `said` are the kinds
    of questions, in order; answers to `garbled` kinds are no JSON."""

    spoil: Change | None = None
    refuse: Sequence[str] = ()
    media: Mapping[str, str] = field(default_factory=dict)
    cut_over: int = 10**9
    garbled: Sequence[str] = ()
    verdict: dict[str, Any] = field(
        default_factory=lambda: {"violation": False, "categories": [], "explanation": "A storm."}
    )
    said: list[str] = field(default_factory=list)

    def __call__(self, system: str, data: str) -> Said:
        if system.startswith("You apply a content policy"):
            return self._said("judge", json.dumps(self.verdict))
        if system.startswith("You list the characters"):
            people = [
                {"name": "Anna", "aliases": [], "gender": "female"},
                {"name": "Mr. Brown", "aliases": ["old Mr. Brown"], "gender": "male"},
            ]
            return self._said("cast", json.dumps({"characters": people, "narrator": ""}))
        if system.startswith("You write short stories"):
            return self._said("story", "The Lamp\n\n“Light it,” said Mara.\n\nIt rained.")
        assert system.startswith("You direct an audio drama")
        return self._labels(system, data)

    def _labels(self, system: str, data: str) -> Said:
        ids = {name: id for id, name in re.findall(r"^(p\d+): ([^,(]+?)(?:,| \()", system, re.MULTILINE)}
        lines = [json.loads(row) for row in data.split("<lines>\n")[1].split("\n</lines>")[0].splitlines()]
        asked = [line for line in lines if "id" in line]
        if any(word in line["speech"] for line in asked for word in self.refuse):
            self.said.append("label")
            return Said("", "refusal", "general_harms")
        if len(asked) > self.cut_over:
            return self._said("label", '{"labels": [{"id": ', "max_tokens")
        labels = [
            {
                "id": line["id"],
                "speaker": ids.get(SPEAKERS.get(line["speech"].strip("“”"), "Mr. Brown"), "voice"),
                "direction": "calling" if "Who" in line["speech"] else "",
                "heard_through": next((how for words, how in self.media.items() if words in line["speech"]), "nothing"),
                "speed": 1.0,
                "pause_after": 0.3,
                "confidence": 0.95,
            }
            for line in asked
        ]
        return self._said("label", json.dumps({"labels": self.spoil(labels) if self.spoil else labels}))

    def _said(self, kind: str, text: str, stop: str = "end_turn") -> Said:
        self.said.append(kind)
        if kind in self.garbled:
            return Said(text[:-2], stop)
        return Said(text, stop)
