"""What the music feels like: one mood for each stretch of the story."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from narratix.events.catalogue import MusicCue
from narratix.script.layout import Block

_WORDS: Final[Mapping[str, str]] = {
    "calm": "calm quiet peaceful still gentle rest resting breakfast tea armchair comfortable comfortably garden leisurely "
    "meadow placid serene pleasant evening sofa book",
    "tender": "love loved lover loving kiss kissed tender tenderly embrace embraced darling dearest sweet sweetly "
    "heart affection caress caressed gentle baby mother beloved bride",
    "cheerful": "laugh laughed laughing laughter merry merrily cheerful cheerfully happy happily joy joyful glad gladly "
    "smile smiled smiling delight delighted jolly sunshine bright brightly feast party gay gaily holiday",
    "playful": "curious riddle funny nonsense silly trick tricks tease teased giggle giggled play playing played game games "
    "joke joking mischief mischievous hop hopped tumbled whisker whiskers wink winked puzzle puzzled queer absurd pinched "
    "comical treacle grin grinned",
    "wistful": "remember remembered memory memories longing longed once childhood autumn distant faded dream dreams dreamed "
    "lonely alone yearning past gone farewell homesick old photograph letters regret",
    "sad": "sad sadly tears tear wept weep weeping sob sobbed sobbing grief sorrow sorrowful mourn mourned mourning funeral "
    "died dying dead widow miserable despair bitter bitterly misery heartbroken pity lost poor",
    "tense": "suddenly danger dangerous afraid fear feared hurry hurried quick quickly knife pistol gun revolver chase "
    "chased fled flight escape escaped hide hid hiding trembling trembled pursuit pursuing alarm alarmed police thief "
    "arrested seized shot blow struck fight fighting cutlass cutlasses blood wound wounded anxious nervous attack",
    "eerie": "ghost ghosts ghostly spectre spectral haunted phantom shadow shadows pale strange strangely uncanny weird moonlight "
    "midnight mist fog grave tomb coffin silent silence whisper whispers shiver shivered shuddered cold ebony crypt corpse "
    "vampire apparition unearthly masque masked",
    "dark": "death dark darkness black blackness horror horrible horribly dreadful terror terrible murder murdered evil "
    "hell devil doom plague pestilence disease cursed curse cruel hate hatred vengeance revenge agony torture hideous "
    "ghastly blood bloody dungeon dread",
    "grand": "king queen prince princess emperor majesty majestic palace throne crown crowned royal magnificent splendid splendour "
    "splendor glory glorious noble cathedral army banners trumpet trumpets triumph triumphant castle court vast mighty",
    "adventurous": "ship sail sails sailed sailing sea voyage captain crew island treasure horse horses rode ride riding gallop "
    "galloped mountain mountains forest jungle desert expedition explore explored journey travel travelled hunt "
    "hunter rifle camp trail river map pirate pirates",
    "mysterious": "mystery mysterious secret secrets clue clues hidden stranger unknown detective case crime criminal "
    "investigate investigation evidence disappeared vanished locked key riddle mysteriously problem suspicion suspected "
    "inference deduce deduced footprint footprints cipher stolen robbery inspector",
}
MOODS: Final = tuple(_WORDS)
"""Every mood a cue can have."""

_PROMPTS: Final[Mapping[str, str]] = {
    "calm": "Calm, unhurried underscore: soft piano, warm strings, slow, spacious",
    "tender": "Tender underscore: solo cello over soft piano and harp, intimate, slow",
    "cheerful": "Cheerful underscore: light woodwinds, pizzicato strings, bright, moderate tempo",
    "playful": "Playful underscore: bassoon, celesta and pizzicato strings, whimsical, bouncy",
    "wistful": "Wistful underscore: oboe and piano, gentle strings, nostalgic, slow",
    "sad": "Sad underscore: solo violin and sparse piano, minor key, slow",
    "tense": "Tense underscore: low pulsing strings, ticking percussion, rising suspense",
    "eerie": "Eerie underscore: glassy high strings, distant bells, dissonant drone, very slow",
    "dark": "Dark underscore: deep drone, low brass and contrabass, ominous, very slow",
    "grand": "Grand underscore: full orchestra, noble horns, timpani, stately",
    "adventurous": "Adventurous underscore: driving strings, horns and hand percussion, energetic",
    "mysterious": "Mysterious underscore: clarinet, muted strings and vibraphone, questioning, moderate",
}
_MOODS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    word: tuple(mood for mood, words in _WORDS.items() if word in words.split())
    for word in sorted({word for words in _WORDS.values() for word in words.split()})
}
_WORD = re.compile(r"[a-z]+")
_KEYS: Final[Mapping[str, str]] = {
    "calm": "F major", "tender": "D-flat major", "cheerful": "G major", "playful": "C major", "wistful": "E minor",
    "sad": "D minor", "tense": "G minor", "eerie": "B-flat minor", "dark": "C minor", "grand": "E-flat major",
    "adventurous": "D major", "mysterious": "A minor",
}  # fmt: skip
"""A mood keeps its key, so that a theme which returns is known again."""
SHORTEST = 1_100
LONGEST = 2_600
_TOO_SHORT = 450
_HELD = 3.0
_FRAMED = 2_400
"""From this length on, a text has an opening and an ending of their own."""
_SOFTER = 0.1
_BASE_INTENSITY: Final[Mapping[str, float]] = {
    "tense": 0.65, "dark": 0.6, "grand": 0.6, "adventurous": 0.6, "cheerful": 0.5, "playful": 0.5, "eerie": 0.45,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Stretch:
    start: int
    words: int
    scores: Counter[str]
    opens_scene: bool


def prompt_of(mood: str, intensity: float) -> str:
    """A sentence for an engine that reads one."""
    strength = "restrained" if intensity < 0.4 else "moderate" if intensity < 0.65 else "strong"
    return f"{_PROMPTS[mood]}, in {_KEYS[mood]}, {strength} intensity, instrumental, no vocals."


def music_cues(text: str, blocks: Sequence[Block], starts: Sequence[int], *, readable: bool = True) -> list[MusicCue]:
    """Cues that cover the whole text, each [start, end) on segment starts (`starts`, the segments' own).

    A cue begins at every chapter and scene, and within a long scene at a paragraph's end where the mood turns or after about
    three minutes. A text of some length has an opening and an ending, softer than what they frame. `readable`: the words are
    English, so that a mood can be told; else it is calm."""
    stretches = _stretches(text, blocks, set(starts))
    groups = _framed(_groups(stretches, len(text)), stretches, len(text))
    cues: list[MusicCue] = []
    for place, (begin, scores, words) in enumerate(groups):
        end = groups[place + 1][0] if place + 1 < len(groups) else len(text)
        mood = _mood(scores) if readable else "calm"
        density = scores[mood] / max(40, words)
        loud = text.count("!", begin, end) / max(1, end - begin) * 100
        strength = _BASE_INTENSITY.get(mood, 0.35) + min(0.15, density * 4) + min(0.15, loud * 0.1)
        frames = len(text) >= _FRAMED and place in (0, len(groups) - 1)
        intensity = round(min(0.9, strength - _SOFTER * frames), 2)
        cues.append(MusicCue(start=begin, end=end, mood=mood, intensity=intensity, prompt=prompt_of(mood, intensity)))
    return cues


_Group = tuple[int, Counter[str], int]


def _framed(groups: list[_Group], stretches: Sequence[_Stretch], size: int) -> list[_Group]:
    """An opening and an ending cut from the first and the last scene, where these are long enough to leave a middle."""
    if size < _FRAMED:
        return groups
    second = groups[1][0] if len(groups) > 1 else size
    opening = next((each.start for each in stretches if each.start >= _TOO_SHORT), size)
    ending = max((each.start for each in stretches if each.start <= size - _TOO_SHORT), default=0)
    cuts = []
    if second - opening >= SHORTEST:
        cuts.append(opening)
    if ending - max([groups[-1][0], *cuts]) >= SHORTEST:
        cuts.append(ending)
    begins = sorted({*(begin for begin, _, _ in groups), *cuts})
    framed: list[_Group] = []
    for begin, end in zip(begins, [*begins[1:], size], strict=True):
        inside = [each for each in stretches if begin <= each.start < end]
        framed.append(
            (begin, sum((each.scores for each in inside), Counter[str]()), sum(each.words for each in inside))
        )
    return framed


def _stretches(text: str, blocks: Sequence[Block], known: set[int]) -> list[_Stretch]:
    """Paragraphs that begin at a segment's start; others join the one before."""
    stretches: list[_Stretch] = []
    opens = True
    for block in blocks:
        if block.kind == "break":
            opens = True
            continue
        scores: Counter[str] = Counter()
        found = _WORD.findall(text[block.start : block.end].lower())
        for word in found:
            for mood in _MOODS_OF.get(word, ()):
                scores[mood] += 1
        if stretches and block.start not in known:
            last = stretches[-1]
            stretches[-1] = _Stretch(last.start, last.words + len(found), last.scores + scores, last.opens_scene)
            continue
        heading = block.kind == "heading"
        stretches.append(_Stretch(block.start if stretches else 0, len(found), scores, opens or heading))
        opens = False
    return stretches


def _groups(stretches: Sequence[_Stretch], size: int) -> list[_Group]:
    groups: list[_Group] = []
    begin, scores, words = 0, Counter[str](), 0
    for place, stretch in enumerate(stretches):
        length = stretch.start - begin
        if place and _turns(stretches, place, length, scores, size):
            groups.append((begin, scores, words))
            begin, scores, words = stretch.start, Counter(), 0
        scores = scores + stretch.scores
        words += stretch.words
    if groups and size - begin < _TOO_SHORT:
        last, more, count = groups.pop()
        begin, scores, words = last, more + scores, count + words
    groups.append((begin, scores, words))
    return groups


def _turns(stretches: Sequence[_Stretch], place: int, length: int, scores: Counter[str], size: int) -> bool:
    stretch = stretches[place]
    if stretch.opens_scene:
        return length >= _TOO_SHORT
    if length < SHORTEST or size - stretch.start < _TOO_SHORT:
        return False
    ahead: Counter[str] = Counter()
    for following in stretches[place:]:
        if following.start - stretch.start > SHORTEST or (following.opens_scene and following is not stretch):
            break
        ahead.update(following.scores)
    now, then = _mood(scores), _mood(ahead)
    if now == then:
        return length > 2 * LONGEST
    return length >= LONGEST or ahead[then] >= ahead[now] + _HELD


def _mood(scores: Counter[str]) -> str:
    """The strongest mood; calm when nothing stands out."""
    best = max(MOODS, key=lambda mood: (scores[mood], mood == "calm"))
    return best if scores[best] >= 2 else "calm"
