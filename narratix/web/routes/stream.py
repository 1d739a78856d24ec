"""A drama that is heard while it is made."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from narratix.sound.hls import CONTENT_TYPE
from narratix.web.context import Here, visitor
from narratix.web.described import content, problems
from narratix.web.listening import playlist_of

router = APIRouter(
    prefix="/api/demo/stream", tags=["demo"], dependencies=[Depends(visitor)], responses=problems(401, 403)
)


@router.get(
    "/{job_id}/playlist.m3u8",
    response_class=Response,
    responses={
        **problems(404, 410),
        200: content(
            CONTENT_TYPE,
            "An HLS playlist that grows until the drama is made. It names files by signed addresses, which work "
            "for a day at most.",
            "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-PLAYLIST-TYPE:EVENT\n",
        ),
    },
    summary="Hear a drama while it is made",
)
async def playlist(job_id: UUID, web: Here) -> Response:
    """Asked for too early, it answers as soon as the beginning can be heard."""
    written = await playlist_of(web.services, web.addresses, job_id)
    return Response(written, 200, {"Cache-Control": "no-store"}, CONTENT_TYPE)
