"""A running Narratix, as the web and the commands see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import asyncpg

from narratix.commands import Commands
from narratix.doorbell import Doorbell
from narratix.events.feed import Feed
from narratix.events.quiet import Quiet
from narratix.events.store import EventStore
from narratix.events.subscription import Subscriptions
from narratix.handlers.handler import Ports
from narratix.retention import Retention
from narratix.settings import Settings
from narratix.spend import Budget
from narratix.warmth import Warmth
from narratix.worker import Worker

Role = Literal["all", "web", "worker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """`worker` and `subscriptions` are None in a process that only serves the web."""

    settings: Settings
    dsn: str
    pool: asyncpg.Pool
    store: EventStore
    feed: Feed
    ports: Ports
    commands: Commands
    budget: Budget
    retention: Retention
    quiet: Quiet
    warmth: Warmth
    doorbell: Doorbell
    subscriptions: Subscriptions | None
    worker: Worker | None
