"""The payment provider's hook: who may call it, what is booked, what is put before finance, what a repeat does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from bot import paying
from services.models import Bill, Community, Outgoing, Payment, ProviderCall, Unit
from services.money import reconcile, standing
from tests.support.line import START, Line

SECRET = "a secret of the tests"
TOLERANCE = timedelta(minutes=5)


@pytest.fixture
async def till(line: Line) -> AsyncIterator[Any]:
    """Return a browser of the provider on the hook."""
    receive = paying.receiver(line.db, secret=SECRET, tolerance=TOLERANCE, machine=lambda: START, now=lambda: START)
    app = web.Application()
    app.router.add_post(paying.PATH, receive)
    async with TestClient(TestServer(app)) as client:
        yield client


async def call(till: Any, *, at: timedelta = timedelta(), secret: str = SECRET, slug: str = "", **said: Any) -> Any:
    """Tell of money; returns status and answer."""
    body = orjson.dumps({"id": "a1", "cents": 75_264, "paid_at": "2026-04-12T08:00:00+08:00", **said})
    signed = paying.signature(secret, body, at=int((START + at).timestamp()))
    headers = {paying.SIGNATURE_HEADER: signed}
    answer = await till.post(f"/pay/{slug or 'sunshine-garden'}", data=body, headers=headers)
    return answer.status, await answer.json()


async def owing(line: Line) -> tuple[str, int]:
    """Return a unit that owes something, as the provider names it, and its id."""
    async with line.db.reading() as session:
        unit = (await session.scalars(select(Unit).join(Bill, Bill.unit_id == Unit.id).where(standing.OPEN))).first()
        assert unit is not None
        return f"{unit.building}-{unit.entrance}-{unit.room}", unit.id


async def test_money_is_booked_once_however_often_it_is_told(line: Line, till: Any) -> None:
    name, unit_id = await owing(line)
    for _ in range(3):
        assert await call(till, unit=name, payer="王芳", way="wechat") == (200, {"state": "booked", "why": ""})
    async with line.db.reading() as session:
        paid = (await session.scalars(select(Payment).where(Payment.source == "provider"))).one()
        assert (paid.cents, paid.unit_id, paid.way, paid.payer) == (75_264, unit_id, "wechat", "王芳")
        assert paid.paid_on.isoformat() == "2026-04-12"
        community_id = int(await session.scalar(select(Community.id)) or 0)
        assert (await reconcile.totals(session, community_id=community_id)).balanced


async def test_a_refund_opens_the_bills_again(line: Line, till: Any) -> None:
    name, _ = await owing(line)
    await call(till, unit=name, cents=10_000)
    assert (await call(till, id="r1", cents=4_000, refund_of="a1"))[1]["state"] == "booked"
    assert (await call(till, id="r2", cents=6_001, refund_of="a1"))[1] == {"state": "unmatched", "why": "sum"}
    async with line.db.reading() as session:
        sums = (await session.scalars(select(Payment.cents).where(Payment.source == "provider"))).all()
        assert sorted(sums) == [-4_000, 10_000]


@pytest.mark.parametrize(("said", "why"), [({"unit": "9-9-999"}, "unit"), ({"refund_of": "never"}, "payment")])
async def test_what_fits_nothing_is_kept_and_finance_hears_of_it(
    line: Line, till: Any, said: dict[str, Any], why: str
) -> None:
    assert await call(till, **said) == (200, {"state": "unmatched", "why": why})
    await call(till, **said)
    async with line.db.reading() as session:
        kept = (await session.scalars(select(ProviderCall))).one()
        assert orjson.loads(kept.body)["cents"] == 75_264
        told = (await session.scalars(select(Outgoing).where(Outgoing.key.like("provider:%")))).all()
        assert told
        assert len({row.key for row in told}) == len(told)


async def test_a_call_without_our_signature_books_nothing(line: Line, till: Any) -> None:
    name, _ = await owing(line)
    assert (await call(till, unit=name, secret="another"))[0] == 401
    assert (await call(till, unit=name, at=-TOLERANCE - timedelta(seconds=1)))[0] == 401
    assert (await call(till, unit=name, at=TOLERANCE + timedelta(seconds=1)))[0] == 401
    bare = await till.post("/pay/sunshine-garden", data=b"{}", headers={paying.SIGNATURE_HEADER: "t=x,v1=y"})
    assert bare.status == 401
    async with line.db.reading() as session:
        assert (await session.scalars(select(ProviderCall))).all() == []


@pytest.mark.parametrize(
    ("said", "field"),
    [({"cents": 0}, "cents"), ({"cents": "75264"}, "cents"), ({"paid_at": "yesterday"}, "paid_at"), ({"id": ""}, "id")],
)
async def test_a_call_that_does_not_fit_is_told_which_field(till: Any, said: dict[str, Any], field: str) -> None:
    assert await call(till, **said) == (400, {"error": field})


async def test_an_unknown_community_is_said_to_be_unknown(till: Any) -> None:
    assert await call(till, slug="moon", unit="1-1-101") == (404, {"error": "community"})


def test_a_hook_without_a_secret_is_not_opened(line: Line) -> None:
    with pytest.raises(ValueError, match="secret"):
        paying.receiver(line.db, secret="", tolerance=TOLERANCE, machine=lambda: START, now=lambda: START)
