"""Measures the local voices.

python -m benchmarks.voices pitch kokoro     median pitch and duration of every voice
python -m benchmarks.voices speed kokoro 2   wall seconds per second of speech, with 2 workers
python -m benchmarks.voices cpu kokoro       processor seconds per second of speech, and memory
python -m benchmarks.voices cpu kokoro --plain   the same with the graph as its author wrote it, without VNNI
python -m benchmarks.voices forms 5          Kokoro's two graphs in turn, five times: samples, times and their ratio
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np

from narratix.ports import SAMPLE_RATE, Sound, Speech
from narratix.providers.speech import hibari, kokoro
from narratix.providers.speech.contents import SPEECH
from narratix.providers.speech.kokoro_model import KokoroModel
from narratix.providers.speech.line import RATE
from narratix.providers.speech.phonemes import Phonemiser
from narratix.providers.speech.words import source_words

PACKAGES = Path(__file__).parents[1] / "node_modules"
PASSAGE = "The old man looked at the sea, and for a long while he said nothing. Where had all the years gone?"
STORY = (
    "The rain had not stopped since Tuesday.",
    "Nobody in the village could remember a night like it.",
    "Who is there?",
    "Only me, said the boy, and he put the lantern down on the step, where the wind could not reach it.",
    "You are late.",
    "The road is under water as far as the mill, and I had to carry the dog across the last field on my back.",
    "Come in, then, and shut the door behind you.",
    "He did as he was told.",
)


def pitch_hz(sound: Sound) -> float:
    """Median fundamental of the voiced frames, by autocorrelation between 60 and 450 Hz (Boersma 1993: divided by
    the window's own, and the shortest lag among near-equals, or a voice is heard an octave too low)."""
    step, size = SAMPLE_RATE // 50, SAMPLE_RATE // 20
    low, high = SAMPLE_RATE // 450, SAMPLE_RATE // 60
    window = np.hanning(size)
    taper = np.fft.irfft(np.abs(np.fft.rfft(window, 4 * size)) ** 2)[: high + 2]
    loud = 0.3 * float(np.sqrt(np.mean(np.square(sound))))
    found: list[float] = []
    for start in range(0, sound.size - size, step):
        frame = sound[start : start + size].astype(np.float64)
        if np.sqrt(np.mean(frame**2)) < loud:
            continue
        spectrum = np.abs(np.fft.rfft((frame - frame.mean()) * window, 4 * size)) ** 2
        spectrum[round(4 * size * 1200 / SAMPLE_RATE) :] = 0
        like = np.fft.irfft(spectrum)[: high + 2] / taper
        like /= like[0]
        peaks = [k for k in range(low, high) if like[k - 1] < like[k] >= like[k + 1]]
        best = max((like[k] for k in peaks), default=0.0)
        if best > 0.6:
            found.append(SAMPLE_RATE / next(k for k in peaks if like[k] > best - 0.12))
    return float(np.median(found)) if found else 0.0


async def pitch(engine: Speech) -> None:
    for voice in engine.voices:
        sound = (await engine.speak(PASSAGE, voice.id)).sound
        seconds = sound.size / SAMPLE_RATE
        print(f"{voice.id:14} {pitch_hz(sound):6.0f} Hz {seconds:5.2f} s", flush=True)


async def speed(engine: Speech, workers: int) -> None:
    voices = [voice.id for voice in engine.voices][:8]
    await asyncio.gather(*(engine.speak("Ready.", voices[0]) for _ in range(2 * workers)))
    begun = time.perf_counter()
    lines = [line for _ in range(5) for line in STORY]
    spoken = await asyncio.gather(*(engine.speak(line, voices[i % 8]) for i, line in enumerate(lines)))
    wall = time.perf_counter() - begun
    seconds = sum(one.sound.size for one in spoken) / SAMPLE_RATE
    print(f"{len(lines)} lines, {seconds:.1f} s of speech, {workers} workers: {wall / seconds:.4f} s wall per second")


def processor(name: str, *, plain: bool = False) -> None:
    """In this process, so that its clock counts no one else's work."""
    if name == "kokoro":
        kokoro.load(PACKAGES / "kokoro-js" / "voices", vnni=False if plain else None)
        speak, voice = kokoro.speak, "af_heart"
    else:
        hibari.load()
        speak, voice = hibari.speak, "heart"
    speak("Ready.", voice, "", 1.0)
    begun = time.process_time()
    seconds = sum(speak(line, voice, "", 1.0).sound.size for line in STORY) / SAMPLE_RATE
    used = time.process_time() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(
        f"{len(STORY)} lines, {seconds:.1f} s of speech: {used / seconds:.4f} processor-s per second, {memory:.0f} MB"
    )


def forms(rounds: int) -> None:
    """The two graphs by turns, in this process, so that a busy machine slows both alike."""
    voices = PACKAGES / "kokoro-js" / "voices"
    models = {name: KokoroModel(voices, vnni=vnni) for name, vnni in (("plain", False), ("vnni", True))}
    phonemiser = Phonemiser(models["plain"].vocabulary, british=False)
    phrases = [phrase.symbols for line in STORY for phrase in phonemiser.phrases(source_words(line))]
    used: dict[str, list[float]] = {name: [] for name in models}
    sounds: dict[str, list[Sound]] = {}
    for _ in range(rounds + 1):
        for name, model in models.items():
            begun = time.process_time()
            sounds[name] = [model.utter("af_heart", phrase, 1.0)[0] for phrase in phrases]
            seconds = sum(sound.size for sound in sounds[name]) / RATE
            used[name].append((time.process_time() - begun) / seconds)
    same = all(np.array_equal(*pair) for pair in zip(*sounds.values(), strict=True))
    plain, vnni = (np.array(times[1:]) for times in used.values())  # the first round warms up
    print(f"{seconds:.1f} s of speech, every sample the same: {same}, load {os.getloadavg()[0]:.1f}")
    for name, times in (("plain", plain), ("vnni", vnni)):
        print(f"{name:5} {np.median(times):.3f} processor-s per second ({times.min():.3f} to {times.max():.3f})")
    print(f"ratio {np.median(vnni / plain):.2f}")


async def main(what: str, name: str, workers: int) -> None:
    engine = SPEECH[name](PACKAGES, workers)
    try:
        await (pitch(engine) if what == "pitch" else speed(engine, workers))
    finally:
        await engine.close()


if __name__ == "__main__":
    if sys.argv[1] == "cpu":
        processor(sys.argv[2], plain="--plain" in sys.argv)
    elif sys.argv[1] == "forms":
        forms(int(sys.argv[2]))
    else:
        asyncio.run(main(sys.argv[1], sys.argv[2], int((sys.argv[3:] or ["1"])[0])))
