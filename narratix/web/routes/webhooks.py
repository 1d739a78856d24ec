"""Webhooks, both ways: what we tell others of a job's end, and what a vendor tells us."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from narratix.keys import ApiKey
from narratix.signing import webhook_secrets
from narratix.web.context import LAST_POSITION, Actor, Here, Web, administrator, as_json, operator, visitor
from narratix.web.described import problems
from narratix.web.models import JOB, Answer
from narratix.web.problems import Problem, invalid, malformed
from narratix.webhooks.deliveries import NoSuchDelivery, NotRevived, deliver_again
from narratix.webhooks.deliveries import deliveries as found
from narratix.webhooks.inbound import hear
from narratix.webhooks.outbound import Refused, checked_address
from narratix.webhooks.signing import Forged, checked, secret_of, written

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"])


class Secret(Answer):
    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="])


class DeliveryEntry(Answer):
    """Of an address only the host is shown: the rest may be a secret of its owner."""

    id: int
    job_id: UUID = Field(examples=[JOB])
    type: Literal["job.completed", "job.failed"]
    target: Literal["submitter", "service"]
    host: str | None = Field(examples=["example.org"], description="null where it is the service's, or forgotten.")
    state: Literal["waiting", "sending", "delivered", "dead"]
    attempt: int
    status: int | None = Field(description="What the last attempt was answered; null where it was not.")
    reason: str | None
    next_attempt_at: datetime | None
    created_at: datetime
    settled_at: datetime | None


class DeliveryList(Answer):
    deliveries: list[DeliveryEntry]


def webhook_of(wish: str, request: Request, web: Web) -> str:
    """The address that a submission names, where it may. Raises Problem (422)."""
    if not wish:
        return ""
    key: ApiKey | None = getattr(request.state, "key", None)
    if key is None and web.clients.needs_token(request):
        raise invalid([("webhook", "A webhook is for callers with a key, whose secret it is signed with.")])
    try:
        checked_address(wish, strict=web.services.settings.environment != "development")
    except Refused as refused:
        raise invalid([("webhook", str(refused))]) from refused
    return wish


@router.get(
    "/secret", response_model=Secret, responses=problems(401, 403), dependencies=[Depends(visitor)],
    summary="Get the secret of your webhooks",
)  # fmt: skip
async def secret(request: Request, web: Here, actor: Actor) -> Response:
    """What the messages to webhooks are signed with that this key names: check them by it, as Standard Webhooks say."""
    if getattr(request.state, "key", None) is None and web.clients.needs_token(request):
        raise Problem(403, "A key is needed", "A webhook's secret belongs to a key; ask with one.")
    return as_json({"secret": written(webhook_secrets(web.services.settings, actor)[0])})


@router.get(
    "/deliveries", response_model=DeliveryList, responses=problems(401, 403, 422), dependencies=[Depends(operator)],
    summary="What was delivered, what waits, and what was given up",
)  # fmt: skip
async def deliveries(
    web: Here,
    job_id: UUID | None = None,
    state: Annotated[Literal["waiting", "sending", "delivered", "dead"] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """The newest first."""
    return as_json({"deliveries": await found(web.services.pool, job_id=job_id, state=state, limit=limit)})


@router.post(
    "/deliveries/{delivery}/retry", status_code=202, response_model=DeliveryEntry, dependencies=[Depends(administrator)],
    responses=problems(401, 403, 404, 409), summary="Let a delivery that was given up be tried again",
)  # fmt: skip
async def retry(delivery: Annotated[int, Path(ge=1, le=LAST_POSITION)], web: Here) -> Response:
    """At once, and from the first attempt; the receiver knows the message by its id, which stays. For who runs the service
    (scope `admin`)."""
    pool, settings = web.services.pool, web.services.settings
    try:
        await deliver_again(pool, delivery, service=bool(settings.webhook_url.get_secret_value()))
    except NoSuchDelivery as missing:
        raise Problem(404, "No such delivery", f"There is no delivery {delivery}.") from missing
    except NotRevived as problem:
        raise Problem(409, "It cannot be tried again", str(problem)) from problem
    [row] = await found(pool, id=delivery)
    return as_json(row, 202)


class _Ended(msgspec.Struct):
    id: str


@router.post(
    "/replicate", status_code=204, responses=problems(400, 403, 404, 409), summary="For Replicate: a prediction ended",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
                    "example": {"id": "ufawqhfynnddngldkgtslldrkq", "status": "succeeded"},
                }
            },
        }
    },
)  # fmt: skip
async def replicate(request: Request, web: Here) -> Response:
    """Signed as in Standard Webhooks, no more than five minutes old, and never twice. It only wakes who waits: what came
    of the prediction is asked of Replicate."""
    secret = web.services.settings.replicate_webhook_secret.get_secret_value()
    if not secret:
        raise Problem(404, "Nothing is told here", "NARRATIX_REPLICATE_WEBHOOK_SECRET is not set.")
    body = await request.body()
    try:
        message = checked([secret_of(secret)], request.headers, body, time.time())
    except Forged as forged:
        raise Problem(403, "This message is not believed", str(forged)) from forged
    try:
        ended = msgspec.json.decode(body, type=_Ended)
    except msgspec.MsgspecError as problem:
        raise malformed("This is no prediction.") from problem
    if not re.fullmatch(r"[A-Za-z0-9]{1,64}", ended.id):
        raise malformed("This is no prediction's id.")
    if not await hear(web.services.pool, message, ended.id):
        raise Problem(409, "This was heard before", "The message came a second time; it changes nothing.")
    return Response(status_code=204)
