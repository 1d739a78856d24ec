"""The voices of the local engines. `pitch_hz` was measured on one passage (benchmarks/voices.py), and the traits
follow from that passage's pitch and length;
Kokoro's quality follows its author's published grades (https://huggingface.co/hexgrad/Kokoro-82M, VOICES.md)."""

from __future__ import annotations

from dataclasses import dataclass

from narratix.events.catalogue import Gender
from narratix.ports import Voice

_GRADES = {
    "A": 0.95, "A-": 0.9, "B": 0.8, "B-": 0.75, "C+": 0.65, "C": 0.6, "C-": 0.55, "D+": 0.5, "D": 0.45, "D-": 0.4, "F+": 0.3,
    "ASMR": 0.1,  # graded B-, but always whispering: cast last
}  # fmt: skip
_ACCENTS = {"a": "american", "b": "british"}
_GENDERS: dict[str, Gender] = {"f": "female", "m": "male"}


def _kokoro(id: str, grade: str, pitch: float, *traits: str, age: str = "adult") -> Voice:
    return Voice(
        id=id,
        name=id[3:].capitalize(),
        gender=_GENDERS[id[1]],
        accent=_ACCENTS[id[0]],
        age=age,
        traits=traits,
        pitch_hz=pitch,
        quality=_GRADES[grade],
    )


KOKORO_CHARACTERS: dict[str, tuple[str, float]] = {
    # voice -> the voice that it is made of, and the factor of its spectrum
    "af_child": ("af_bella", 1.20),
    "am_child": ("af_sarah", 1.20),
    "am_giant": ("am_onyx", 0.80),
}

KOKORO_VOICES: tuple[Voice, ...] = (
    _kokoro("af_heart", "A", 195, "high"),
    _kokoro("af_alloy", "C", 138, "low"),
    _kokoro("af_aoede", "C+", 176),
    _kokoro("af_bella", "A-", 194),
    _kokoro("af_jessica", "D", 205, "high", "quick"),
    _kokoro("af_kore", "C+", 146, "low"),
    _kokoro("af_nicole", "ASMR", 147, "whispering", "slow"),
    _kokoro("af_nova", "C", 156),
    _kokoro("af_river", "D", 174),
    _kokoro("af_sarah", "C+", 187),
    _kokoro("af_sky", "C-", 159),
    _kokoro("am_adam", "F+", 114),
    _kokoro("am_echo", "D", 106),
    _kokoro("am_eric", "D", 152, "high", "quick"),
    _kokoro("am_fenrir", "C+", 129),
    _kokoro("am_liam", "D", 119, "quick"),
    _kokoro("am_michael", "C+", 111, "slow"),
    _kokoro("am_onyx", "D", 82, "deep"),
    _kokoro("am_puck", "C+", 105),
    _kokoro("am_santa", "D-", 167, "high", "slow", age="old"),
    _kokoro("bf_alice", "D", 205, "high"),
    _kokoro("bf_emma", "B-", 182),
    _kokoro("bf_isabella", "C", 201, "high"),
    _kokoro("bf_lily", "D", 190),
    _kokoro("bm_daniel", "D", 122),
    _kokoro("bm_fable", "C", 118),
    _kokoro("bm_george", "C", 137, "slow"),
    _kokoro("bm_lewis", "D+", 89, "deep", "slow"),
    _kokoro("af_child", "B", 235, age="child"),
    _kokoro("am_child", "C", 225, age="child"),
    _kokoro("am_giant", "D", 67, "deep", "giant"),
)


@dataclass(frozen=True, slots=True)
class Body:
    """Factors of the base voice's pitch and of its formants."""

    pitch: float
    formants: float


FAST_BODIES: dict[str, Body] = {
    "heart": Body(1.0, 1.0),
    "alma": Body(0.87, 0.95),
    "ivy": Body(1.16, 1.05),
    "pip": Body(1.42, 1.18),
    "thomas": Body(0.60, 0.88),
    "felix": Body(0.71, 0.91),
    "bruno": Body(0.48, 0.82),
    "giant": Body(0.42, 0.75),
    "elf": Body(1.60, 1.26),
}

FAST_VOICES: tuple[Voice, ...] = (
    Voice("heart", "Heart", "female", "american", "adult", (), 197, 0.5),
    Voice("alma", "Alma", "female", "american", "old", (), 174, 0.45),
    Voice("ivy", "Ivy", "female", "american", "young", (), 228, 0.45),
    Voice("pip", "Pip", "male", "american", "child", (), 281, 0.4),
    Voice("thomas", "Thomas", "male", "american", "adult", (), 126, 0.45),
    Voice("felix", "Felix", "male", "american", "young", (), 143, 0.45),
    Voice("bruno", "Bruno", "male", "american", "old", ("deep",), 99, 0.4),
    Voice(
        "giant",
        "Giant",
        "male",
        "american",
        "adult",
        (
            "deep",
            "giant",
        ),
        85,
        0.3,
    ),
    Voice("elf", "Elf", "female", "american", "child", ("elf",), 315, 0.3),
)
