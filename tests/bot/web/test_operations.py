"""The pages for those who look after the service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.metrics import Metrics
from bot.web.operations import Operations, mount
from services.db import Database

Client = TestClient[web.Request, web.Application]
Open = Callable[[Database], Awaitable[Client]]
NOW = datetime(2026, 4, 12, 2, tzinfo=UTC)


class Loops:
    """The loops of a service, dead or alive."""

    def __init__(self) -> None:
        self.alive = {"intake": True, "delivery": True}

    async def __call__(self) -> Sequence[tuple[str, bool]]:
        return list(self.alive.items())


@pytest.fixture
def loops() -> Loops:
    return Loops()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def visit(loops: Loops, metrics: Metrics) -> AsyncIterator[Open]:
    """Open the pages over a database."""
    clients: list[Client] = []

    async def opened(db: Database) -> Client:
        app = web.Application()
        mount(app, Operations(db, metrics, loops))
        clients.append(TestClient(TestServer(app)))
        await clients[-1].start_server()
        return clients[-1]

    yield opened
    for client in clients:
        await client.close()


async def _json(client: Client, path: str) -> tuple[int, Any]:
    async with client.get(path) as answer:
        return answer.status, await answer.json()


async def test_a_process_that_answers_is_alive(visit: Open, database: Database) -> None:
    assert await _json(await visit(database), "/healthz") == (200, {"ok": True})


async def test_a_service_is_ready_with_its_database_its_revision_and_its_loops(
    visit: Open, database: Database, loops: Loops
) -> None:
    client = await visit(database)
    checks = {"database": True, "migrations": True, "intake": True, "delivery": True}
    assert await _json(client, "/readyz") == (200, {"ok": True, "checks": checks})
    loops.alive["delivery"] = False
    assert await _json(client, "/readyz") == (503, {"ok": False, "checks": checks | {"delivery": False}})


async def test_a_database_without_tables_is_not_ready(visit: Open, tmp_path_factory: pytest.TempPathFactory) -> None:
    db = Database(f"sqlite:///{tmp_path_factory.mktemp('bare')}/bare.db")
    status, found = await _json(await visit(db), "/readyz")
    await db.dispose()
    assert status == 503
    assert (found["checks"]["database"], found["checks"]["migrations"]) == (True, False)


async def test_a_database_that_is_away_is_not_ready(visit: Open, unused_tcp_port: int) -> None:
    db = Database(f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/none")
    status, found = await _json(await visit(db), "/readyz")
    await db.dispose()
    assert status == 503
    assert (found["checks"]["database"], found["checks"]["migrations"]) == (False, False)


async def test_the_figures_are_written_as_prometheus_reads_them(visit: Open, sqlite_url: str, metrics: Metrics) -> None:
    metrics.stored("telegram", 3)
    metrics.turn("done", 0.03)
    metrics.dead("sms")
    metrics.sent("telegram", "accepted", 0.2)
    metrics.queue("inbox", waiting=4, oldest=NOW - timedelta(seconds=9), now=NOW)
    metrics.queue("outbox", waiting=0, oldest=None, now=NOW)
    db = Database(sqlite_url)
    async with (await visit(db)).get("/metrics") as answer:
        written = await answer.text()
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    await db.dispose()
    for line in (
        'ownerline_events_stored_total{channel="telegram"} 3.0',
        'ownerline_turn_seconds_bucket{le="0.05",outcome="done"} 1.0',
        'ownerline_events_dead_total{channel="sms"} 1.0',
        'ownerline_sends_total{channel="telegram",outcome="accepted"} 1.0',
        'ownerline_send_seconds_count{channel="telegram"} 1.0',
        'ownerline_queue_waiting{queue="inbox"} 4.0',
        'ownerline_queue_oldest_seconds{queue="inbox"} 9.0',
        'ownerline_queue_oldest_seconds{queue="outbox"} 0.0',
    ):
        assert line in written
