"""How the errors of the routes are described."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from narratix.web.models import ProblemBody

_SAID: Final = {
    400: "The body is not a JSON object in UTF-8.",
    401: "The page's token is needed.",
    403: "The address was altered, or it has expired.",
    404: "There is no such thing.",
    409: "Not in this state of the job.",
    410: "The drama has expired.",
    413: "The story has more than 50 KB.",
    415: "The body must be application/json.",
    422: "Some fields need another look; `errors` tells which and why.",
    429: "Too much from one address; Retry-After tells when to come again.",
    503: "The service cannot do this now; Retry-After tells when to come again.",
}

Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """The errors that a route can answer, besides 503, which every one can."""
    return {
        status: {
            "description": _SAID[status],
            "model": ProblemBody,
            "content": {
                "application/problem+json": {
                    "example": {
                        "type": "about:blank",
                        "title": HTTPStatus(status).phrase,
                        "status": status,
                        "detail": _SAID[status],
                    }
                }
            },
        }
        for status in sorted({*statuses, 503})
    }


def content(media_type: str, description: str, example: str) -> dict[str, Any]:
    """An answer that is not JSON."""
    return {"description": description, "content": {media_type: {"schema": {"type": "string"}, "example": example}}}
