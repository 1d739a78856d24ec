"""Delivers what the postman wrote down: claim, send, settle, each attempt behind a fence, until it is taken or given up.

At least once: a crash between a receiver's answer and our settling sends the message again, under the same id.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import asyncpg
import structlog

from narratix.events.store import UNREACHABLE
from narratix.ports import ProviderError
from narratix.providers.calls import CALLS
from narratix.webhooks.deliveries import State, Target, message_id
from narratix.webhooks.outbound import DEADLINE_SECONDS, Answered, Outbound, Refused, Unreached
from narratix.webhooks.signing import headers

log = structlog.get_logger(__name__)

PAUSES: Final = (5.0, 30.0, 300.0, 1800.0, 7200.0, 21600.0, 43200.0)
"""Seconds between the attempts, of which there is one more: nearly a day in all, as the standard advises."""

AT_ONCE: Final = 8
LEASE_SECONDS: Final = 2 * DEADLINE_SECONDS
TICK_SECONDS: Final = 1.0
LATER_SECONDS: Final = 5.0
"""How soon the database is asked again when it did not answer."""

GONE: Final = 410
"""The answer of a receiver that wants no more of it."""

_CLAIM: Final = """
update webhook_deliveries d
set state = 'sending', attempt = d.attempt + 1, owner = $1, lease_until = now() + make_interval(secs => $2)
where d.id = any(array(
    select id from webhook_deliveries
    where (state = 'waiting' and run_at <= now()) or (state = 'sending' and lease_until < now())
    order by run_at limit $3 for update skip locked))
returning d.id, d.attempt, d.event_id, d.target, d.job_id, d.type, d.body,
          (select url from webhook_targets t where t.job_id = d.job_id and d.target = 'submitter') as url,
          (select actor from webhook_targets t where t.job_id = d.job_id and d.target = 'submitter') as actor
