"""write_script: the text is read into a script, whose tiling is checked before it is put on record."""

from __future__ import annotations

from narratix.events.catalogue import Event, JobRetried, JobSubmitted, ScriptWritten
from narratix.handlers.handler import Handler, Ports
from narratix.job import Job
from narratix.ports import ProviderError
from narratix.script.tiling import NothingToRead, TilingBroken, check_tiling


async def run(ports: Ports, job: Job, _item: str) -> Event:
    text = await ports.texts.get(job.text_sha256)
    try:
        script = await ports.language.write_script(text)
        check_tiling(text, script.segments)
    except NothingToRead as problem:
        raise ProviderError(str(problem), permanent=True) from problem
    except TilingBroken as problem:
        raise ProviderError(f"The script does not cover the text: {problem}") from problem
    return ScriptWritten(
        engine=script.engine,
        text_sha256=job.text_sha256,
        language=script.language,
        segments=script.segments,
        cast=script.cast,
        music=script.music,
        effects=script.effects,
        notes=script.notes,
        usage=script.usage,
    )


WRITE_SCRIPT = Handler(
    name="write_script",
    uses="language",
    wakes_on=(JobSubmitted, JobRetried),
    items=lambda _job: [""],
    done=lambda job, _item: job.script is not None,
    inputs=lambda job, _item: (job.text_sha256,),
    run=run,
    light=True,
    time_limit=600,
)
