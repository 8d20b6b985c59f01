"""The demo's register: complete, idempotent, and always somebody on duty."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import phonenumbers
import pytest
from sqlalchemy import func, select

from bot.settings import Settings
from bot.web.parts import Kind
from scripts import register
from scripts.seed import personas, seed
from services import catalog
from services.catalog import Department
from services.db import Database
from services.messages import Channel
from services.models import (
    Address,
    Base,
    Bill,
    Building,
    ChannelAccount,
    Duty,
    Notice,
    Number,
    Occupancy,
    Person,
    Place,
    Staff,
    Unit,
)

NOW = datetime(2026, 4, 12, 2, tzinfo=UTC)


async def _all(db: Database, *columns: Any) -> Sequence[Any]:
    async with db.reading() as session:
        found = (await session.execute(select(*columns).order_by(*columns))).all()
        return [tuple(row) if len(columns) > 1 else row[0] for row in found]


async def _counts(db: Database) -> dict[str, int]:
    async with db.reading() as session:
        tables = Base.metadata.sorted_tables
        return {t.name: (await session.execute(select(func.count()).select_from(t))).scalar_one() for t in tables}


@pytest.fixture
async def seeded(database: Database) -> Database:
    assert (await seed(database, Settings(), now=NOW)).added
    return database


async def test_the_estate_is_as_described(seeded: Database) -> None:
    units = await _all(seeded, Unit.building, Unit.entrance, Unit.room, Unit.kind)
    assert [kind for *_, kind in units].count("flat") == 3 * 2 * 24
    assert [kind for *_, kind in units].count("parking") == 3
    assert ("3", "2", "1502", "flat") in units
    assert await _all(seeded, Building.name) == ["1", "2", "3"]
    roles = await _all(seeded, Staff.role)
    assert [roles.count(role) for role in ("engineer", "desk", "supervisor", "manager")] == [4, 1, 1, 1]
    ties = await _all(seeded, Occupancy.role, Occupancy.unit_id, Occupancy.person_id)
    owned = [person for role, _, person in ties if role == "owner"]
    assert {role for role, _, _ in ties} == {"owner", "tenant", "family"}
    assert sorted(map(owned.count, set(owned)))[-2:] == [1, 2]
    homes = [unit for _, unit, _ in ties]
    assert max(map(homes.count, homes)) == 3
    phones = await _all(seeded, Number.e164)
    assert sorted(map(phones.count, set(phones)))[-2:] == [1, 2]
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(phone)) for phone in phones)
    assert await _all(seeded, ChannelAccount.channel) == ["console", "sms", "telegram", "web"]
    assert len(await _all(seeded, Place.code)) > 8
    assert len(await _all(seeded, Notice.title)) == 2


async def test_bills_add_up_and_say_how(seeded: Database) -> None:
    bills = await _all(seeded, Bill.item, Bill.period, Bill.cents, Bill.reckoned)
    assert ("物业费", "2026年4–6月", 75264, "89.60㎡×2.80元×3个月") in bills
    assert ("公摊", "2026年3月", 3127, "89.60㎡×0.349元,3月公共照明、电梯、水泵") in bills


async def test_seeding_again_changes_nothing(seeded: Database) -> None:
    before = await _counts(seeded)
    assert not (await seed(seeded, Settings(), now=NOW + timedelta(days=100))).added
    assert await _counts(seeded) == before


@pytest.mark.parametrize("later", [0, 1, 399, 450])
async def test_every_skill_is_on_duty_at_every_hour(seeded: Database, later: int) -> None:
    """Also long after: a demo that is opened again carries its roster on."""
    start = NOW + timedelta(days=later)
    if later:
        await seed(seeded, Settings(), now=NOW + timedelta(days=250))
        await seed(seeded, Settings(), now=start)
    wanted = {c.skill for c in catalog.load().categories.values() if c.department is Department.ENGINEERING}
    for hour in range(0, 24, 3):
        at = start + timedelta(hours=hour)
        async with seeded.reading() as session:
            on_duty = (
                await session.execute(
                    select(Staff.team, Staff.skills)
                    .join(Duty, Duty.staff_id == Staff.id)
                    .where(Duty.starts_at <= at, Duty.ends_at > at)
                )
            ).all()
        skills = {skill for team, found in on_duty if team == "engineering" for skill in found}
        assert wanted <= skills
        assert {"desk", "management"} <= {team for team, _ in on_duty}


async def test_the_personas_of_the_lab_are_people_of_the_register(seeded: Database) -> None:
    shown = personas(Settings())
    assert [persona.slug for persona in shown] == ["owner", "phone", "engineer", "supervisor", "desk", "manager"]
    assert [persona.slug for persona in shown if persona.kind is Kind.PHONE] == ["phone"]
    async with seeded.reading() as session:
        for persona in shown:
            name = await session.scalar(
                select(Person.name)
                .join(Address, Address.person_id == Person.id)
                .where(
                    Address.channel == persona.channel,
                    Address.account == persona.account,
                    Address.external == persona.external,
                )
            )
            assert name
    assert shown[1].channel is Channel.SMS


def test_the_register_ties_people_to_units_that_there_are() -> None:
    book = register.read()
    units = {str(home) for home, _ in book.homes()}
    assert {home for person in book.residents for home in person.homes} | book.paid <= units
    badges = [person.badge for person in book.staff]
    assert {person.reports_to for person in book.staff} - {""} <= set(badges)
    assert len(set(badges)) == len(badges)
