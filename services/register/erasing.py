"""One person's data: all of it in a file, or gone; ids and sums stay, so that the books and histories stay whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.engine import CursorResult

from services import people
from services.db import Session
from services.models import (
    Address,
    Bill,
    Content,
    DataView,
    DunningAttempt,
    Event,
    FollowUp,
    Letter,
    LinkLog,
    LinkRequest,
    Mailbox,
    Matter,
    Media,
    MediaFile,
    Number,
    NumberView,
    Occupancy,
    Outgoing,
    Payment,
    Person,
    Prompt,
    ReleaseSlip,
    Staff,
    Survey,
    Ticket,
    Unit,
    Vehicle,
)
from services.refusals import NotFound, Refused
from services.register import ties

HOW = "erased"
OPEN_OUT = ("held", "pending")
Row = dict[str, Any]


class StillEmployed(Refused):
    """Who works here is in the books of the work; first he leaves."""

    key = "refused.still_employed"


@dataclass(frozen=True, slots=True)
class Erased:
    """What was emptied of a person."""

    person_id: int
    addresses: int
    tickets: int
    words: int
    files: int


async def export(session: Session, *, person_id: int) -> dict[str, Sequence[Row]]:
    """Return everything kept of a person, table by table, as plain rows; raises `NotFound`."""
    if await session.get(Person, person_id) is None:
        raise NotFound
    own: dict[Any, ColumnElement[bool]] = {
        Person: Person.id == person_id,
        Number: Number.person_id == person_id,
        Address: Address.person_id == person_id,
        Occupancy: Occupancy.person_id == person_id,
        Unit: Unit.id.in_(select(Occupancy.unit_id).where(Occupancy.person_id == person_id)),
        Vehicle: Vehicle.person_id == person_id,
        Ticket: Ticket.requester_id == person_id,
        Content: Content.person_id == person_id,
        Survey: Survey.person_id == person_id,
        ReleaseSlip: ReleaseSlip.person_id == person_id,
        Bill: Bill.payer_id == person_id,
        Payment: _his_payments(person_id),
        Matter: Matter.person_id == person_id,
        DunningAttempt: DunningAttempt.person_id == person_id,
        Letter: Letter.person_id == person_id,
        Media: Media.person_id == person_id,
        LinkLog: LinkLog.person_id == person_id,
        DataView: DataView.person_id == person_id,
        NumberView: NumberView.owner_id == person_id,
    }
    return {table.__tablename__: await _rows(session, table, which) for table, which in own.items()}


def _his_payments(person_id: int) -> ColumnElement[bool]:
    """Say which payments were made for a unit while the person owned or rented it."""
    return Payment.id.in_(
        select(Payment.id)
        .join(Occupancy, Occupancy.unit_id == Payment.unit_id)
        .where(
            Occupancy.person_id == person_id,
            Occupancy.role.in_(["owner", "tenant"]),
            Occupancy.since <= Payment.paid_on,
            or_(Occupancy.until.is_(None), Occupancy.until >= Payment.paid_on),
        )
    )


async def _rows(session: Session, table: Any, which: ColumnElement[bool]) -> Sequence[Row]:  # noqa: ANN401
    rows = await session.execute(select(*table.__table__.columns).where(which).order_by(table.id))
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - the row's public mapping


async def erase(session: Session, *, person_id: int, now: datetime) -> Erased:
    """Empty everything that says who a person is and what he said; raises `NotFound`, `StillEmployed`."""
    person = await session.get(Person, person_id, with_for_update=True)
    if person is None:
        raise NotFound
    if await session.scalar(select(Staff.id).where(Staff.person_id == person_id, Staff.active)) is not None:
        raise StillEmployed(name=person.name)
    name, person.name, person.sex, person.erased_at = person.name, "", "", now
    person.locale, person.needs_care = "", False
    addresses = await _addresses(session, person_id, now=now)
    await _ties(session, person_id, now=now)
    for table in (Number, Vehicle):
        await session.execute(_quietly(delete(table).where(table.person_id == person_id)))
    tickets = await _set(
        session, Ticket, Ticket.requester_id == person_id, matter="", requester_name="", requester_phone=""
    )
    words = await _words(session, person_id, name, now=now)
    files = await _files(session, person_id)
    await session.flush()
    return Erased(person_id, addresses, tickets, words, files)


async def _addresses(session: Session, person_id: int, *, now: datetime) -> int:
    """Empty what was said to and from a person's addresses, and take the addresses from him."""
    found = (await session.scalars(select(Address).where(Address.person_id == person_id))).all()
    for address in found:
        sent_by = Mailbox.channel == address.channel, Mailbox.account == address.account
        await session.execute(_quietly(delete(Mailbox).where(*sent_by, Mailbox.external == address.external)))
        lane = f"{address.channel}:{address.account}:{address.external}"
        await _set(session, Event, Event.lane == lane, payload="")
        waits = Outgoing.address_id == address.id, Outgoing.state.in_(OPEN_OUT)
        await session.execute(_quietly(update(Outgoing).where(*waits).values(state="cancelled", code=HOW)))
        await _set(session, Outgoing, Outgoing.address_id == address.id, payload={})
        await _set(session, LinkRequest, LinkRequest.address_id == address.id, name="", words="", media=[])
        await people.untie(session, address=address, how=HOW, by_id=None, now=now)
        await _set(session, Prompt, Prompt.address_id == address.id, given={}, answers=[], options=[])
        address.external, address.display_name, address.gone_at = f"{HOW}-{address.id}", "", now
    return len(found)


