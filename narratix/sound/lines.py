"""The lines of a drama in time, one after another.

Everything begins and ends on a whole sample. Where a line was revised, what follows is moved by whole steps of the grid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from narratix.events.catalogue import Segment, Word
from narratix.ports import SAMPLE_RATE
from narratix.sound.grid import GRID, on_a_sample, sample_at
from narratix.sound.wording import Wording

LONGEST_PAUSE = 2.0


@dataclass(frozen=True, slots=True)
class Laid:
    """The clip that a revised line had at first: its length in seconds, and its words."""

    duration: float
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """A line's clip. `words` hold offsets into the whole text and seconds into the clip. Of a line that was revised they
    are offsets into its `wording`, if it has one, and `laid` tells of the clip that it had at first."""

    line: int
    clip_key: str
    duration: float
    words: tuple[Word, ...] = ()
    energies: tuple[float, ...] = ()
    wording: Wording | None = None
    laid: Laid | None = None


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """Line `line` in time. `spoken` is None for a line without anything speakable. `follows`: when the line after
    it begins. `moved`: by how much later that is since this line was revised."""

    line: int
    segment: Segment
    begins: float
    ends: float
    spoken: SpokenLine | None = None
    follows: float = 0.0
    moved: float = 0.0

    @property
    def wording(self) -> Wording | None:
        return None if self.spoken is None else self.spoken.wording


def lay_lines(
    segments: Sequence[Segment], spoken: Iterable[SpokenLine], *, lead_in: float, complete: bool = True
) -> tuple[PlacedLine, ...]:
    """Every segment in time, after `lead_in` seconds: its clip, then its pause.

    A segment without a clip adds its pause only; a silence never passes 2.0 s, however many such
    segments meet. With `complete` false the segments from the first without a `SpokenLine` on are left out.
    Without music the lead-in is heard as silence: plan at most 2 s. The pause after a revised line is filled up (or cut,
    where it would be too long) so that all after it moves by whole steps of the grid.
    """
    by_line = {clip.line: clip for clip in spoken}
    placed: list[PlacedLine] = []
    end_of_speech, pause = on_a_sample(max(0.0, lead_in)), 0.0
    for number, segment in enumerate(segments):
        clip = by_line.get(number)
        if clip is None and not complete:
            break
        begins = end_of_speech + pause
        if clip is not None and clip.clip_key and clip.duration > 0.0:
            end_of_speech, pause = on_a_sample(begins + clip.duration), 0.0
        else:
            clip = None
        ends = begins if clip is None else end_of_speech
        pause = on_a_sample(min(LONGEST_PAUSE, pause + max(0.0, segment.pause_after)))
        moved = 0.0
        if clip is not None and clip.laid is not None:
            longer = sample_at(clip.duration) - sample_at(clip.laid.duration)
            filling = -longer % GRID
            if filling and pause + filling / SAMPLE_RATE > LONGEST_PAUSE:
                filling -= GRID
            pause += filling / SAMPLE_RATE
            moved = (longer + filling) / SAMPLE_RATE
        placed.append(PlacedLine(number, segment, begins, ends, clip, end_of_speech + pause, moved))
    return tuple(placed)


def word_begins(line: PlacedLine, start: int) -> float:
    """The second of the drama at which the word at offset `start` of the text is spoken; of the next
    word if no word holds that offset; of the line where it has none."""
    if line.wording is not None:
        carried = line.wording.carried(start - line.segment.start)
        start = len(line.wording.text) if carried is None else carried
    if line.spoken is not None:
        for word in line.spoken.words:
            if start < word.end:
                return line.begins + word.begins
    return line.begins
