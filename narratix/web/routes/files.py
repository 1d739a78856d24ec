"""Files of the directory store, under the addresses that it signed. With object storage nothing is served here."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import FileResponse, Response

from narratix.providers.storage.directory import DirectoryStorage
from narratix.providers.storage.keys import content_disposition
from narratix.web.context import Here
from narratix.web.described import content, problems
from narratix.web.problems import Problem

router = APIRouter(prefix="/files", tags=["files"])


@router.get(
    "/{key:path}",
    response_class=FileResponse,
    responses={
        **problems(403, 404, 416, 422),
        200: content("application/octet-stream", "The file; its type is that of its content.", "…"),
        206: {"description": "The bytes that `Range` asked for."},
    },
    summary="A file, by its signed address",
)
async def file(
    key: Annotated[str, Path(max_length=512)],
    web: Here,
    expires: Annotated[int, Query(ge=0)],
    signature: str,
    filename: str | None = None,
) -> Response:
    storage = web.services.ports.storage
    if not isinstance(storage, DirectoryStorage):
        raise Problem(404, "Nothing is stored here", "The files of this service lie in object storage.")
    now = time.time()
    storage.verify(key, expires, signature, filename, now)
    if (stored := await storage.head(key)) is None:
        raise Problem(404, "Nothing is stored here", "This file was deleted. Its job may have expired.")
    headers = {"Cache-Control": f"private, max-age={max(0, int(expires - now))}"}
    if filename is not None:
        headers["Content-Disposition"] = content_disposition(filename)
    return FileResponse(storage.path(key), headers=headers, media_type=stored.content_type)
