"""For those who run the service."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, Response

from narratix.web.context import Here, as_json, operator, visitor
from narratix.web.described import content, problems
from narratix.web.docs import docs_page
from narratix.web.health import attention, reasons_against, status_headers, status_page
from narratix.web.models import Health
from narratix.web.page import security_headers
from narratix.web.problems import unavailable

router = APIRouter(tags=["operators"])


@router.get("/health/live", response_model=Health, summary="Whether the process lives")
async def live() -> Response:
    """Asks nobody."""
    return as_json({"status": "live"})


@router.get("/health/ready", response_model=Health, responses=problems(), summary="Whether it can do its work")
async def ready(web: Here) -> Response:
    """The database answers and is at this release's migration, and the storage answers. `attention` says what waits for
    somebody all the same."""
    if reasons := await reasons_against(web.services):
        problem = unavailable(" ".join(reasons))
        problem.extensions = {"reasons": reasons}
        raise problem
    commit, waits = web.services.settings.commit, await attention(web.services)
    return as_json(
        {"status": "ready"} | ({"commit": commit} if commit else {}) | ({"attention": waits} if waits else {})
    )


@router.get(
    "/metrics",
    response_class=Response,
    dependencies=[Depends(operator)],
    responses={
        **problems(401, 403),
        200: content("text/plain", "In the format of Prometheus.", "narratix_streams 3.0"),
    },
    summary="Figures for Prometheus",
)
async def metrics(web: Here) -> Response:
    return Response(await web.metrics.scrape(web.services), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/status", response_class=HTMLResponse, summary="The same for people")
async def status(web: Here) -> Response:
    return HTMLResponse(await status_page(web.services), headers=status_headers())


@router.get("/docs", response_class=HTMLResponse, dependencies=[Depends(visitor)], summary="This description")
async def docs(request: Request) -> Response:
    return HTMLResponse(docs_page(request.app.openapi()), headers=security_headers())


@router.get("/openapi.json", dependencies=[Depends(visitor)], summary="This description, for programs")
async def openapi(request: Request) -> Response:
    return as_json(request.app.openapi())