async def _ties(session: Session, person_id: int, *, now: datetime) -> None:
    open_ties = Occupancy.person_id == person_id, Occupancy.status != ties.ENDED
    for tie in (await session.scalars(select(Occupancy).where(*open_ties))).all():
        ties.end(tie, last=now.date(), why=HOW, by=None, now=now)


async def _words(session: Session, person_id: int, name: str, *, now: datetime) -> int:
    """Empty a person's words wherever they lie; a digest in the history then tells nothing."""
    his = select(Ticket.id).where(Ticket.requester_id == person_id).scalar_subquery()
    about = or_(Content.person_id == person_id, Content.ticket_id.in_(his)), Content.erased_at.is_(None)
    count = await _set(session, Content, *about, words=None, salt=None, media=[], erased_at=now)
    await _set(session, Survey, Survey.person_id == person_id, words=None)
    await _set(session, FollowUp, FollowUp.ticket_id.in_(his), outcome="")
    await _set(session, ReleaseSlip, ReleaseSlip.person_id == person_id, goods="", carrier="")
    await _set(session, Matter, Matter.person_id == person_id, words="", given=[])
    await _set(session, Letter, Letter.person_id == person_id, name="")
    if name:
        await _set(session, Payment, Payment.payer == name, _his_payments(person_id), payer="")
    return count


async def _files(session: Session, person_id: int) -> int:
    """Mark a person's files erased; their bytes go with the next sweep."""
    his = select(Media.id).where(Media.person_id == person_id).scalar_subquery()
    await session.execute(_quietly(delete(MediaFile).where(MediaFile.media_id.in_(his))))
    return await _set(session, Media, Media.person_id == person_id, state=HOW, name="", due_at=None)


async def _set(session: Session, table: Any, *which: ColumnElement[bool], **values: Any) -> int:  # noqa: ANN401
    result = await session.execute(_quietly(update(table).where(*which).values(**values)))
    return result.rowcount if isinstance(result, CursorResult) else 0


def _quietly(statement: Any) -> Any:  # noqa: ANN401 - an UPDATE or DELETE
    return statement.execution_options(synchronize_session=False)


async def found(session: Session, *, typed: str, e164: str | None) -> Sequence[Person]:
    """Return the people that an id or a phone number names."""
    if e164 is not None:
        having = select(Number.person_id).where(Number.e164 == e164)
        return (await session.scalars(select(Person).where(Person.id.in_(having)).order_by(Person.id))).all()
    person = await session.get(Person, int(typed)) if typed.isdecimal() else None
    return [person] if person is not None else []
