"""People behind addresses: who writes, what he is, and how an address is tied to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, insert, or_, select, update

from services import direct, houses, identity
from services.actors import Actor, House, Proof, Tie
from services.db import Session, insert_once
from services.messages import Channel, Inbound, T
from services.models import (
    Address,
    LinkLog,
    Number,
    Occupancy,
    Person,
    Prompt,
    Staff,
    TeamChat,
    Unit,
    table_of,
)
from services.outbox import To

NAMED_UNITS = 50
UNIT_PARTS = ("building", "entrance", "room")


async def actor_of(
    session: Session, *, channel: Channel, account: str, sender: str, event_id: str, now: datetime
) -> Actor:
    """Build the actor behind a sender, with the person's row locked; an unknown sender becomes an address."""
    found = await identity.of_sender(session, channel=channel, account=account, sender=sender)
    if found is None:
        await _new_address(session, channel, account, sender, now)
        found = await identity.of_sender(session, channel=channel, account=account, sender=sender)
    if found is None:
        msg = f"address {channel}:{account}:{sender} vanished"
        raise LookupError(msg)
    return replace(await identity.actor(session, found, now=now), event_id=event_id)


async def actor_at(session: Session, *, address_id: int, now: datetime) -> Actor:
    """Build the actor at an address without locking anybody, to put a question together for him."""
    found = await identity.at_address(session, address_id=address_id)
    if found is None:
        msg = f"no address {address_id}"
        raise LookupError(msg)
    return await identity.actor(session, found, now=now)


async def group_address(session: Session, inbound: Inbound) -> To | None:
    """Return the address of the group in which a message was written, if it is one of ours."""
    row = (
        await session.execute(
            select(Address.id, Address.locale, Address.community_id, Address.channel).where(
                Address.channel == inbound.channel,
                Address.account == inbound.account,
                Address.external == inbound.group,
            )
        )
    ).one_or_none()
    return To(row[0], row[1] or "zh_Hans", row[2], row[3]) if row else None


async def _new_address(session: Session, channel: Channel, account: str, sender: str, now: datetime) -> None:
    communities = await houses.served_by(session, channel=channel, account=account)
    people = await _of_number(session, sender) if channel is Channel.SMS else []
    only = people[0] if len(people) == 1 else None
    added = await insert_once(
        session,
        Address,
        {
            "channel": channel,
            "account": account,
            "external": sender,
            "community_id": communities[0] if len(communities) == 1 else None,
            "person_id": only,
            "proof": Proof.REGISTER if only else Proof.NONE,
            "proven_at": now if only else None,
            "created_at": now,
        },
        Address.id,
    )
    address_id: int | None = added.scalar_one_or_none()
    address = await session.get(Address, address_id) if only and address_id is not None else None
    if address is not None and only is not None:
        await _log(session, address, only, what="tied", how=Proof.REGISTER, by_id=only, now=now)


async def _of_number(session: Session, e164: str) -> Sequence[int]:
    return (await session.scalars(select(Number.person_id).where(Number.e164 == e164).distinct())).all()


async def of_number(session: Session, *, e164: str, community_id: int) -> Sequence[Person]:
    """Return the community's people (residents, staff) who have the number."""
    residents = select(Occupancy.person_id).where(Occupancy.community_id == community_id, Occupancy.status == "active")
    staff = select(Staff.person_id).where(Staff.community_id == community_id, Staff.active)
    return (
        await session.scalars(
            select(Person)
            .join(Number, Number.person_id == Person.id)
            .where(Number.e164 == e164, or_(Person.id.in_(residents), Person.id.in_(staff)))
            .order_by(Person.id)
        )
    ).all()


async def known_address(session: Session, inbound: Inbound, *, now: datetime) -> Actor | None:
    """Return the actor at a sender's address if it has written before, without locking anybody."""
    address_id = await session.scalar(
        select(Address.id).where(
            Address.channel == inbound.channel,
            Address.account == inbound.account,
            Address.external == inbound.sender,
        )
    )
    return None if address_id is None else await actor_at(session, address_id=address_id, now=now)


