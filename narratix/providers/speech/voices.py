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
    # voice -> the voice that it is made of, or two whose styles are blended, and the factor of its spectrum
    "af_child": ("af_bella", 1.20),
    "am_child": ("af_sarah", 1.20),
    "am_giant": ("am_onyx", 0.80),
    "bf_child": ("bf_emma", 1.18),
    "bm_child": ("bf_lily+af_kore", 1.22),
    "af_elder": ("af_kore+af_nova", 0.92),
    "bf_elder": ("bf_alice+af_alloy", 0.90),
    "bm_elder": ("bm_lewis+am_santa", 0.95),
    "af_maya": ("af_bella+af_kore", 1.0),
    "af_june": ("af_sarah+af_jessica", 1.03),
    "bf_grace": ("bf_emma+af_aoede", 0.98),
    "bf_clara": ("bf_isabella+af_sky", 1.0),
    "am_frank": ("am_michael+am_fenrir", 1.0),
    "am_owen": ("am_puck+am_eric", 1.02),
    "am_victor": ("am_onyx+am_fenrir", 0.97),
    "bm_henry": ("bm_george+am_michael", 1.0),
    "bm_oscar": ("bm_fable+am_liam", 1.04),
    "bm_arthur": ("bm_daniel+am_puck", 0.95),
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
    _kokoro("bf_child", "C", 214, age="child"),
    _kokoro("bm_child", "C-", 206, age="child"),
    _kokoro("af_elder", "D+", 138, "low", age="old"),
    _kokoro("bf_elder", "D", 156, "low", age="old"),
    _kokoro("bm_elder", "D", 120, "slow", age="old"),
    _kokoro("af_maya", "C", 172),
    _kokoro("af_june", "D+", 197, "high"),
    _kokoro("bf_grace", "C", 175),
    _kokoro("bf_clara", "C-", 183),
    _kokoro("am_frank", "C", 125),
    _kokoro("am_owen", "D+", 128),
    _kokoro("am_victor", "D+", 99, "deep"),
    _kokoro("bm_henry", "C", 123),
    _kokoro("bm_oscar", "D+", 122),
    _kokoro("bm_arthur", "D+", 109),
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
    "nora": Body(0.94, 1.03),
    "rose": Body(1.07, 0.97),
    "greta": Body(0.79, 0.93),
    "tess": Body(1.27, 1.10),
    "hugh": Body(0.82, 0.87),
    "basil": Body(0.52, 0.93),
    "leo": Body(0.88, 0.93),
    "otto": Body(0.56, 0.90),
    "mina": Body(1.38, 1.21),
}

FAST_VOICES: tuple[Voice, ...] = (
    Voice("heart", "Heart", "female", "american", "adult", (), 197, 0.5),
    Voice("alma", "Alma", "female", "american", "old", (), 174, 0.45),
    Voice("ivy", "Ivy", "female", "american", "young", (), 228, 0.45),
    Voice("pip", "Pip", "male", "american", "child", (), 281, 0.4),
    Voice("thomas", "Thomas", "male", "american", "adult", (), 126, 0.45),
    Voice("felix", "Felix", "male", "american", "young", (), 143, 0.45),
    Voice("bruno", "Bruno", "male", "american", "old", ("deep",), 99, 0.4),
    Voice("giant", "Giant", "male", "american", "adult", ("deep", "giant"), 86, 0.3),
    Voice("elf", "Elf", "female", "american", "child", ("elf",), 315, 0.3),
    Voice("nora", "Nora", "female", "american", "adult", (), 186, 0.4),
    Voice("rose", "Rose", "female", "american", "adult", (), 213, 0.4),
    Voice("greta", "Greta", "female", "american", "old", ("low",), 157, 0.35),
    Voice("tess", "Tess", "female", "american", "young", ("high",), 252, 0.35),
    Voice("mina", "Mina", "female", "american", "child", (), 272, 0.35),
    Voice("hugh", "Hugh", "male", "american", "adult", ("high",), 163, 0.4),
    Voice("basil", "Basil", "male", "american", "adult", ("low",), 104, 0.4),
    Voice("leo", "Leo", "male", "american", "young", ("high",), 174, 0.35),
    Voice("otto", "Otto", "male", "american", "old", ("low",), 117, 0.35),
)
