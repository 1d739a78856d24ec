"""Events of a newer release go through every part of an older one: carried and shown, never in the way."""

from __future__ import annotations

import asyncio
import json
import uuid

from narratix.events.catalogue import Event, JobCompleted
from narratix.events.codec import Unknown
from narratix.projections import PROJECTIONS
from narratix.projections.builds import builds
from narratix.projections.job_status import JOB_STATUS
from narratix.projections.projection import Reader
from narratix.projections.verify import verify
from narratix.services import Services
from narratix.web.broadcaster import Broadcaster
from narratix.web.statuses import Statuses
from tests.core.built import ignore, until_caught_up

STORY = "The rain fell.\n\n“Who is there?” whispered Anna.\n"

_STRANGER = """
select last_version from append_many(1, array[1], array[$1::uuid], array[$2::uuid], array[null]::int[],
    array['DramaTranslated'], array[3::smallint], array['{"language":"fr"}'], array['{}'], '{}', '{}', '{}', '{}', '{}', '{}')
"""


async def stranger(services: Services, job_id: uuid.UUID) -> int:
    version: int = await services.pool.fetchval(_STRANGER, uuid.uuid4(), job_id)
    return version


async def test_given_a_job_with_a_stranger_when_it_is_made_then_every_part_carries_it(narratix: Services) -> None:
    broadcaster = Broadcaster(narratix.feed, narratix.store)
    job_id = await narratix.commands.submit(STORY)
    channel = await broadcaster.open(job_id)
    try:
        version = await stranger(narratix, job_id)

        # the router and the workers make the drama all the same
        async with asyncio.timeout(60):
            while not any(
                isinstance(e.data, JobCompleted) for e in await narratix.store.read_types(job_id, JobCompleted)
            ):
                await asyncio.sleep(0.05)
        await until_caught_up(narratix.pool)

        # the projections count its version and are what a refold gives
        row = await Reader(JOB_STATUS, narratix.pool).get(str(job_id))
        assert row is not None
        events = await narratix.store.read(job_id)
        assert (row.status, row.version) == ("completed", events[-1].version)
        for projection in PROJECTIONS:
            assert (await verify(narratix.pool, narratix.store, projection, ignore)).difference is None
        assert not any(build.stopped for build in await builds(narratix.pool, {}))

        # the history shows it as it was written
        event: Event = events[version - 1].data
        assert event == Unknown(type="DramaTranslated", data={"language": "fr"})
        told = json.loads(events[version - 1].as_json())
        assert (told["type"], told["schema_version"], told["data"]) == ("DramaTranslated", 3, {"language": "fr"})

        # who listened has every version of it, and who comes later too
        async with asyncio.timeout(10):
            while channel.version < events[-1].version:
                await asyncio.sleep(0.02)
        heard, _ = channel.chunk(0, True)
        assert b'"type":"DramaTranslated"' in heard
        assert (await Statuses(Reader(JOB_STATUS, narratix.pool), narratix.store).get(job_id)).version == row.version
    finally:
        broadcaster.leave(channel)
        await broadcaster.close()