async def tie(
    session: Session, *, address_id: int, person: Person, proof: Proof, now: datetime, community_id: int | None = None
) -> None:
    """Tie an address to a person, from whom it belonged to before; both are written down."""
    await session.flush()
    address = await session.get(Address, address_id, with_for_update=True, populate_existing=True)
    if address is None:
        msg = f"no address {address_id}"
        raise LookupError(msg)
    if address.person_id is not None and address.person_id != person.id:
        await _log(session, address, address.person_id, what="untied", how="moved", by_id=person.id, now=now)
    address.person_id, address.proof, address.proven_at = person.id, proof, now
    address.community_id = community_id or address.community_id
    await _log(session, address, person.id, what="tied", how=proof, by_id=person.id, now=now)
    await session.flush()  # who is at the address is asked next, by a kept statement


async def untie(session: Session, *, address: Address, how: str, by_id: int | None, now: datetime) -> None:
    """Take an address from its person; whatever he was asked there ends."""
    if address.person_id is None:
        return
    await _log(session, address, address.person_id, what="untied", how=how, by_id=by_id, now=now)
    address.person_id, address.proof, address.proven_at = None, Proof.NONE, None
    asked = Prompt.address_id == address.id, Prompt.state == "open"
    await session.execute(update(Prompt).where(*asked).values(state="cancelled"))


async def _log(
    session: Session, address: Address, person_id: int, *, what: str, how: str, by_id: int | None, now: datetime
) -> None:
    row = {"community_id": address.community_id, "address_id": address.id, "person_id": person_id}
    await session.execute(insert(LinkLog).values(what=what, how=how, by_id=by_id, at=now, **row))


async def remember_locale(session: Session, actor: Actor, *, locale: str, chosen: bool) -> None:
    """Keep the language: chosen ones with the person, detected ones with the address."""
    if chosen and actor.person_id is not None:
        await session.execute(update(Person).where(Person.id == actor.person_id).values(locale=locale))
    await session.execute(update(Address).where(Address.id == actor.address_id).values(locale=locale))


async def hide_number(session: Session, actor: Actor) -> None:
    """The person does not want employees to see his number."""
    await session.execute(update(Person).where(Person.id == actor.person_id).values(shows_number=False))


async def addresses_of(session: Session, person_ids: Sequence[int]) -> dict[int, To]:
    """Return for each person where he can be reached best: where he wrote last, chat before text message."""
    best: dict[int, To] = {}
    for row in await direct.execute(session, _reached(), {"people": list(person_ids)}):
        best.setdefault(row.person_id, _to(row))
    return best


async def addresses_of_staff(session: Session, staff_ids: Sequence[int]) -> dict[int, To]:
    """Return the same for employees, by staff id."""
    best: dict[int, To] = {}
    for row in await direct.execute(session, _staff_reached(), {"staff": list(staff_ids)}):
        best.setdefault(row.staff_id, _to(row))
    return best


def _to(row: Row[Any]) -> To:
    return To(row.id, row.chosen or row.locale or identity.UNTOLD, row.community_id, row.channel)


@cache
def _reached() -> Select[Any]:
    return _best_first().where(table_of(Address).c.person_id.in_(bindparam("people", expanding=True)))


@cache
def _staff_reached() -> Select[Any]:
    staff, address = table_of(Staff).c, table_of(Address).c
    return (
        _best_first()
        .add_columns(staff.id.label("staff_id"))
        .where(staff.person_id == address.person_id, staff.id.in_(bindparam("staff", expanding=True)))
    )


def _best_first() -> Select[Any]:
    address = table_of(Address).c
    best = address.channel == Channel.SMS, address.last_in_at.desc().nulls_last(), address.id
    return _written_to().where(address.is_group.is_(False)).order_by(address.person_id, *best)


def _written_to() -> Select[Any]:
    address, person = table_of(Address).c, table_of(Person).c
    return (
        select(address.id, address.person_id, address.locale, address.community_id, address.channel)
        .add_columns(person.locale.label("chosen"))
        .select_from(table_of(Address).outerjoin(table_of(Person), person.id == address.person_id))
        .where(address.gone_at.is_(None))
    )


async def to_of(session: Session, *, address_id: int) -> To | None:
    """Return an address as senders need it; None when it is gone."""
    row = (await direct.execute(session, _one_written_to(), {"address_id": address_id})).one_or_none()
    return _to(row) if row else None


@cache
def _one_written_to() -> Select[Any]:
    return _written_to().where(table_of(Address).c.id == bindparam("address_id"))