"""
_SETTLE: Final = """
with settled as (
    update webhook_deliveries
    set state = $4, status = $5, reason = $6, run_at = now() + make_interval(secs => $7), owner = null,
        lease_until = null, settled_at = case when $4 = 'waiting' then null else now() end
    where id = $1 and attempt = $2 and owner = $3 and state = 'sending'
    returning job_id, target, type, state
), done_with as (
    delete from webhook_targets t using settled s
    where t.job_id = s.job_id and (s.target, s.type, s.state) = ('submitter', 'job.completed', 'delivered')
)
select count(*) from settled
"""
_DUE: Final = """
select extract(epoch from min(case state when 'sending' then lease_until else run_at end) - now())::float8
from webhook_deliveries where state in ('waiting', 'sending')
"""


class Leader(Protocol):
    """Says whether this process leads."""

    @property
    def elected(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that is ours to deliver until its lease ends. `url` is the submitter's, None where it is forgotten."""

    id: int
    attempt: int
    event_id: uuid.UUID
    target: Target
    job_id: uuid.UUID
    type: str
    body: str
    url: str | None
    actor: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt. `pause`: seconds until the next one, None when there is none."""

    state: State
    status: int | None = None
    reason: str | None = None
    pause: float | None = None


class Deliverer:
    """Delivers in the process that leads. `service_url` and `service_secrets` are those of the service's own webhook;
    `secrets_of` gives the secrets that go with an actor's messages, the newest first. `news` is set when there is
    something new; `stir` is called when something is due and nobody may be leading, since all rest."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        outbound: Outbound,
        *,
        service_url: str,
        service_secrets: Sequence[bytes],
        secrets_of: Callable[[str], Sequence[bytes]],
        leader: Leader,
        news: asyncio.Event,
        stir: Callable[[], None] = lambda: None,
        pauses: Sequence[float] = PAUSES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.owner = str(uuid.uuid4())
        self._pool = pool
        self._outbound = outbound
        self._service_url = service_url
        self._service_secrets = service_secrets
        self._secrets_of = secrets_of
        self._leader = leader
        self._stir = stir
        self._pauses = pauses
        self._clock = clock
        self._news = news
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then is begun again when its lease ends. While nothing is due, the
        database is asked nothing."""
        look_at, led = float("inf"), False
        try:
            while True:
                leads = self._leader.elected
                if leads and not led:
                    look_at = 0.0  # for what others left
                led = leads
                if self._news.is_set() or look_at <= asyncio.get_running_loop().time():
                    self._news.clear()
                    look_at = float("inf")
                    if leads:
                        look_at = await self._look()
                    else:
                        self._stir()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK_SECONDS):
                        await self._news.wait()
        finally:
            for task in self._sending:
                task.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)
            await self._outbound.close()

    async def _look(self) -> float:
        """Begin what is due; when to look again, on the loop's clock."""
        now = asyncio.get_running_loop().time()
        try:
            for delivery in await self.claim(AT_ONCE - len(self._sending)):
                task = asyncio.create_task(self._deliver(delivery), name=f"webhook-{delivery.id}")
                self._sending.add(task)
                task.add_done_callback(self._sent)
            due: float | None = await self._pool.fetchval(_DUE)
        except (*UNREACHABLE, TimeoutError) as problem:
            log.warning("webhooks_wait", reason=str(problem) or type(problem).__name__)
            return now + LATER_SECONDS
        if due is None:
            return float("inf")
        return now + (LATER_SECONDS if due <= 0 and len(self._sending) >= AT_ONCE else max(0.0, due))

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._news.set()  # there is room again
        if not task.cancelled() and (problem := task.exception()) is not None:
            log.error("webhook_not_settled", delivery=task.get_name(), exc_info=problem)

    # -- one delivery ----------------------------------------------------------------------

    async def claim(self, room: int) -> list[Delivery]:
        """Lease what is due, at most so many."""
        if room <= 0:
            return []
        return [Delivery(*row) for row in await self._pool.fetch(_CLAIM, self.owner, LEASE_SECONDS, room)]

    async def send(self, delivery: Delivery) -> Outcome:
        """One attempt, and what follows from its end."""
        url = self._service_url if delivery.target == "service" else delivery.url
        if not url:
            return Outcome("dead", reason="Nobody is named any more to whom this could be delivered.")
        status: int | None = None
        try:
            with CALLS.of("webhook", delivery.target):
                answered = await self._post(url, delivery)
                status = answered.status
                if not 200 <= status < 300:
                    said = f"It answered {status}."
                    raise ProviderError(said, permanent=status == GONE, retry_after=answered.retry_after)
        except ProviderError as problem:
            return self._failed(delivery, status, problem)
        return Outcome("delivered", status)

    async def settle(self, delivery: Delivery, outcome: Outcome) -> bool:
        """Record the outcome, unless the delivery was taken over meanwhile."""
        held: int = await self._pool.fetchval(
            _SETTLE,
            delivery.id,
            delivery.attempt,
            self.owner,
            outcome.state,
            outcome.status,
            outcome.reason,
            outcome.pause or 0.0,
        )
        return held > 0

    async def _deliver(self, delivery: Delivery) -> None:
        outcome = await self.send(delivery)
        about = {"job_id": str(delivery.job_id), "target": delivery.target, "attempt": delivery.attempt}
        try:
            if not await self.settle(delivery, outcome):
                log.info("webhook_was_taken_over", **about)
                return
        except (*UNREACHABLE, TimeoutError) as problem:
            # the lease ends by itself, and the message is sent again under the same id
            log.warning("webhook_not_settled", reason=str(problem) or type(problem).__name__, **about)
            return
        say = log.info if outcome.state == "delivered" else log.warning
        say(f"webhook_{outcome.state}", status=outcome.status, reason=outcome.reason, pause=outcome.pause, **about)

    async def _post(self, url: str, delivery: Delivery) -> Answered:
        body, id = delivery.body.encode(), message_id(delivery.event_id)
        secrets = self._service_secrets if delivery.target == "service" else self._secrets_of(delivery.actor or "")
        try:
            signed = headers(secrets, id, int(self._clock()), body)
            return await self._outbound.post(url, body, signed, turn=delivery.attempt - 1)
        except Refused as problem:
            raise ProviderError(str(problem), permanent=True) from problem
        except Unreached as problem:
            raise ProviderError(str(problem)) from problem

    def _failed(self, delivery: Delivery, status: int | None, problem: ProviderError) -> Outcome:
        if problem.permanent or delivery.attempt > len(self._pauses):
            return Outcome("dead", status, str(problem))
        asked = min(problem.retry_after or 0.0, self._pauses[-1])
        pause = random.uniform(0.8, 1.2) * self._pauses[delivery.attempt - 1]
        return Outcome("waiting", status, str(problem), round(max(pause, asked), 2))
