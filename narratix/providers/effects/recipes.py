"""Every effect that can be synthesised, and the words that ask for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from narratix.ports import ProviderError
from narratix.providers.effects import animals, machines, nature, orchestral, people, things, weather
from narratix.providers.effects.synthesis import Random, Signal


@dataclass(frozen=True, slots=True)
class Recipe:
    """`make(rng, seconds)` gives a mono signal of any level. `natural` is its natural length in seconds; what is
    `lasting` has no beginning of its own and is faded in and out. `words` ask for it besides its name."""

    make: Callable[[Random, float], Signal]
    natural: float
    lasting: bool
    words: tuple[str, ...] = ()


EFFECT_RECIPES: Mapping[str, Recipe] = {
    # weather
    "rain": Recipe(weather.rain, 8.0, True, ("raining", "drizzle", "downpour", "shower")),
    "wind": Recipe(weather.wind, 8.0, True, ("breeze", "gust", "gale", "windy")),
    "thunder": Recipe(weather.thunder, 5.0, False, ("lightning", "thunderclap", "rumble")),
    "storm": Recipe(weather.storm, 9.0, True, ("tempest", "thunderstorm", "hurricane")),
    "blizzard": Recipe(weather.blizzard, 8.0, True, ("snowstorm", "howling wind", "icy")),
    # water and fire
    "sea": Recipe(nature.sea, 10.0, True, ("ocean", "waves", "surf", "beach", "shore", "tide")),
    "stream": Recipe(nature.stream, 8.0, True, ("water", "river", "brook", "fountain", "pouring", "creek")),
    "splash": Recipe(nature.splash, 1.6, False, ("plunge", "dive", "plop")),
    "drip": Recipe(nature.drip, 6.0, False, ("dripping", "droplet", "cave")),
    "fire": Recipe(
        nature.fire, 8.0, True, ("flames", "crackling", "hearth", "fireplace", "bonfire", "burning", "campfire")
    ),
    # animals
    "birds": Recipe(animals.birds, 7.0, True, ("bird", "birdsong", "chirping", "sparrow", "songbird", "dawn chorus")),
    "owl": Recipe(animals.owl, 3.4, False, ("hoot", "hooting")),
    "crickets": Recipe(animals.crickets, 8.0, True, ("cricket", "insects", "cicadas", "night")),
    "wolf": Recipe(animals.wolf, 4.5, False, ("wolves", "howl", "howling")),
    "dog": Recipe(animals.dog, 1.4, False, ("bark", "barking", "hound")),
    "cat": Recipe(animals.cat, 1.3, False, ("meow", "miaow", "mewing", "kitten")),
    "horse": Recipe(animals.horse, 4.0, False, ("hooves", "hoofbeats", "trot", "pony", "clop")),
    "gallop": Recipe(animals.gallop, 3.5, False, ("galloping", "cavalry", "stampede", "horses")),
    # people
    "footsteps": Recipe(people.footsteps, 3.2, False, ("steps", "walking", "footstep", "pacing", "tread")),
    "running": Recipe(people.running, 2.6, False, ("running feet", "ran", "sprint", "running footsteps")),
    "footsteps in snow": Recipe(people.footsteps_in_snow, 3.4, False, ("snow", "crunch")),
    "footsteps on gravel": Recipe(people.footsteps_on_gravel, 3.2, False, ("gravel", "leaves", "pebbles", "twigs")),
    "crowd": Recipe(people.crowd, 8.0, True, ("murmur", "chatter", "voices", "market", "tavern", "people", "party")),
    "applause": Recipe(people.applause, 5.0, True, ("clapping", "clap", "ovation")),
    "heartbeat": Recipe(people.heartbeat, 4.0, False, ("heart", "pulse")),
    "breathing": Recipe(people.breathing, 3.2, False, ("breath", "panting", "gasp", "sigh")),
    "whip": Recipe(people.whip, 0.9, False, ("lash", "crack of a whip")),
    "scuffle": Recipe(people.scuffle, 2.5, False, ("fight", "punch", "brawl", "struggle", "blow")),
    # things
    "door": Recipe(things.door, 2.2, False, ("door closes", "gate", "shut")),
    "slam": Recipe(things.slam, 1.2, False, ("bang", "slammed", "thud")),
    "creak": Recipe(things.creak, 1.6, False, ("hinge", "floorboard", "squeak", "creaking")),
    "knock": Recipe(things.knock, 1.2, False, ("knocking", "rap", "tap", "tapping")),
    "bell": Recipe(things.bell, 6.0, False, ("church bell", "toll", "bells", "tolling")),
    "handbell": Recipe(things.handbell, 2.2, False, ("doorbell", "jingle", "ring", "tinkle", "small bell")),
    "clock": Recipe(things.clock, 5.0, False, ("tick", "ticking", "watch", "pendulum")),
    "chime": Recipe(things.chime, 6.5, False, ("striking clock", "chimes", "midnight", "clock strikes")),
    "glass": Recipe(things.glass, 1.6, False, ("shatter", "window breaks", "shattering", "bottle")),
    "coin": Recipe(things.coin, 1.6, False, ("coins", "money", "gold")),
    "sword": Recipe(things.sword, 1.8, False, ("swords", "blade", "steel", "clash", "duel", "dagger", "knife")),
    "chain": Recipe(things.chain, 2.5, False, ("chains", "shackles", "keys", "rattle", "armour")),
    "paper": Recipe(things.paper, 1.8, False, ("letter", "page", "parchment", "rustle", "map", "book")),
    "crash": Recipe(things.crash, 1.8, False, ("smash", "fall", "break", "dishes", "collapse")),
    # machines
    "gunshot": Recipe(machines.gunshot, 1.8, False, ("gun", "pistol", "shot", "rifle", "musket")),
    "explosion": Recipe(machines.explosion, 4.0, False, ("cannon", "blast", "bomb", "boom")),
    "train": Recipe(machines.train, 7.0, True, ("locomotive", "railway", "steam engine")),
    "whistle": Recipe(machines.whistle, 3.0, False, ("steam whistle", "train whistle", "foghorn", "ship horn")),
    "carriage": Recipe(machines.carriage, 6.0, True, ("coach", "cart", "wagon", "wheels", "cab")),
    "engine": Recipe(machines.engine, 6.0, True, ("car", "motor", "truck", "machine", "automobile")),
    "telephone": Recipe(machines.telephone, 4.0, False, ("phone", "ringing")),
    "siren": Recipe(machines.siren, 6.0, True, ("alarm", "police", "ambulance")),
    "drum": Recipe(machines.drum, 3.8, False, ("drums", "drumming", "drumbeat")),
    "ship": Recipe(machines.ship, 7.0, True, ("boat", "hull", "deck", "sailing", "rowing")),
    # the orchestra
    "stinger dark": Recipe(orchestral.dark_stinger, 4.0, False, ("orchestral hit", "ominous")),
    "stinger bright": Recipe(orchestral.bright_stinger, 4.0, False, ("mark tree", "wind chimes", "relief")),
}

_STEMS = re.compile(r"(?:ing|es|s|ed)$")


def find_recipe(name: str, prompt: str) -> str:
    """The effect for a name and its prompt: the name itself, made more exact by the prompt where a finer effect
    exists ("footsteps" and "boots in snow"); for an unknown name, the one most of whose words occur.

    Raises ProviderError(permanent=True), with the list, when nothing is near.
    """
    name = " ".join(name.casefold().replace("_", " ").replace("-", " ").split())
    asked = _words(f"{name} {prompt}".casefold())
    if name in EFFECT_RECIPES:
        finer = [known for known in EFFECT_RECIPES if known.startswith(f"{name} ") and known.split()[-1] in asked]
        return finer[0] if finer else name
    scores = {known: _nearness(known, recipe, name, asked) for known, recipe in EFFECT_RECIPES.items()}
    best = max(scores, key=lambda known: scores[known])
    if scores[best] == 0:
        raise ProviderError(
            f"No effect here sounds like {name!r}; choose one of: {', '.join(EFFECT_RECIPES)}.", permanent=True
        )
    return best


def natural_seconds(name: str) -> float:
    """How long an effect lasts when nothing limits it. Raises ProviderError for a name that nothing is near to."""
    return EFFECT_RECIPES[find_recipe(name, "")].natural


def _nearness(known: str, recipe: Recipe, name: str, asked: frozenset[str]) -> int:
    """Words in common; the name weighs more than the prompt, and most of all its last word: a door slam is a slam."""
    phrases = (known, *recipe.words)
    if name in phrases:
        return 100
    own = _words(name)
    head = _words(name.split()[-1]) if name else frozenset[str]()
    return sum(
        (3 if words <= own else 1) * len(words) + len(words & head)
        for phrase in phrases
        if (words := _words(phrase)) <= asked
    )


def _words(text: str) -> frozenset[str]:
    words = re.findall(r"[a-z]+", text)
    return frozenset(words) | frozenset(_STEMS.sub("", word) for word in words if len(word) > 4)
