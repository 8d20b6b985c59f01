"""Money on the demo's estate: employees who deal with it, a price list, deposits, what is left on a meter."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from services.actors import Role
from services.db import Session, upsert
from services.messages import Channel
from services.models import (
    Address,
    Balance,
    Building,
    Community,
    Deposit,
    Discount,
    Duty,
    Number,
    Person,
    SharedCost,
    Staff,
    Tariff,
    Unit,
)
from tests.support.line import ACCOUNTS, Line, Writer

YEAR = timedelta(days=365)
MANAGEMENT: dict[str, Any] = {"code": "management", "name": "物业费", "way": "area", "months": 3}
PRICES: tuple[dict[str, Any], ...] = (
    {**MANAGEMENT, "rate": 25_000, "since": date(2020, 1, 1), "until": date(2025, 12, 31)},
    {
        **MANAGEMENT,
        "rate": 28_000,
        "since": date(2026, 1, 1),
        "vacant_percent": 70,
        "vacant_after_months": 6,
        "prepay_months": 12,
        "prepay_percent": 95,
    },
    {"code": "shared", "name": "公摊", "way": "shared", "since": date(2020, 1, 1)},
    {
        "code": "parking",
        "name": "车位费",
        "way": "fixed",
        "rate": 3_000_000,
        "unit_kind": "parking",
        "since": date(2024, 1, 1),
    },
)
COMMON: dict[str, Any] = {
    "code": "shared",
    "period": "2026-03",
    "cents": 474_640,
    "words": "公共照明、电梯、水泵",
    "units": 144,
    "area_cm2": 136_000_000,
}
DEPOSIT: dict[str, Any] = {
    "key": "d1",
    "item": "装修押金",
    "cents": 200_000,
    "held_since": date(2025, 11, 2),
    "back_from": date(2026, 5, 1),
}
AHEAD: dict[str, Any] = {
    "code": "management",
    "why": "prepaid",
    "percent": 95,
    "since": date(2026, 7, 1),
    "until": date(2027, 6, 30),
}


async def hired(line: Line, name: str, role: Role, channel: Channel = Channel.TELEGRAM) -> Writer:
    """Take somebody on, on duty around the clock, with an address on the channel; a collector gets building 3."""

    async def hire(session: Session) -> Writer:
        community_id = (await session.scalars(select(Community.id))).one()
        count = len((await session.scalars(select(Staff.id))).all())
        person = Person(name=name, created_at=line.now, locale="zh_Hans")
        session.add(person)
        await session.flush()
        staff = Staff(
            community_id=community_id, person_id=person.id, badge=str(60 + count), role=role, team="management"
        )
        session.add_all([staff, Number(person_id=person.id, e164=f"+86139{person.id:08}")])
        await session.flush()
        session.add(
            Duty(community_id=community_id, staff_id=staff.id, starts_at=line.now - YEAR, ends_at=line.now + YEAR)
        )
        external = f"+86139{person.id:08}" if channel is Channel.SMS else f"{channel}-{person.id}"
        session.add(
            Address(
                channel=channel,
                account=ACCOUNTS[channel],
                external=external,
                community_id=community_id,
                person_id=person.id,
                proof="code",
                proven_at=line.now,
                created_at=line.now,
                locale="zh_Hans",
                display_name=name,
            )
        )
        if role is Role.COLLECTOR:
            third = await session.scalar(select(Building).where(Building.name == "3"))
            if third is not None:
                third.collector_id = staff.id
        return Writer(channel, external, name)

    return await line.db.run(hire)


async def unit_called(session: Session, name: str) -> Unit:
    """Return a unit by 3-2-1502."""
    building, entrance, room = name.split("-")
    return (await session.scalars(select(Unit).filter_by(building=building, entrance=entrance, room=room))).one()


async def price_list(line: Line) -> None:
    """Write a price list down: what is charged now and was before, the last common cost, a deposit, a discount."""

    async def write(session: Session) -> None:
        community_id = (await session.scalars(select(Community.id))).one()
        unit = await unit_called(session, "3-2-1502")
        session.add_all(Tariff(community_id=community_id, **row) for row in PRICES)
        session.add(SharedCost(community_id=community_id, **COMMON))
        session.add(Deposit(community_id=community_id, unit_id=unit.id, **DEPOSIT))
        session.add(Discount(community_id=community_id, unit_id=unit.id, at=line.now, **AHEAD))

    await line.db.run(write)


async def left(line: Line, unit: str, item: str, cents: int) -> None:
    """Set what is left on a prepaid meter, as an import does."""

    async def write(session: Session) -> None:
        found = await unit_called(session, unit)
        row = {
            "community_id": found.community_id,
            "unit_id": found.id,
            "item": item,
            "cents": cents,
            "as_of": line.now,
            "warned_cents": None,
        }
        change = {"cents": cents, "as_of": line.now}
        await upsert(session, Balance, row, on=("unit_id", "item"), change=change)

    await line.db.run(write)
    await line.schedule.balances()
