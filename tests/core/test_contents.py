"""The contents pages are complete, so that adding a thing is its file and one line."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import narratix.handlers
import narratix.projections
from narratix.events import catalogue
from narratix.events.catalogue import EVENTS, Event
from narratix.handlers import HANDLERS
from narratix.handlers.handler import Handler
from narratix.projections import PROJECTIONS
from narratix.projections.job_status import STAGES
from narratix.projections.projection import Projection


def declared(package: object, kind: type) -> set[str]:
    """Names of all instances of `kind` made at the top of a module of `package`."""
    found = set()
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):  # type: ignore[attr-defined]
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, kind):
                found.add(value.name)  # type: ignore[attr-defined]
    return found


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
