"""The mutants: each takes one guard away, and names the tests that must notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

APPEND: Final = "migrations/sql/append_many_at_once.sql"
CLAIM: Final = "migrations/sql/claim_work.sql"
CLAIMS: Final = "narratix/claims.py"
WORKER: Final = "narratix/worker.py"
ROUTER: Final = "narratix/router.py"
SUBSCRIPTION: Final = "narratix/events/subscription.py"
REBUILD: Final = "narratix/projections/rebuild.py"

RACES: Final = "tests/model/test_races.py"
LOG: Final = ("tests/model/test_append_statement.py", RACES, "tests/model/test_store_model.py")
WORK: Final = (RACES, "tests/model/test_work_model.py")
FEED: Final = (RACES, "tests/model/test_feed_model.py")


@dataclass(frozen=True, slots=True)
class Mutant:
    """In `path`, `old` (which stands there once) becomes `new`; then one of `tests` must fail."""

    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]


def _append(name: str, old: str, new: str) -> Mutant:
    return Mutant(f"append: {name}", APPEND, old, new, LOG)


def _hash(column: str, old: str, new: str) -> Mutant:
    return _append(f"hash without {column}", old, new)


_NEWLINE: Final = r" || E'\n' || "

MUTANTS: Final = (
    # -- one writer at a time ------------------------------------------------------------------
    _append("no lock", "    perform pg_advisory_xact_lock(72374631);\n", ""),
    _append(
        "no lock on the work",
        "        perform 1 from work w where w.id = any(fence_work) order by w.id for update;\n",
        "        null;\n",
    ),
    # -- repetitions ---------------------------------------------------------------------------
    _append(
        "quick: no look for duplicates",
        "               and not exists (select from events e where e.event_id = any(event_ids))\n",
        "",
    ),
    _append("quick: ids may come twice", "select count(*) = count(distinct new.id)", "select true"),
    _append(
        "one by one: no look into the log",
        "exists (\n                select from events e where e.event_id = any(event_ids[i:j - 1])\n            )",
        "false",
    ),
    _append("one by one: no look at this call", "written_ids && event_ids[i:j - 1] or ", ""),
    # -- fences --------------------------------------------------------------------------------
    _append("quick fence: whichever work", "join work w on w.id = f.work_id and ", "join work w on "),
    _append(
        "quick fence: whichever state", "f.work_id and w.state = 'running' and w.attempt", "f.work_id and w.attempt"
    ),
    _append(
        "quick fence: whichever attempt", " and w.attempt = f.attempt and w.owner = f.owner;", " and w.owner = f.owner;"
    ),
    _append(
        "quick fence: whichever owner",
        " and w.attempt = f.attempt and w.owner = f.owner;",
        " and w.attempt = f.attempt;",
    ),
    _append(
        "quick fence: twice for the same work",
        "select count(*) = fences and count(distinct w.id) = fences",
        "select count(*) = fences",
    ),
    _append("one by one, fence: whichever work", "where w.id = fence_work[f] and w.state", "where w.state"),
    _append(
        "one by one, fence: whichever state", "w.id = fence_work[f] and w.state = 'running'\n", "w.id = fence_work[f]\n"
    ),
    _append("one by one, fence: whichever attempt", "and w.attempt = fence_attempt[f] and w.owner", "and w.owner"),
    _append(
        "one by one, fence: whichever owner", "fence_attempt[f] and w.owner = fence_owner[f]));", "fence_attempt[f]));"
    ),
    _append(
        "one by one, fence: twice for the same work", "(not fence_work[f] = any(settled) and exists (", "(exists ("
    ),
    _append(
        "one by one: a lost fence does not refuse",
        "if verdict = 'ok' and not held then verdict := 'fenced'; end if;",
        "",
    ),
    _append("settles what it refused", "where w.id = f.work_id and f.settles;", "where w.id = f.work_id;"),
    _append("settles without a fence that is held", "settles[f] := held and verdict in", "settles[f] := verdict in"),
    # -- versions ------------------------------------------------------------------------------
    _append("quick: whichever version", "select bool_and(new.expected is null or ", "select bool_and(true or "),
    _append(
        "quick: versions as before this call", "new.expected = new.earlier + coalesce(", "new.expected = coalesce("
    ),
    _append("one by one: whichever version", "if stream_version <> expected[k] then", "if false then"),
    _append(
        "one by one: versions as before this call",
        "stream_version := coalesce(stream_version, 0)\n                    + cardinality(array_positions(written_streams, streams[k]));",
        "stream_version := coalesce(stream_version, 0);",
    ),
    _append(
        "a version is left out",
        "(coalesce(last.version, 0) + row_number()",
        "(coalesce(last.version, 0) + 1 + row_number()",
    ),
    _append("quick: a position is left out", "array(select head + n from", "array(select head + n + 1 from"),
    _append(
        "one by one: a position is left out",
        "head + cardinality(written_ids) + 1;",
        "head + cardinality(written_ids) + 2;",
    ),
    # -- jobs that have ended ------------------------------------------------------------------
    _append("quick: results for ended jobs", "and last.type <> 'JobRetried')", "and false)"),
    _append("quick: results for jobs that end in this call", "and not (types && endings and", "and not (false and"),
    _append(
        "one by one: results for ended jobs", "if coalesce(ended, job_has_ended(streams[k])) then", "if false then"
    ),
    _append(
        "one by one: results for jobs that end in this call",
        "if coalesce(ended, job_has_ended(streams[k])) then",
        "if job_has_ended(streams[k]) then",
    ),
    _append(
        "retried jobs have ended",
        "select t.type <> 'JobRetried' from turning_points",
        "select true from turning_points",
    ),
    # -- the chain -----------------------------------------------------------------------------
    _hash("the hash before", "chain(new.previous,", "chain(null::bytea,"),
    _hash("position", f"new.position{_NEWLINE}new.event_id", "new.event_id"),
    _hash("event id", f"new.event_id{_NEWLINE}new.stream_id", "new.stream_id"),
    _hash("stream", f"new.stream_id{_NEWLINE}new.version", "new.version"),
    _hash("version", f"new.version{_NEWLINE[:-4]}\n", "''\n"),
    _hash("type", f"new.type{_NEWLINE}new.schema_version", "new.schema_version"),
    _hash("schema version", f"new.schema_version{_NEWLINE}microseconds", "microseconds"),
    _hash("time", f"microseconds{_NEWLINE[:-4]}\n", "''\n"),
    _hash("data", f"new.data{_NEWLINE}new.metadata)", "new.metadata)"),
    _hash("metadata", f"new.data{_NEWLINE}new.metadata)", "new.data)"),
    # -- hints ---------------------------------------------------------------------------------
    _append("no hint", "perform pg_notify('narratix_events', (head + cardinality(versions))::text);", "null;"),
    _append("a hint of too little", "(head + cardinality(versions))::text", "head::text"),
    # -- claims --------------------------------------------------------------------------------
    Mutant(
        "claim: takes leases that have not run out",
        CLAIM,
        "lost.state = 'running' and lost.lease_until < now()",
        "lost.state = 'running'",
        WORK,
    ),
    Mutant("claim: leaves leases that have run out", CLAIM, "lost.lease_until < now()", "false", WORK),
    Mutant(
        "claim: cuts pauses short",
        CLAIM,
        "due.state = 'waiting' and due.run_at <= now()",
        "due.state = 'waiting'",
        WORK,
    ),
    Mutant(
        "claim: whichever state", CLAIM, "r.uses = ports[n] and r.state = 'ready' and", "r.uses = ports[n] and", WORK
    ),
    Mutant("claim: no lock on what it picks", CLAIM, "limit room for update skip locked) w;", "limit room) w;", WORK),
    Mutant(
        "claim: the attempt stays",
        CLAIM,
        "set state = 'running', attempt = w.attempt + 1,",
        "set state = 'running',",
        WORK,
    ),
    Mutant(
        "claim: no limit", CLAIM, "room := least(room, limits[n] - (", "room := least(room, room + limits[n] - (", WORK
    ),
    Mutant(
        "claim: no turns within a limit",
        CLAIM,
        "            perform 1 from lanes l where l.uses = ports[n] for update;\n",
        "",
        WORK,
    ),
    Mutant(
        "claim: out of turn", CLAIM, "order by r.priority, r.id limit", "order by r.priority desc, r.id limit", WORK
    ),
    Mutant(
        "renew: extends what others hold",
        CLAIMS,
        "where id in (select id from work where id = any($1::bigint[]) and owner = $2 and state = 'running'\n                 order by id for update skip locked)",
        "where id = any($1::bigint[]) and state = 'running' and $2 <> ''",
        WORK,
    ),
    Mutant(
        "renew: does not say what is lost",
        CLAIMS,
        'select id from work where id = any($1::bigint[]) and owner = $2 and state = \'running\'\n"""',
        'select id from work where id = any($1::bigint[]) and $2 <> \'\'\n"""',
        WORK,
    ),
    Mutant(
        "renew: keeps what has ended",
        CLAIMS,
        'select id from work where id = any($1::bigint[]) and owner = $2 and state = \'running\'\n"""',
        'select id from work where id = any($1::bigint[]) and coalesce(owner, $2) = $2\n"""',
        WORK,
    ),
    Mutant(
        "release: gives back what others hold",
        CLAIMS,
        "and owner = $2 and state = 'running'\n                 order by id for update)\n",
        "and $2 <> '' and state = 'running')\n",
        WORK,
    ),
    Mutant(
        "release: counts as an attempt",
        CLAIMS,
        "set state = 'ready', attempt = attempt - 1,",
        "set state = 'ready',",
        WORK,
    ),
    Mutant(
        "report: without a fence",
        WORKER,
        "await self._store.append(new, fence=settled, metadata",
        "await self._store.append(new, metadata",
        WORK,
    ),
    Mutant(
        "report: under whichever attempt",
        WORKER,
        "        fence = Fence(claim.id, claim.attempt, self.owner)\n",
        "        fence = Fence(claim.id, claim.attempt + 1, self.owner)\n",
        WORK,
    ),
    Mutant(
        "report: settles ended jobs' work as done",
        WORKER,
        'settled = fence if events else replace(fence, settle="cancelled")',
        "settled = fence",
        WORK,
    ),
    # -- routing -------------------------------------------------------------------------------
    Mutant(
        "route: takes up what runs or is done", ROUTER, "where w.state in ('dead', 'cancelled')", "where true", WORK
    ),
    Mutant(
        "route: no further attempts for a retry",
        ROUTER,
        "attempts = w.attempt + excluded.attempts,",
        "attempts = excluded.attempts,",
        WORK,
    ),
    Mutant(
        "route: what runs goes on when its job ends",
        ROUTER,
        "state in ('ready', 'waiting', 'running')",
        "state in ('ready', 'waiting')",
        WORK,
    ),
    Mutant(
        "route: pauses go on when their job ends",
        ROUTER,
        "state in ('ready', 'waiting', 'running')",
        "state in ('ready', 'running')",
        WORK,
    ),
    # -- subscriptions -------------------------------------------------------------------------
    Mutant(
        "checkpoint: moves from wherever it is",
        SUBSCRIPTION,
        "where name = $1 and build = $2 and position = $3 and serving",
        "where name = $1 and build = $2 and $3 >= 0 and serving",
        FEED,
    ),
    Mutant(
        "checkpoint: of a build that does not serve",
        SUBSCRIPTION,
        "position = $3 and serving and error is null",
        "position = $3 and error is null",
        FEED,
    ),
    Mutant(
        "checkpoint: of a build that has stopped",
        SUBSCRIPTION,
        "position = $3 and serving and error is null",
        "position = $3 and serving",
        FEED,
    ),
    Mutant(
        "subscription: remembers what was rolled back",
        SUBSCRIPTION,
        "        except BaseException:\n            subscriber.forget()\n            raise\n",
        "        except BaseException:\n            raise\n",
        FEED,
    ),
    Mutant(
        "subscription: shows what is passed over",
        SUBSCRIPTION,
        "[event for event in events if event.position not in passed_over] if passed_over else list(events)",
        "list(events)",
        FEED,
    ),
    Mutant(
        "subscription: goes on behind what it cannot take",
        SUBSCRIPTION,
        "                if not await self._took_one_by_one(events):\n                    return\n",
        "                self.position = events[-1].position\n",
        FEED,
    ),
    # -- rebuilds ------------------------------------------------------------------------------
    Mutant(
        "swap: earlier than the build that serves",
        REBUILD,
        'max(serving["position"], until) - self.position',
        "until - self.position",
        FEED,
    ),
    Mutant(
        "swap: the other build goes on serving",
        REBUILD,
        "            await connection.execute(_RETIRE, name)\n",
        "",
        FEED,
    ),
    Mutant(
        "rebuild: moves from wherever it is",
        REBUILD,
        "where name = $1 and build = $2 and position = $3 and not serving",
        "where name = $1 and build = $2 and $3 >= 0 and not serving",
        FEED,
    ),
    Mutant("rebuild: shows what is passed over", REBUILD, "await skipped(pool, name)", "frozenset()", FEED),
)
