"""Figures for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

import asyncpg
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from narratix.events.store import UNREACHABLE
from narratix.providers.calls import CALLS, Calls
from narratix.services import Services
from narratix.timings import BOUNDS, TIMINGS, Timings

_WORK = "select state, count(*) from work group by state"
_JOBS = """
select row->>'status' as status, count(*) as jobs, count(*) filter (
    where row->>'status' in ('queued', 'running') and (row->>'updated_at')::timestamptz < now() - interval '1 minute'
    and not exists (select from work where job_id = job_status.key::uuid and state in ('ready', 'waiting', 'running'))
) as stranded
from job_status where build = (select build from subscriptions where name = 'job_status' and serving) group by 1
"""
_LAGS = """
select name, coalesce((select max(position) from events), 0) - position as lag, error is not null as stopped
from subscriptions where serving
"""

_OLDEST = """
select greatest(0, coalesce(extract(epoch from now() - min(run_at)), 0))::float8 from work where state = 'ready'
"""

STATUSES = ("queued", "running", "completed", "failed", "cancelled", "expired")
WORK_STATES = ("ready", "waiting", "running", "done", "dead", "cancelled")


class Tallies(Collector):
    """What this process's worker and its providers count for themselves."""

    def __init__(self, calls: Calls = CALLS, timings: Timings = TIMINGS) -> None:
        self._calls = calls
        self._timings = timings

    def collect(self) -> Iterator[Metric]:
        labels = ["provider", "model", "outcome"]
        calls = CounterMetricFamily("narratix_provider_calls", "Calls of providers.", labels=labels)
        seconds = CounterMetricFamily("narratix_provider_seconds", "Seconds that they took.", labels=labels)
        usd = CounterMetricFamily("narratix_provider_usd", "US dollars that they cost.", labels=labels)
        for called, figures in self._calls.figures().items():
            calls.add_metric(list(called), figures.calls)
            seconds.add_metric(list(called), figures.seconds)
            usd.add_metric(list(called), figures.usd)
        stages = HistogramMetricFamily(
            "narratix_stage_seconds", "How long a stage took, by how it ended.", labels=["stage", "outcome"]
        )
        for (stage, outcome), taken in self._timings.figures().items():
            bounds = [*map(str, BOUNDS), "+Inf"]
            buckets = list(zip(bounds, map(float, accumulate(taken.counts)), strict=True))
            stages.add_metric([stage, outcome], buckets, taken.seconds)
        return iter((calls, seconds, usd, stages))


class Metrics:
    """Counted in this process: requests, streams, stages and calls of providers. Asked of the database when scraped:
    jobs, work, lags and spending; not so while the service rests, when they stay as they were."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        registry.register(Tallies())
        self._requests = Counter(
            "narratix_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "narratix_request_seconds",
            "Time until an answer was sent whole; of an event stream, until it began.",
            ["route"],
            registry=registry,
            buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60, 900),
        )
        self.streams = Gauge("narratix_streams", "Event streams that are open.", registry=registry)
        self._jobs = Gauge("narratix_jobs", "Jobs by status.", ["status"], registry=registry)
        self._work = Gauge("narratix_work", "Pieces of work by state.", ["state"], registry=registry)
        self._stranded = Gauge(
            "narratix_jobs_stranded", "Jobs under way for which no work has been open for a minute.", registry=registry
        )
        self._feed_lag = Gauge(
            "narratix_feed_lag_events", "Events in the log that this process has not read.", registry=registry
        )
        self._feed_connected = Gauge(
            "narratix_feed_connected", "Whether this process is told of new events.", registry=registry
        )
        self._lag = Gauge(
            "narratix_subscription_lag_events", "Events that a subscription has not taken.", ["name"], registry=registry
        )
        self._stopped = Gauge(
            "narratix_subscription_stopped", "Whether a subscription met an event it cannot take.", ["name"],
            registry=registry,
        )  # fmt: skip
        self._oldest = Gauge(
            "narratix_oldest_ready_seconds", "How long the oldest piece of work that could begin has waited.",
            registry=registry,
        )  # fmt: skip
        self._spend = Gauge("narratix_spend_usd", "Spent or reserved, in US dollars.", ["term"], registry=registry)
        self._spend_share = Gauge(
            "narratix_spend_share", "The share of the tightest cap that is spent or reserved.", registry=registry
        )
        self._stored = Gauge(
            "narratix_storage_bytes", "Bytes in object storage, when this process last looked through it.",
            registry=registry,
        )  # fmt: skip
        self._resting = Gauge(
            "narratix_resting", "Whether nothing is asked of the database since nothing is open.", registry=registry
        )
        self._database = Gauge("narratix_database_up", "Whether the database answers.", registry=registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    async def scrape(self, services: Services) -> bytes:
        """All figures in the text format. Without a database those of this process remain."""
        resting = services.quiet.resting
        self._resting.set(resting)
        self._feed_connected.set(services.feed.connected or resting)
        self._stored.set(services.retention.stored_bytes)
        if resting:
            return generate_latest(self._registry)
        try:
            async with services.pool.acquire(timeout=3) as connection:
                await self._ask(connection, services)
        except (*UNREACHABLE, TimeoutError):
            self._database.set(0)
        return generate_latest(self._registry)

    async def _ask(self, connection: asyncpg.Connection, services: Services) -> None:
        by_status = await connection.fetch(_JOBS)
        jobs = {row["status"]: row["jobs"] for row in by_status}
        for status in STATUSES:
            self._jobs.labels(status).set(jobs.get(status, 0))
        self._stranded.set(sum(row["stranded"] for row in by_status))
        work = dict(await connection.fetch(_WORK))
        for state in WORK_STATES:
            self._work.labels(state).set(work.get(state, 0))
        for name, lag, stopped in await connection.fetch(_LAGS):
            self._lag.labels(name).set(lag)
            self._stopped.labels(name).set(stopped)
        head = await connection.fetchval("select coalesce(max(position), 0) from events")
        self._feed_lag.set(max(0, head - services.feed.position))
        self._oldest.set(await connection.fetchval(_OLDEST))
        committed = await services.budget.committed()
        self._spend.labels("day").set(committed.day)
        self._spend.labels("month").set(committed.month)
        self._spend_share.set(committed.share)
        self._database.set(1)
