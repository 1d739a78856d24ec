"""The routes, in the order in which the description shows them."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from narratix.web.routes import audit, demo, files, jobs, operators, page, spending, stream, webhooks

ROUTERS: Final[tuple[APIRouter, ...]] = (
    demo.router,
    spending.router,
    stream.router,
    page.router,
    files.router,
    jobs.router,
    audit.router,
    webhooks.router,
    operators.router,
)
