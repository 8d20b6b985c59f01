"""Pages for those who look after the service: alive, ready, figures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot.metrics import CONTENT_TYPE, Metrics
from services import migrate
from services.db import Database

PATIENCE_SECONDS = 3.0

Loops: TypeAlias = Callable[[], Awaitable[Sequence[tuple[str, bool]]]]  # name of a loop → whether it is alive


@dataclass(frozen=True, slots=True)
class Operations:
    """What the pages look at."""

    db: Database
    metrics: Metrics
    loops: Loops


OPERATIONS = web.AppKey("operations", Operations)


def mount(app: web.Application, operations: Operations) -> None:
    """Add `/healthz`, `/readyz` and `/metrics`."""
    app[OPERATIONS] = operations
    app.router.add_get("/healthz", _alive)
    app.router.add_get("/readyz", _ready)
    app.router.add_get("/metrics", _figures)


async def _alive(_request: web.Request) -> web.Response:
    return web.json_response({"ok": True}, headers={"Cache-Control": "no-store"})


async def _ready(request: web.Request) -> web.Response:
    operations = request.app[OPERATIONS]
    revision = await _revision(operations.db)
    checks = {
        "database": revision is not None,
        "migrations": revision == migrate.head() or (bool(revision) and revision not in migrate.known()),
        **dict(await operations.loops()),
    }
    ready = all(checks.values())
    return web.json_response(
        {"ok": ready, "checks": checks}, status=200 if ready else 503, headers={"Cache-Control": "no-store"}
    )


async def _figures(request: web.Request) -> web.Response:
    return web.Response(body=request.app[OPERATIONS].metrics.render(), headers={"Content-Type": CONTENT_TYPE})


async def _revision(db: Database) -> str | None:
    """Return the database's revision, "" when it has none, None when it can't be reached."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), db.reading() as session:
            return await migrate.revision(session) or ""
    except (OSError, SQLAlchemyError):  # a time-out is an OSError, too
        return None
