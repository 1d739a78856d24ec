"""Errors as RFC 9457 problems: what was wrong, where, and what to do now."""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from narratix.commands import CommandRefused, KeyReused, NoSuchJob, NotNow, NotPerformable
from narratix.events.codec import Unreadable
from narratix.events.store import UNREACHABLE, StoreError
from narratix.ports import NotStored, ProviderError
from narratix.providers.storage.directory import AddressRefused
from narratix.results import Expired, NotFinished
from narratix.spend import OverBudget

log = structlog.get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = 5


class Problem(Exception):
    """An answer that is an error. `errors` are pairs of a field ("options.engine") and what is wrong with it."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        errors: Sequence[tuple[str, str]] = (),
        retry_after: float | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = errors
        self.retry_after = retry_after
        self.extensions = extensions

    def response(self, headers: Mapping[str, str] | None = None) -> Response:
        sent = {"Cache-Control": "no-store", **(headers or {})}
        if self.retry_after is not None:
            sent["Retry-After"] = str(max(1, math.ceil(self.retry_after)))
        if self.status == 401:
            sent["WWW-Authenticate"] = 'Bearer realm="narratix"'
        body = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **({"errors": [{"field": field, "message": said} for field, said in self.errors]} if self.errors else {}),
            **self.extensions,
        }
        return Response(msgspec.json.encode(body), self.status, sent, MEDIA_TYPE)


def invalid(errors: Sequence[tuple[str, str]]) -> Problem:
    """What was sent is well formed, and some fields of it cannot be."""
    fields = "One field needs" if len(errors) == 1 else f"{len(errors)} fields need"
    return Problem(422, "The request was not accepted", f"{fields} another look; see errors.", errors=errors)


def malformed(detail: str) -> Problem:
    return Problem(400, "The request is malformed", detail)


def unavailable(detail: str, retry_after: float = RETRY_SECONDS) -> Problem:
    return Problem(503, "Not available now", detail, retry_after=retry_after)


# -- from exceptions ---------------------------------------------------------------------------


def problem_of(error: Exception) -> Problem | None:
    """What to say of an exception; None for one that only a bug can explain."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return _of_validation(error)
        case HTTPException():
            return _of_http(error)
        case NoSuchJob():
            return Problem(404, "No such job", f"{error} The address may have been mistyped.")
        case Expired():
            return Problem(410, "Expired", str(error))
        case NotFinished():
            return Problem(409, "Not finished", str(error), job_status=error.status)
        case NotNow():
            return Problem(409, "Not possible now", str(error))
        case KeyReused():
            return invalid([("Idempotency-Key", str(error))])
        case NotPerformable():
            return invalid([(error.field, str(error))])
        case OverBudget():
            return Problem(503, "The spending limit is reached", str(error), retry_after=error.seconds)
        case CommandRefused():
            return Problem(409, "Refused", str(error))
        case AddressRefused():
            return Problem(403, "This address is not valid", str(error))
        case NotStored():
            return Problem(404, "Nothing is stored here", str(error))
        case ProviderError():
            return unavailable(str(error), error.retry_after or RETRY_SECONDS)
        case Unreadable():
            return None
        case StoreError():
            return unavailable("The database does not answer. Nothing was recorded; try again in a moment.")
        case _ if isinstance(error, (*UNREACHABLE, TimeoutError)):
            return unavailable("The database does not answer. Try again in a moment.")
        case _:
            return None


def _of_http(error: HTTPException) -> Problem:
    match error.status_code:
        case 404:
            return Problem(404, "No such address", "There is nothing at this address; /docs lists all there is.")
        case 405:
            allowed = (error.headers or {}).get("Allow", "")
            return Problem(405, "Not allowed here", f"This address answers {allowed or 'other methods'} only.")
        case 413:
            return Problem(413, "Too large", TOO_LARGE)
        case 400:
            return malformed("The body could not be read as JSON in UTF-8.")
        case status:
            return Problem(status, HTTPStatus(status).phrase, str(error.detail))


TOO_LARGE: Final = "A story sent to the web can have up to 50 KB of UTF-8. Shorten it, or use `narratix render`, which takes any length."

_SENTENCES: Final = {
    "missing": "This is needed and was not given.",
    "extra_forbidden": "There is no such field; see /docs for those there are.",
    "string_type": "This must be a text.",
    "bool_type": "This must be true or false.",
    "int_type": "This must be a whole number.",
    "uuid_parsing": "This is not the id of a job.",
}


def _of_validation(error: RequestValidationError) -> Problem:
    found = error.errors()
    for one in found:
        if one["type"] == "json_invalid":
            at = one["loc"][-1]
            return malformed(f"The body is not JSON: {one['ctx']['error']} at character {at}.")
        if one["type"] in ("model_attributes_type", "model_type", "dict_type") and one["loc"] == ("body",):
            return malformed("The body must be a JSON object.")
    if any(one["loc"] == ("body",) and one["type"] == "missing" for one in found):
        return malformed("A body is needed: a JSON object.")
    if any(one["loc"] == ("path", "job_id") for one in found):
        return Problem(404, "No such job", "This is not the id of a job. The address may have been mistyped.")
    if any(one["loc"][0] == "path" for one in found):
        return Problem(404, "Nothing is here", "There cannot be such a thing. The address may have been mistyped.")
    return invalid([(_field(one["loc"]), _sentence(one)) for one in found])


def _field(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc[1:] if part != "[key]") or str(loc[0])


def _sentence(one: dict[str, Any]) -> str:
    said = _SENTENCES.get(one["type"]) or str(one["msg"]).removeprefix("Value error, ")
    return said if said.endswith((".", "!", "?")) else f"{said}."


# -- handlers ----------------------------------------------------------------------------------


async def answer(request: Request, error: Exception) -> Response:
    """The handler of every exception that has a problem; others go on to the outermost layer."""
    problem = problem_of(error)
    if problem is None:
        raise error
    if problem.status == 400 and not _is_json(request.headers.get("content-type", "")) and await request.body():
        problem = Problem(415, "Not the right type", "Send the body as JSON, with Content-Type: application/json.")
    if problem.status == 503:
        log.warning("unavailable", path=request.url.path, reason=str(error) or type(error).__name__)
    headers = error.headers if isinstance(error, HTTPException) else None
    return problem.response(headers)


def _is_json(content_type: str) -> bool:
    return re.fullmatch(r"application/(\S+\+)?json", content_type.partition(";")[0].strip().lower()) is not None


HANDLED: Final[tuple[type[Exception], ...]] = (
    Problem,
    RequestValidationError,
    HTTPException,
    CommandRefused,
    OverBudget,
    AddressRefused,
    ProviderError,
    StoreError,
    TimeoutError,
    *UNREACHABLE,
)

Handler = Callable[[Request, Exception], Awaitable[Response]]

EXCEPTION_HANDLERS: Final[Mapping[Any, Handler]] = dict.fromkeys(HANDLED, answer)
