"""A story in, a drama out."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from sse_starlette import EventSourceResponse
from starlette.responses import Response

from narratix.results import result as result_of
from narratix.web.context import NEWEST_VERSION, Actor, Here, Web, as_json, rate_limited, visitor
from narratix.web.described import problems, streamed
from narratix.web.models import JOB, Accepted, Result, Status, Story
from narratix.web.requests import Feedback, Revision, StoryWish, Submission
from narratix.web.routes.webhooks import webhook_of
from narratix.web.stories import check_size, options_of, story_stream, story_view, written
from narratix.web.streams import EventStream, open_stream
from narratix.web.views import links, status_view

router = APIRouter(prefix="/api/demo", tags=["demo"], dependencies=[Depends(visitor)], responses=problems(401, 403))

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        pattern=r"^[\x21-\x7e]*$",
        description="The same key with the same story makes no second job.",
    ),
]
LastEventId = Annotated[
    int | None, Header(alias="Last-Event-ID", ge=0, le=NEWEST_VERSION, description="Wins over `after`.")
]
After = Annotated[int | None, Query(ge=0, le=NEWEST_VERSION, description="Resume after this version.")]


TOLD = streamed(
    "The whole story; or, with `Accept: text/event-stream`, its `title`, a `paragraph` each, and the whole `story`.",
    'event: title\ndata: {"title":"The Bell"}\n\nevent: paragraph\ndata: {"number":0,"text":"It rang at noon."}\n\n',
)


@router.post(
    "/submit", status_code=202, response_model=Accepted, responses=problems(400, 413, 415, 422, 429),
    dependencies=[Depends(rate_limited)], summary="Submit a story",
)  # fmt: skip
async def submit(
    story: Submission, request: Request, web: Here, actor: Actor, idempotency_key: IdempotencyKey = ""
) -> Response:
    """The story is on record when this is answered; follow `links.events`. Where a token is needed, that link carries
    one for an hour, which opens this stream to an `EventSource` on any allowed origin; the status has a new one."""
    check_size(story.text, web.services.settings.max_text_bytes)
    options = await options_of(story.options, web.services.ports)
    commands = web.services.commands
    web.services.warmth.kindle(options.engine)
    job_id = await commands.submit(
        story.text,
        title=story.title,
        options=options,
        actor=actor,
        idempotency_key=idempotency_key,
        webhook=webhook_of(story.webhook, request, web),
    )
    return _accepted(job_id, request, web)


@router.get("/status/{job_id}", response_model=Status, responses=problems(404), summary="See where a job is")
async def status(job_id: UUID, request: Request, web: Here) -> Response:
    """Never behind an answer that was given before."""
    view = status_view(await web.statuses.get(job_id))
    return as_json(view | {"links": _admitting(view["links"], request, web)})


@router.get(
    "/events/{job_id}",
    summary="Follow a job",
    response_class=Response,
    responses={
        **problems(404, 422, 429),
        200: streamed(
            "`event: status` for every version, `id` being the version and the data the status view. With "
            "`include=events`, each is preceded by `event: recorded` with the event that made it. A new listener gets "
            "the current status first; one that names where it is gets everything after. Ends with the job, or after "
            "14 minutes; come back with the last id.",
            f'event: status\nid: 1\ndata: {{"job_id":"{JOB}","status":"queued","version":1}}\n\n',
        ),
        204: {"description": "The job has ended, and all of it was delivered before."},
    },
)
async def events(
    job_id: UUID,
    web: Here,
    request: Request,
    after: After = None,
    last_event_id: LastEventId = None,
    include: Annotated[Literal["", "events"], Query(description="`events` adds the recorded events.")] = "",
    _token: Annotated[str, Query(alias="token", description="From `links.events`, where no cookie can be sent.")] = "",
) -> Response:
    """Server-sent events. Every version comes once, in order, through any number of reconnections."""
    with_events = include == "events"
    cursor = last_event_id if last_event_id is not None else after
    if cursor is None and with_events:
        cursor = 0
    client = web.clients.network(request)
    stream = await open_stream(web.broadcaster, web.seats, client, job_id, cursor, with_events)
    return EventStream(stream) if stream is not None else Response(status_code=204)


@router.get(
    "/result/{job_id}", response_model=Result, responses=problems(404, 409, 410), summary="Get the finished drama"
)
async def result(job_id: UUID, web: Here) -> Response:
    """Addresses of the files work until `audio.expires_at`; ask again for new ones."""
    return as_json(await result_of(web.services, job_id))


@router.post(
    "/cancel/{job_id}", status_code=202, response_model=Accepted, responses=problems(404, 409), summary="Call it off"
)
async def cancel(job_id: UUID, request: Request, web: Here, actor: Actor) -> Response:
    """What was made so far is kept. Calling off what is called off changes nothing."""
    await web.services.commands.cancel(job_id, actor=actor)
    return _accepted(job_id, request, web)


@router.post(
    "/retry/{job_id}", status_code=202, response_model=Accepted, responses=problems(404, 409), summary="Let it go on"
)
async def retry(job_id: UUID, request: Request, web: Here, actor: Actor) -> Response:
    """A failed or cancelled job goes on from where it stopped."""
    await web.services.commands.retry(job_id, actor=actor)
    return _accepted(job_id, request, web)


@router.post(
    "/revise/{job_id}", status_code=202, response_model=Accepted, responses=problems(400, 404, 409, 415, 422, 429),
    dependencies=[Depends(rate_limited)], summary="Change a line",
)  # fmt: skip
async def revise(job_id: UUID, given: Revision, request: Request, web: Here, actor: Actor) -> Response:
    """A finished drama goes on: the line is spoken anew, and what it is heard in is mixed anew. The story's own text
    stays as it is."""
    await web.services.commands.revise(
        job_id, given.line, text=given.text, speaker=given.speaker, direction=given.direction, actor=actor
    )
    return _accepted(job_id, request, web)


@router.post(
    "/feedback/{job_id}", status_code=202, response_model=Accepted, responses=problems(400, 404, 409, 415, 422),
    summary="Say what you think of it",
)  # fmt: skip
async def feedback(job_id: UUID, given: Feedback, request: Request, web: Here, actor: Actor) -> Response:
    """For finished dramas."""
    await web.services.commands.give_feedback(job_id, given.rating, given.comment, actor=actor)
    return _accepted(job_id, request, web)


@router.post(
    "/generate-text", response_model=Story, responses={**problems(400, 415, 422, 429), 200: TOLD},
    dependencies=[Depends(rate_limited)], summary="Have a story written",
)  # fmt: skip
async def generate_text(wish: StoryWish, web: Here, actor: Actor, request: Request) -> Response:
    """With `Accept: text/event-stream` the story comes as `title`, a `paragraph` each, and the whole `story`."""
    if "text/event-stream" in request.headers.get("accept", ""):
        told = await story_stream(wish, web.services, actor)
        headers = {"Cache-Control": "no-store, no-transform"}
        return EventSourceResponse(told, sep="\n", headers=headers, send_timeout=30)
    return as_json(story_view(await written(wish, web.services, actor)))


def _accepted(job_id: UUID, request: Request, web: Web) -> Response:
    return as_json({"job_id": job_id, "links": _admitting(links(str(job_id)), request, web)}, 202)


def _admitting(found: dict[str, str | None], request: Request, web: Web) -> dict[str, str | None]:
    assert found["events"] is not None
    return found | {"events": web.clients.admitting(found["events"], request)}
