"""Who is at an address: the person and the community behind it, what he works as, where he lives.

Every turn asks this, so the statements are made once.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, bindparam, exists, or_, select

from services import direct, inlined
from services.actors import Actor, Home, House, Membership, Proof, Role, Tie, UnitKind
from services.db import Session
from services.messages import Channel
from services.models import Address, Community, Occupancy, Person, Relay, Setting, Staff, Unit, table_of
from services.settings import EVERYWHERE

UNTOLD = "zh_Hans"  # the language of somebody who has shown none


async def of_sender(session: Session, *, channel: Channel, account: str, sender: str) -> Row[Any] | None:
    """Return the row of a sender's address, with its person and community; the person is locked."""
    sent_by = {"channel": channel, "account": account, "external": sender}
    found: Row[Any] | None = (await direct.execute(session, _of_sender(tied=True), sent_by)).one_or_none()
    return found or (await direct.execute(session, _of_sender(tied=False), sent_by)).one_or_none()


async def at_address(session: Session, *, address_id: int) -> Row[Any] | None:
    """Return the same row by the address's id."""
    found: Row[Any] | None = (await direct.execute(session, _at_address(), {"address_id": address_id})).one_or_none()
    return found


async def actor(session: Session, row: Row[Any], *, now: datetime) -> Actor:
    """Make an actor of the row: what he works as and where he lives is read last, under his lock if there is one."""
    known = row.chosen or row.locale
    return Actor(
        address_id=row.id,
        person_id=row.person_id,
        house=_house(row),
        locale=known or row.community_locale or UNTOLD,
        locale_known=bool(known),
        locale_chosen=bool(row.chosen),
        name=row.display_name if row.person_id is None else row.name,
        sex=row.sex or "",
        channel=Channel(row.channel),
        account=row.account,
        proof=Proof(row.proof),
        proven_at=row.proven_at,
        has_own_settings=row.changed,
        talks=row.talks,
        memberships=await _memberships(session, row.person_id) if row.works else (),
        homes=await _homes(session, row.person_id, now) if row.person_id is not None else (),
        shows_number=row.person_id is None or row.shows_number,
        needs_care=bool(row.needs_care),
        phone=row.external if row.channel == Channel.SMS else "",
    )


def _house(row: Row[Any]) -> House | None:
    if row.community_id is None:
        return None
    return House(row.community_id, row.community_name, ZoneInfo(row.zone), row.community_locale, row.community_phone)


async def _memberships(session: Session, person_id: int) -> tuple[Membership, ...]:
    rows = (await direct.execute(session, _staff(), {"person_id": person_id})).all()
    above: dict[int, set[int]] = defaultdict(set)
    for row in rows:
        above[row.id] |= {row.above} if row.above is not None else set()
    of_one = {row.id: row for row in rows}.values()
    return tuple(
        Membership(r.id, r.community_id, r.badge, Role(r.role), r.team, r.reports_to, frozenset(above[r.id]))
        for r in of_one
    )


async def _homes(session: Session, person_id: int, now: datetime) -> tuple[Home, ...]:
    rows = await direct.execute(session, _units(), {"person_id": person_id, "today": now.date()})
    return tuple(
        Home(r.id, r.community_id, r.building, r.entrance, r.room, Tie(r.role), UnitKind(r.kind), Tie(r.payer), r.since)
        for r in rows
    )


@cache
def _of_sender(*, tied: bool) -> Select[Any]:
    """Find a sender; one tied to a person is locked by the same statement, which only an inner join allows."""
    address = table_of(Address).c
    sent_by = (
        address.channel == bindparam("channel"),
        address.account == bindparam("account"),
        address.external == bindparam("external"),
    )
    found = _identified(tied=tied).where(*sent_by)
    return found.with_for_update(key_share=True, of=table_of(Person)) if tied else found


@cache
def _at_address() -> Select[Any]:
    return _identified(tied=False).where(table_of(Address).c.id == bindparam("address_id"))


def _identified(*, tied: bool) -> Select[Any]:
    addresses, people, communities = table_of(Address), table_of(Person), table_of(Community)
    address, person, community, staff = addresses.c, people.c, communities.c, table_of(Staff).c
    works = exists().where(staff.person_id == address.person_id, staff.active)
    setting, relay = table_of(Setting).c, table_of(Relay).c
    ends = or_(relay.staff_address_id == address.id, relay.owner_address_id == address.id)
    talks = exists().where(inlined.equal(relay.state, "open"), ends)
    changed = exists().where(or_(setting.community_id == EVERYWHERE, setting.community_id == address.community_id))
    return select(
        *(address.id, address.person_id, address.locale, address.channel, address.account, address.external),
        *(address.display_name, address.proof, address.proven_at),
        *(person.name, person.sex, person.locale.label("chosen"), person.shows_number, person.needs_care),
        *(community.id.label("community_id"), community.name.label("community_name"), community.zone),
        *(community.locale.label("community_locale"), community.phone.label("community_phone")),
        *(works.label("works"), changed.label("changed"), talks.label("talks")),
    ).select_from(
        addresses.join(people, person.id == address.person_id, isouter=not tied).outerjoin(
            communities, community.id == address.community_id
        )
    )


@cache
def _staff() -> Select[Any]:
    """What somebody works as, a row for each whom he reports to, however far up; a circle of people ends."""
    staff, boss = table_of(Staff).c, table_of(Staff).alias().c
    mine = staff.person_id == bindparam("person_id"), staff.active
    chain = select(staff.id.label("mine"), staff.reports_to.label("above")).where(*mine).cte("chain", recursive=True)
    chain = chain.union(select(chain.c.mine, boss.reports_to).where(boss.id == chain.c.above))
    return (
        select(staff.id, staff.community_id, staff.badge, staff.role, staff.team, staff.reports_to, chain.c.above)
        .select_from(table_of(Staff).join(chain, chain.c.mine == staff.id))
        .order_by(staff.id)
    )


@cache
def _units() -> Select[Any]:
    unit, lives = table_of(Unit).c, table_of(Occupancy).c
    return (
        select(unit.id, unit.community_id, unit.building, unit.entrance, unit.room, lives.role)
        .add_columns(unit.kind, unit.payer, lives.since)
        .select_from(table_of(Unit).join(table_of(Occupancy), lives.unit_id == unit.id))
        .where(
            lives.person_id == bindparam("person_id"),
            lives.status == "active",
            or_(lives.until.is_(None), lives.until >= bindparam("today")),
        )
        .order_by(unit.id)
    )
