"""The contents pages are complete, so that adding a thing is its file and one line."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest

import narratix.handlers
import narratix.projections
import narratix.providers.effects
import narratix.providers.music
import narratix.providers.speech
import narratix.script
import narratix.sound
from narratix.events import catalogue
from narratix.events.catalogue import EVENTS, Event
from narratix.handlers import HANDLERS
from narratix.handlers.handler import Handler
from narratix.projections import PROJECTIONS
from narratix.projections.job_status import STAGES
from narratix.projections.projection import Projection
from narratix.providers.effects.contents import CLOUD_EFFECTS, EFFECTS
from narratix.providers.music.contents import CLOUD_MUSIC, MUSIC
from narratix.providers.speech.contents import CLOUD_SPEECH, SPEECH


def values(package: ModuleType) -> Iterator[Any]:
    """All that stands at the top of a module of `package`."""
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        yield from vars(importlib.import_module(module.name)).values()


def declared(package: ModuleType, kind: type) -> set[str]:
    """Names of all instances of `kind` made at the top of a module of `package`."""
    return {value.name for value in values(package) if isinstance(value, kind)}  # type: ignore[attr-defined]


def engines(package: ModuleType, ability: str) -> set[str]:
    """Names of the classes of `package` that can do what its port is for."""
    members = [vars(value) for value in values(package) if inspect.isclass(value)]
    return {known["name"] for known in members if "name" in known and ability in known}


@pytest.mark.parametrize("package", [narratix.script, narratix.sound], ids=lambda package: package.__name__)
def test_given_the_pure_core_when_a_folder_s_contents_page_is_read_then_it_names_every_module(
    package: ModuleType,
) -> None:
    assert set(re.findall(r"`(\w+)`", package.__doc__ or "")) == {
        module.name for module in pkgutil.iter_modules(package.__path__)
    }


def test_given_the_event_classes_when_the_catalogue_is_read_then_it_names_every_one() -> None:
    classes = {
        value
        for value in vars(catalogue).values()
        if inspect.isclass(value) and issubclass(value, Event) and value is not Event
    }
    assert classes == set(EVENTS)
    assert len(EVENTS) == len(classes)


def test_given_the_stages_files_when_the_contents_page_is_read_then_it_names_every_one() -> None:
    assert declared(narratix.handlers, Handler) == {handler.name for handler in HANDLERS}
    for handler in HANDLERS:
        assert handler.run.__module__ == f"narratix.handlers.{handler.name}"


def test_given_the_stages_when_their_progress_is_weighed_then_none_is_forgotten() -> None:
    assert set(STAGES) == {handler.name for handler in HANDLERS}


def test_given_the_projections_files_when_the_contents_page_is_read_then_it_names_every_one() -> None:
    assert declared(narratix.projections, Projection) == {projection.name for projection in PROJECTIONS}


@pytest.mark.parametrize(
    ("package", "ability", "pages"),
    [
        (narratix.providers.speech, "speak", (SPEECH, CLOUD_SPEECH)),
        (narratix.providers.music, "compose", (MUSIC, CLOUD_MUSIC)),
        (narratix.providers.effects, "render", (EFFECTS, CLOUD_EFFECTS)),
    ],
)
def test_given_a_ports_files_when_the_contents_page_is_read_then_it_names_every_engine(
    package: ModuleType, ability: str, pages: tuple[Mapping[str, object], Mapping[str, object]]
) -> None:
    assert engines(package, ability) == {name for page in pages for name in page}
