"""A drama as a plain script would make it: one line after the other, then pydub, then ffmpeg. Run as a process of its own.

The same reading, voices, engines, music and effects as Narratix, and the same places for them; a simpler mix (no limiter,
no loudness, music turned down as a whole), which costs less.
"""

from __future__ import annotations

import argparse
import asyncio
import warnings
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from narratix.embedded.ffmpeg import find_ffmpeg
from narratix.events.catalogue import PlannedEffect, SoundPlanned
from narratix.ports import SAMPLE_RATE, Sound
from narratix.providers.effects.synthesised import SynthesisedEffects
from narratix.providers.music import composed
from narratix.providers.music.contents import SOUNDFONT
from narratix.providers.speech import kokoro, onnx
from narratix.providers.speech.line import Line
from narratix.providers.speech.voices import KOKORO_VOICES
from narratix.script.casting import cast_voices
from narratix.script.engine import write_script
from narratix.settings import Settings
from narratix.sound.planning import plan_sound

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pydub looks for programs that it is not asked to run, and needs audioop
    from pydub import AudioSegment

MUSIC_DB: Final = -18.0
EFFECT_DB: Final = -9.0


def narrate(text: str, out: Path, threads: int) -> None:
    settings = Settings()
    script = write_script(text)
    voices = cast_voices(script.cast, script.segments, KOKORO_VOICES, {})
    plan = plan_sound(script.segments, script.music, script.effects, 0)
    onnx.session = partial(_session, threads)
    kokoro.load(settings.packages / "kokoro-js" / "voices")

    drama = AudioSegment.silent(round(plan.lead_in * 1000), frame_rate=SAMPLE_RATE)
    begins: list[int] = []
    lines: list[Line] = []
    for segment in script.segments:
        said = text[segment.start : segment.end].rstrip()
        line = kokoro.speak(said, voices[segment.speaker], segment.direction, segment.speed)
        begins.append(len(drama))
        lines.append(line)
        drama = drama.append(_segment(line.sound), crossfade=0)
        drama = drama.append(
            AudioSegment.silent(round(segment.pause_after * 1000), frame_rate=SAMPLE_RATE), crossfade=0
        )
    drama = drama.append(
        AudioSegment.silent(round(plan.tail * 1000), frame_rate=SAMPLE_RATE), crossfade=0
    ).set_channels(2)
    drama = _with_music(drama, plan, begins, settings.packages / SOUNDFONT)
    for effect, sound in asyncio.run(_effects(plan)):
        at = begins[effect.line] + _word_begins(effect, script.segments[effect.line].start, lines[effect.line])
        drama = drama.overlay(_segment(sound).set_channels(2).pan(effect.pan) + EFFECT_DB, position=at)
    AudioSegment.converter = str(find_ffmpeg(settings.ffmpeg))
    drama.export(out, format="mp3", bitrate="128k").close()


def _with_music(drama: Any, plan: SoundPlanned, begins: list[int], soundfont: Path) -> Any:
    for cue in plan.music:
        sound = composed.perform(soundfont, cue.mood, cue.intensity, cue.prompt, cue.seconds, cue.seed)
        first = 0 if cue.first_line == 0 else begins[cue.first_line]
        last = begins[cue.last_line] if cue.last_line < len(begins) else len(drama)
        music = _segment(sound) * (1 + (last - first) // (1000 * len(sound) // SAMPLE_RATE))
        drama = drama.overlay(music[: last - first].fade_in(1000).fade_out(2000) + MUSIC_DB, position=first)
    return drama


async def _effects(plan: SoundPlanned) -> list[tuple[PlannedEffect, Sound]]:
    engine = SynthesisedEffects()
    return [(cue, (await engine.render(cue.name, cue.prompt, cue.seconds, cue.seed)).sound) for cue in plan.effects]


def _word_begins(effect: PlannedEffect, line_start: int, line: Line) -> int:
    return next((round(word.begins * 1000) for word in line.words if effect.start < line_start + word.end), 0)


def _segment(sound: Sound) -> Any:
    samples = (np.clip(sound, -1.0, 1.0) * 32767.0).astype("<i2")
    channels = 1 if sound.ndim == 1 else 2
    return AudioSegment(samples.tobytes(), sample_width=2, frame_rate=SAMPLE_RATE, channels=channels)


def _session(threads: int, model: bytes) -> Any:
    """The engine's session, but with `threads` for each inference."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    narrate(asked.text.read_text(encoding="utf-8"), asked.out, asked.threads)
