"""A unit as the desk reads it, and what the desk changes of it by hand: who pays, whom to call, since when empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from services import access, looks, people
from services.access import Deed, Subject
from services.actors import Actor, Tie
from services.db import Session
from services.messages import T
from services.models import Address, Building, Community, Company, Unit
from services.money import standing
from services.refusals import NotAllowed, NotFound
from services.register import ties
from services.register.ties import Tied


@dataclass(frozen=True, slots=True)
class Way:
    """An address of somebody of the unit."""

    address_id: int
    name: str
    channel: str
    last_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class UnitFile:
    """What the desk knows of a unit."""

    unit: Unit
    phase: str
    company: str
    steward: T | None
    spaces: Sequence[Unit]
    tied: Sequence[Tied]


async def file_of(session: Session, actor: Actor, *, unit_id: int, now: datetime) -> UnitFile:
    """Return a unit's file and write down who looked; raises `NotFound`, `NotAllowed`."""
    unit = await edited(session, actor, unit_id=unit_id, deed=Deed.SEE_HOUSEHOLD)
    building = (
        await session.scalars(
            select(Building).where(Building.community_id == unit.community_id, Building.name == unit.building)
        )
    ).one_or_none()
    company = await session.scalar(
        select(Company.name)
        .join(Community, Community.company_id == Company.id)
        .where(Community.id == unit.community_id)
    )
    household = await standing.household(session, unit_id=unit.id)
    await looks.note(session, actor, what="household", unit_id=unit.id, now=now)
    return UnitFile(
        unit=unit,
        phase=building.phase if building is not None else "",
        company=company or "",
        steward=await people.staff_name(session, building.steward_id if building is not None else None),
        spaces=[one for one in household if one.id != unit.id],
        tied=await ties.of_unit(session, unit_ids=[unit.id]),
    )


async def edited(session: Session, actor: Actor, *, unit_id: int, deed: Deed = Deed.EDIT_REGISTER) -> Unit:
    """Return a unit of the actor's community that he may do the deed to; raises `NotFound`, `NotAllowed`."""
    unit = await session.get(Unit, unit_id)
    if unit is None or unit.community_id != actor.community_id:
        raise NotFound
    if actor.staff is None or not access.may(actor, deed, Subject(unit.community_id, unit.id)):
        raise NotAllowed
    return unit


async def let_pay(session: Session, actor: Actor, *, unit_id: int, payer: Tie) -> Unit:
    """Say who pays a unit's fees, and those of its parking spaces: the owner, or the tenant."""
    unit = await edited(session, actor, unit_id=unit_id)
    for one in await standing.household(session, unit_id=unit.id):
        one.payer = payer
    await session.flush()
    return unit


async def take_over(session: Session, actor: Actor, *, unit_id: int, done: bool) -> Unit:
    """Say that a home's owner took it over, or that its keys still wait for him."""
    unit = await edited(session, actor, unit_id=unit_id)
    unit.takeover = "done" if done else "waits"
    await session.flush()
    return unit


async def ways(session: Session, actor: Actor, *, unit_id: int) -> Sequence[Way]:
    """Return the addresses of a unit's people, for the desk to take one from whom it belonged to."""
    await edited(session, actor, unit_id=unit_id)
    names = {one.person.id: one.person.name for one in await ties.of_unit(session, unit_ids=[unit_id])}
    found = await session.scalars(
        select(Address).where(Address.person_id.in_(names), Address.is_group.is_(False)).order_by(Address.id)
    )
    return [Way(one.id, names[one.person_id], one.channel, one.last_in_at) for one in found if one.person_id]


async def untie(session: Session, actor: Actor, *, unit_id: int, address_id: int, now: datetime) -> Way:
    """The desk takes an address from its person: a phone that was lost or given away. Raises `NotFound`."""
    way = next((one for one in await ways(session, actor, unit_id=unit_id) if one.address_id == address_id), None)
    address = await session.get(Address, address_id, with_for_update=True, populate_existing=True)
    if way is None or address is None:
        raise NotFound
    await people.untie(session, address=address, how="desk", by_id=actor.person_id, now=now)
    await session.flush()
    return way