async def group_of(session: Session, *, community_id: int, team: str) -> To | None:
    """Return where the team's cards go: its group chat and, in a forum, its topic; None when it has none."""
    row = (await direct.execute(session, _group(), {"community_id": community_id, "team": team})).one_or_none()
    return To(row.id, row.locale or identity.UNTOLD, community_id, topic=row.topic) if row else None


@cache
def _group() -> Select[Any]:
    chat, address = table_of(TeamChat).c, table_of(Address).c
    return (
        select(address.id, address.locale, chat.topic)
        .select_from(table_of(TeamChat).join(table_of(Address), address.id == chat.address_id))
        .where(
            chat.community_id == bindparam("community_id"),
            chat.team == bindparam("team"),
            address.gone_at.is_(None),
        )
    )


async def phone_of(session: Session, person_id: int | None) -> str:
    """Return a person's first number in E.164, or an empty string."""
    if person_id is None:
        return ""
    return await direct.scalar(session, _first_number(), {"person_id": person_id}) or ""


@cache
def _first_number() -> Select[Any]:
    number = table_of(Number).c
    return select(number.e164).where(number.person_id == bindparam("person_id")).order_by(number.id).limit(1)


async def unit_named(
    session: Session, *, community_id: int, building: str, entrance: str | None, room: str
) -> Sequence[Unit]:
    """Return the units that a spoken place may mean."""
    statement = select(Unit).where(Unit.community_id == community_id, Unit.building == building, Unit.room == room)
    if entrance is not None:
        statement = statement.where(Unit.entrance == entrance)
    return (await session.scalars(statement.order_by(Unit.id).limit(NAMED_UNITS))).all()


async def unit_written(session: Session, *, community_id: int, name: str) -> Unit | None:
    """Return the unit of a written name, building-entrance-room: 3-2-1502."""
    parts = name.split("-")
    if len(parts) != len(UNIT_PARTS):
        return None
    named = dict(zip(UNIT_PARTS, parts, strict=True))
    found = select(Unit).where(Unit.community_id == community_id).filter_by(**named)
    return (await session.scalars(found)).one_or_none()


async def residents_of(session: Session, *, unit_id: int) -> Sequence[Person]:
    """Return who is tied to the unit now, owners first."""
    return (
        await session.scalars(
            select(Person)
            .join(Occupancy, Occupancy.person_id == Person.id)
            .where(Occupancy.unit_id == unit_id, Occupancy.status == "active")
            .order_by(Occupancy.role != Tie.OWNER, Person.id)
        )
    ).all()


async def works_here(session: Session, *, staff_id: int, community_id: int) -> bool:
    """Whether the id is an active employee's of the community."""
    found = await session.scalar(
        select(Staff.id).where(Staff.id == staff_id, Staff.community_id == community_id, Staff.active)
    )
    return found is not None


async def staff_chats(session: Session, *, channel: Channel, account: str) -> Sequence[str]:
    """Return the private chats of active employees on a channel account."""
    return (
        await session.scalars(
            select(Address.external)
            .join(Staff, Staff.person_id == Address.person_id)
            .where(
                Address.channel == channel,
                Address.account == account,
                Address.is_group.is_(False),
                Address.gone_at.is_(None),
                Staff.active,
            )
            .distinct()
        )
    ).all()


async def staff_name(session: Session, staff_id: int | None) -> T | None:
    """Return an employee's name with badge, as people read it."""
    if staff_id is None:
        return None
    row = (await direct.execute(session, _named_staff(), {"staff_id": staff_id})).one_or_none()
    return T("staff.name", name=row.name, badge=row.badge) if row else None


@cache
def _named_staff() -> Select[Any]:
    person, staff = table_of(Person).c, table_of(Staff).c
    return (
        select(person.name, staff.badge)
        .select_from(table_of(Person).join(table_of(Staff), staff.person_id == person.id))
        .where(staff.id == bindparam("staff_id"))
    )


async def house_of_message(session: Session, inbound: Inbound, *, now: datetime) -> House | None:
    """Return the community that a message is for: the sender's, else the only one of the account."""
    known = await known_address(session, inbound, now=now)
    if known is not None and known.house is not None:
        return known.house
    served = await houses.served_by(session, channel=inbound.channel, account=inbound.account)
    return await houses.by_id(session, community_id=served[0]) if served else None
