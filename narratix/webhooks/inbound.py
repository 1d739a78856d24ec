"""What vendors tell us: a prediction has ended. Only a hint: what came of it is asked of the vendor.

So whoever forges, repeats or withholds a message changes nothing but when we look; and a poll looks anyway.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from typing import Final

import asyncpg
import sqlalchemy as sa
import structlog

from narratix.events.feed import Connect
from narratix.events.store import UNREACHABLE
from narratix.events.tables import Moment, metadata
from narratix.webhooks.signing import TOLERANCE_SECONDS

log = structlog.get_logger(__name__)

CHANNEL: Final = "narratix_predictions"
LINGER_SECONDS: Final = 5.0
"""How long we go on listening when nobody waits any more."""

webhooks_heard: Final = sa.Table(
    "webhooks_heard",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("heard_at", Moment, nullable=False, server_default=sa.text("now()")),
    sa.Index("webhooks_heard_heard_at_idx", "heard_at"),
)

# a message that is older than twice the tolerance is refused for its time
_HEAR: Final = """
with forgotten as (
    delete from webhooks_heard where heard_at < now() - make_interval(secs => 2 * $4)
), new as (
    insert into webhooks_heard (id) values ($1) on conflict do nothing returning 1
)
select pg_notify($2, $3), true as first from new
"""


async def hear(pool: asyncpg.Pool, message_id: str, prediction: str) -> bool:
    """Wake who waits for `prediction`, in any process; False where this very message was heard before."""
    row = await pool.fetchrow(_HEAR, message_id, CHANNEL, prediction, float(TOLERANCE_SECONDS))
    return row is not None


class Bell:
    """Wakes those in this process who wait for a prediction. Listens only while somebody waits, so that a database in
    which nothing happens is left alone."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._wanted = asyncio.Event()

    async def wait(self, prediction: str, seconds: float) -> None:
        """Until it is said that the prediction has ended, at most so long."""
        rung = asyncio.Event()
        self._waiting[prediction].add(rung)
        self._wanted.set()
        try:
            async with asyncio.timeout(seconds):
                await rung.wait()
        except TimeoutError:
            return
        finally:
            self._waiting[prediction].discard(rung)
            if not self._waiting[prediction]:
                del self._waiting[prediction]

    def ring(self, prediction: str) -> None:
        for rung in self._waiting.get(prediction, ()):
            rung.set()

    async def run(self) -> None:
        """Listen while somebody waits, until cancelled."""
        while True:
            await self._wanted.wait()
            try:
                connection = await self._connect()
                try:
                    await connection.add_listener(CHANNEL, lambda *said: self.ring(str(said[-1])))
                    while self._wanted.is_set() and not connection.is_closed():
                        self._wanted.clear()
                        await asyncio.sleep(LINGER_SECONDS)
                        if self._waiting:
                            self._wanted.set()
                finally:
                    with contextlib.suppress(*UNREACHABLE, TimeoutError):
                        await connection.close(timeout=2)
            except (*UNREACHABLE, TimeoutError) as problem:
                log.warning("predictions_are_polled", reason=str(problem) or type(problem).__name__)
                await asyncio.sleep(LINGER_SECONDS)
