"""What was collected, recounted from the raw rows by plain Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from services import actors, houses
from services.access import Deed
from services.actors import Role
from services.db import Session
from services.digests import fees
from services.dunning import rates
from services.dunning.rates import Part, Sums
from services.models import Bill, Building, DunningAttempt, Instalment, Promise
from services.money import ledger
from services.money.ledger import Money
from services.refusals import NotAllowed
from tests.support import accounts, estate
from tests.support.line import Line

APRIL, MARCH = date(2026, 4, 1), date(2026, 3, 1)
SINCE, UNTIL = datetime(2026, 3, 31, 16, tzinfo=UTC), datetime(2026, 4, 30, 16, tzinfo=UTC)
TILL = actors.system("till", Deed.TAKE_PAYMENT, Deed.TAKE_BACK)


async def raw(session: Session, table: str) -> list[dict[str, Any]]:
    found = await session.execute(text(f"SELECT * FROM {table} ORDER BY id"))  # noqa: S608 - names of ours
    return [dict(row._mapping) for row in found]


async def scene(session: Session, line: Line) -> None:
    """Add an older month, money on the last day and after it, money taken back, a building of another phase."""
    for room, paid_on, cents in (
        ("3-2-1502", date(2026, 4, 12), 10_000),
        ("3-1-201", date(2026, 4, 30), 20_000),
        ("3-1-502", date(2026, 5, 1), 30_000),
    ):
        unit = await accounts.unit_called(session, room)
        session.add(
            Bill(
                community_id=unit.community_id,
                unit_id=unit.id,
                item="公摊",
                period="2026-01",
                cents=5_000,
                adjusted_cents=-1_000,
                due_on=date(2026, 3, 31),
                as_of=line.now,
            )
        )
        await session.flush()
        money = Money(cents=cents, way="transfer", source="import", key=room, paid_on=paid_on)
        payment = await ledger.record(session, TILL, unit=unit, money=money, tell=False, now=line.now)
        if room == "3-2-1502":
            await ledger.refund(session, TILL, payment=payment, cents=1_500, key="back", words="多交", now=line.now)
    third = (await session.scalars(select(Building).where(Building.name == "3"))).one()
    third.phase = "二期"
    await session.flush()


async def by_hand(session: Session, first: date, before: date) -> dict[tuple[Any, ...], tuple[int, int]]:
    """Add up what fell due in a month, and what was paid for it before a day."""
    units = {row["id"]: row for row in await raw(session, "unit")}
    buildings = {(row["community_id"], row["name"]): row for row in await raw(session, "building")}
    paid_on = {row["id"]: str(row["paid_on"]) for row in await raw(session, "payment")}
    paid: defaultdict[int, int] = defaultdict(int)
    for row in await raw(session, "allocation"):
        if paid_on[row["payment_id"]] < str(before):
            paid[row["bill_id"]] += row["cents"]
    found: dict[tuple[Any, ...], tuple[int, int]] = {}
    for bill in await raw(session, "bill"):
        if not str(bill["due_on"]).startswith(f"{first:%Y-%m}"):
            continue
        unit = units[bill["unit_id"]]
        its = buildings.get((unit["community_id"], unit["building"]), {})
        who = next(
            (one for one in (unit["collector_id"], its.get("collector_id"), its.get("steward_id")) if one is not None),
            None,
        )
        name = first, bill["community_id"], its.get("phase", ""), unit["building"], who
        due, got = found.get(name, (0, 0))
        found[name] = due + bill["cents"] + bill["adjusted_cents"], got + paid[bill["id"]]
    return found


def told(parts: list[Part]) -> dict[tuple[Any, ...], tuple[int, int]]:
    return {
        (one.month, one.community_id, one.phase, one.building, one.collector_id): (one.due, one.paid) for one in parts
    }


async def test_every_part_is_what_the_rows_say(line: Line) -> None:
    async with line.db.transaction() as session:
        await scene(session, line)
        manager = await estate.actor_of(session, line, await estate.web_of(session, "孙经理"))
        found = told(list(await rates.parts(session, manager, months=rates.months_to(APRIL))))
        march = await by_hand(session, MARCH, APRIL)
        april = await by_hand(session, APRIL, date(2026, 5, 1))
        assert march
        assert sum(paid for _, paid in april.values()) > 0
        assert {name: sums for name, sums in found.items() if name[0] == MARCH} == march
        assert {name: sums for name, sums in found.items() if name[0] == APRIL} == april
        assert {name[2] for name in april} >= {"二期"}


async def test_what_is_paid_after_the_last_day_or_after_the_day_asked_for_does_not_count(line: Line) -> None:
    async with line.db.transaction() as session:
        await scene(session, line)
        manager = await estate.actor_of(session, line, await estate.web_of(session, "孙经理"))
        earlier = told(list(await rates.parts(session, manager, months=[APRIL], before=date(2026, 4, 20))))
        assert earlier == await by_hand(session, APRIL, date(2026, 4, 20))
        assert earlier != await by_hand(session, APRIL, date(2026, 5, 1))


async def test_groups_add_up_to_the_whole(line: Line) -> None:
    async with line.db.transaction() as session:
        await scene(session, line)
        manager = await estate.actor_of(session, line, await estate.web_of(session, "孙经理"))
        found = await rates.parts(session, manager, months=rates.months_to(APRIL))
        whole = rates.total(found)
        for by in (lambda one: one.building, lambda one: one.phase, lambda one: one.month):
            sums = rates.folded(found, by)
            assert sum(one.due for one in sums.values()) == whole.due
            assert sum(one.paid for one in sums.values()) == whole.paid


async def test_a_collector_sees_what_landed_in_his_time_and_nothing_of_others(line: Line) -> None:
    chen = await accounts.hired(line, "陈收费", Role.COLLECTOR)
    async with line.db.transaction() as session:
        actor = await estate.actor_of(session, line, chen)
        assert actor.staff is not None
        await scene(session, line)
        found = await rates.own(session, actor, month=APRIL, since=SINCE, until=UNTIL)
        mine = [row for row in await raw(session, "payment") if row["credited_to"] == actor.staff.staff_id]
        assert mine
        assert (found.landed, found.payments) == (sum(row["cents"] for row in mine), len(mine))
        april = await by_hand(session, APRIL, date(2026, 5, 1))
        own = [sums for name, sums in april.items() if name[4] == actor.staff.staff_id]
        assert (found.sums.due, found.sums.paid) == (sum(due for due, _ in own), sum(paid for _, paid in own))
        later = await rates.own(session, actor, month=APRIL, since=UNTIL, until=UNTIL + timedelta(days=31))
        assert later.landed == 0
        with pytest.raises(NotAllowed):
            await rates.parts(session, actor, months=[APRIL])


async def test_the_mornings_line_of_fees_is_what_the_rows_say(line: Line) -> None:
    async with line.db.transaction() as session:
        await scene(session, line)
        unit = await accounts.unit_called(session, "3-2-802")
        here = {"community_id": unit.community_id, "unit_id": unit.id}
        bill = Bill(**here, item="物业费", period="2025-04", cents=8_000, due_on=date(2025, 4, 15), as_of=line.now)
        promise = Promise(**here, made_at=line.now)
        why = {"list": "fees", "step": "", "way": "call", "state": "done", "bills": [], "at": line.now}
        tried = [
            DunningAttempt(**here, **why, key=f"why:{count}", reason=reason, done_at=line.now)
            for count, reason in enumerate(("forgot", "quality", "quality"))
        ]
        session.add_all([bill, promise, *tried])
        await session.flush()
        session.add(Instalment(promise_id=promise.id, due_on=date(2026, 4, 13), cents=100))
        for key, day in (("early", date(2025, 4, 13)), ("late", date(2025, 4, 14))):
            money = Money(cents=2_000, way="cash", source="desk", key=key, paid_on=day)
            await ledger.record(session, TILL, unit=unit, money=money, bills=[bill.id], tell=False, now=line.now)
        manager = await estate.actor_of(session, line, await estate.web_of(session, "孙经理"))
        house = await houses.by_id(session, community_id=unit.community_id)
        found = await fees.gather(session, manager, house=house, now=datetime(2026, 4, 13, 1, tzinfo=UTC))
        owner = await estate.actor_of(session, line, await estate.web_of(session, "王芳"))
        assert await fees.gather(session, owner, house=house, now=line.now) is None
        assert found is not None
        assert found.yesterday == sum(row["cents"] for row in await raw(session, "payment"))
        april = await by_hand(session, APRIL, date(2026, 5, 1))
        assert found.month == Sums(sum(due for due, _ in april.values()), sum(paid for _, paid in april.values()))
        assert found.year_ago == Sums(8_000, 2_000)
        assert (found.promised, found.reason) == (1, "quality")
