"""What owners say of their bills and finance must answer: paid already, this line is wrong, an invoice, please.

Until finance answers, or its working days are over, nobody is dunned for the bills in question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from services import access, conversations, people, places, timers
from services.access import Deed, Subject
from services.actors import Actor, Role
from services.calendars import Days, calendars
from services.db import Session
from services.houses import by_id
from services.messages import Channel, Choice, T, Text, When
from services.models import Bill, Matter, Unit
from services.money import standing
from services.outbox import Priority, To
from services.refusals import NotAllowed, NotFound
from services.settings import Policy
from services.tickets import dispatch

SUBJECT, DUE = "matter", "matter.due"
FORM = "finance_answer"
LATEST = timedelta(days=180)  # so long after its day it can still be answered by a tap


class About(StrEnum):
    """What a matter is about."""

    PAID = "paid"
    WRONG = "wrong"
    INVOICE = "invoice"
    PREPAY = "prepay"  # he wants the lower price for paying ahead


PAUSES = (About.PAID, About.WRONG)
UNANSWERED = ("open", "lapsed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an owner says: of which unit, of which line (None: of all that is open), in which words."""

    about: About
    unit_id: int
    bill_id: int | None = None
    words: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    media_id: int | None = None


async def say(session: Session, actor: Actor, *, said: Said, now: datetime, policy: Policy) -> Matter:
    """Note it and ask finance; said again while it waits, it is the same matter. Raises `NotAllowed`, `NotFound`."""
    unit = await session.get(Unit, said.unit_id, with_for_update={"key_share": True})
    bills = await _meant(session, unit, said)
    if unit is None or actor.house is None:
        raise NotFound
    _allowed(actor, unit, bills)
    known = await _waiting(session, said)
    if known is not None:
        await add(session, actor, matter=known, words=said.words, media_id=said.media_id, now=now)
        return known
    office = calendars(policy, actor.house.zone).of(Days.OFFICE)
    asked = await whom(session, community_id=unit.community_id, now=now)
    matter = Matter(
        community_id=unit.community_id,
        unit_id=unit.id,
        bill_id=said.bill_id,
        person_id=actor.person_id,
        address_id=actor.to.address_id,
        kind=said.about.value,
        state="open",
        words=said.words,
        given={**said.given, "bills": [bill.id for bill in bills], "asked": list(asked)},
        media_id=said.media_id,
        asked_at=now,
        due_at=office.closing(now, policy.fees.answer_days),
    )
    session.add(matter)
    await session.flush()  # the question to finance carries its id
    await _ask(session, matter, asked, now=now)
    await _set_timer(session, matter)
    return matter


async def _meant(session: Session, unit: Unit | None, said: Said) -> Sequence[Bill]:
    """Return the bills in question: the line said, else all that is open; none for an invoice or the time ahead."""
    if unit is None:
        raise NotFound
    if said.bill_id is not None:
        bill = await session.get(Bill, said.bill_id)
        spaces = {one.id for one in await standing.household(session, unit_id=unit.id)}
        if bill is None or bill.unit_id not in spaces:
            raise NotFound
        return [bill]
    if said.about in {About.INVOICE, About.PREPAY}:
        return []
    units = await standing.household(session, unit_id=unit.id)
    return await standing.owed(session, unit_ids=[one.id for one in units])


def _allowed(actor: Actor, unit: Unit, bills: Sequence[Bill]) -> None:
    home = unit.attached_to or unit.id
    owing = {bill.payer_id for bill in bills} or {None}
    subjects = (Subject(unit.community_id, home, person_id=payer_id) for payer_id in owing)
    if not all(access.may(actor, Deed.SAY_OF_BILLS, subject) for subject in subjects):
        raise NotAllowed


async def _waiting(session: Session, said: Said) -> Matter | None:
    same = Matter.unit_id == said.unit_id, Matter.kind == said.about.value, Matter.state == "open"
    line = Matter.bill_id.is_not_distinct_from(said.bill_id)
    return (await session.scalars(select(Matter).where(*same, line).order_by(Matter.id).limit(1))).one_or_none()


async def whom(session: Session, *, community_id: int, now: datetime) -> Sequence[int]:
    """Return the staff ids of finance, on duty if any of it is; of who leads where there is no finance."""
    finance = await dispatch.candidates(session, community_id=community_id, team="", now=now, roles=[Role.FINANCE])
    found = finance or await dispatch.leads(session, community_id=community_id, now=now)
    return [one.staff_id for one in found if one.on_duty] or [one.staff_id for one in found]


async def _ask(session: Session, matter: Matter, asked: Sequence[int], *, now: datetime) -> None:
    for staff_id, to in (await people.addresses_of_staff(session, asked)).items():
        if matter.media_id is not None:
            await _show(session, matter, staff_id, to, matter.media_id, now)
        await conversations.ask(
            session,
            to=to,
            person_id=None,
            form=FORM,
            given={"about": matter.id, "kind": matter.kind},
            key=f"{_key(matter)}{staff_id}",
            priority=Priority.WORK,
            now=now,
            expires_at=matter.due_at + LATEST,
        )


def _key(matter: Matter) -> str:
    return f"matter:{matter.id}:finance:"


async def _show(session: Session, matter: Matter, staff_id: int, to: To, media_id: int, now: datetime) -> None:
    """Show finance the screenshot: before the question, or when it comes later."""
    await conversations.tell(
        session,
        to=to,
        key=f"matter:{matter.id}:shot:{media_id}:{staff_id}",
        text=T("matter.shot", unit=await unit_of(session, matter)),
        media=() if to.channel == Channel.SMS else (media_id,),
        priority=Priority.WORK,
        now=now,
    )


async def unit_of(session: Session, matter: Matter) -> T:
    """Name the unit that a matter is of."""
    unit = await session.get_one(Unit, matter.unit_id)
    return places.unit_label(unit)


async def _set_timer(session: Session, matter: Matter) -> None:
    await timers.set_once(
        session,
        key=f"matter:{matter.id}:due",
        kind=DUE,
        subject=SUBJECT,
        subject_id=matter.id,
        due_at=matter.due_at,
        community_id=matter.community_id,
    )


async def add(
    session: Session, actor: Actor, *, matter: Matter, words: str = "", media_id: int | None = None, now: datetime
) -> None:
    """Put words or a screenshot to what was said; finance gets the picture. Raises `NotFound`."""
    if matter.person_id != actor.person_id or actor.person_id is None:
        raise NotFound
    if words and words not in matter.words:
        matter.words = f"{matter.words}\n{words}".strip()
    if media_id is None or matter.state not in UNANSWERED:
        return
    matter.media_id = media_id
    asked = await people.addresses_of_staff(session, matter.given.get("asked", ()))
    for staff_id, to in asked.items():
        await _show(session, matter, staff_id, to, media_id, now)


async def own(session: Session, actor: Actor, *, matter_id: int) -> Matter:
    """Return a matter to whom it is from; raises `NotFound`."""
    matter = await session.get(Matter, matter_id)
    if matter is None or actor.person_id is None or matter.person_id != actor.person_id:
        raise NotFound
    return matter


async def paused_bills(session: Session, *, unit_ids: Sequence[int], now: datetime) -> frozenset[int]:
    """Return the bills of the units for which nobody is dunned now: finance has still to answer for them."""
    waits = Matter.state == "open", Matter.kind.in_(PAUSES), Matter.due_at > now
    units = select(Unit.attached_to).where(Unit.id.in_(unit_ids), Unit.attached_to.is_not(None))
    spaces = select(Unit.id).where(Unit.attached_to.in_(unit_ids))
    of_them = Matter.unit_id.in_(unit_ids) | Matter.unit_id.in_(units) | Matter.unit_id.in_(spaces)
    found = await session.scalars(select(Matter.given).where(*waits, of_them))
    return frozenset(bill_id for given in found for bill_id in given.get("bills", ()))


async def open_of(session: Session, actor: Actor) -> Sequence[tuple[Matter, Unit]]:
    """Return what finance has still to answer in the community, the most urgent first; raises `NotAllowed`."""
    if actor.community_id is None or not access.may(actor, Deed.ANSWER_MATTER, Subject(actor.community_id)):
        raise NotAllowed
    rows = await session.execute(
        select(Matter, Unit)
        .join(Unit, Unit.id == Matter.unit_id)
        .where(Matter.community_id == actor.community_id, Matter.state.in_(UNANSWERED))
        .order_by(Matter.due_at, Matter.id)
        .limit(30)
    )
    return [(matter, unit) for matter, unit in rows]


async def lapse(session: Session, *, matter_id: int, now: datetime) -> None:
    """Finance has not answered in time: the pause is over, who leads hears it, and the owner that we are late."""
    matter = await session.get(Matter, matter_id, with_for_update=True)
    if matter is None or matter.state != "open" or matter.due_at > now:
        return
    if await is_paid(session, matter):  # by a correction: whatever money pays closes it at once
        matter.state, matter.answer, matter.answered_at = "answered", "found", now
        await close_questions(session, matter)
        return
    matter.state = "lapsed"
    await _tell_leads(session, matter, now)
    house = await by_id(session, community_id=matter.community_id)
    late = T("matter.late", phone=house.phone)
    await tell_owner(session, matter, late, tag="late", now=now)


async def is_paid(session: Session, matter: Matter) -> bool:
    """Whether nothing is open any more of what somebody says he has paid."""
    if matter.kind != About.PAID:
        return False
    bills = (await session.scalars(select(Bill).where(Bill.id.in_(matter.given.get("bills", ()))))).all()
    return bool(bills) and all(standing.open_cents(bill) <= 0 for bill in bills)


async def _tell_leads(session: Session, matter: Matter, now: datetime) -> None:
    leads = await dispatch.leads(session, community_id=matter.community_id, now=now)
    told = [one.staff_id for one in leads if one.on_duty] or [one.staff_id for one in leads]
    text = T(
        "matter.lapsed",
        unit=await unit_of(session, matter),
        about=T(f"matter.about.{matter.kind}"),
        asked=When(matter.asked_at),
    )
    for staff_id, to in (await people.addresses_of_staff(session, told)).items():
        await conversations.tell(
            session,
            to=to,
            key=f"matter:{matter.id}:lapsed:{staff_id}",
            text=text,
            rows=[[Choice(T("matter.look"), f"go:matter:{matter.id}")]],
            priority=Priority.WORK,
            now=now,
        )


async def tell_owner(
    session: Session,
    matter: Matter,
    text: Text,
    *,
    tag: str,
    now: datetime,
    rows: Sequence[Sequence[Choice]] = (),
) -> None:
    """Tell whom a matter is from, where he said it, else where he can be reached best."""
    to = await people.to_of(session, address_id=matter.address_id)
    if to is None and matter.person_id is not None:
        to = (await people.addresses_of(session, [matter.person_id])).get(matter.person_id)
    if to is None:
        return
    await conversations.tell(
        session,
        to=to,
        key=f"matter:{matter.id}:{tag}",
        text=text,
        rows=rows,
        person_id=matter.person_id,
        priority=Priority.REPLY,
        now=now,
    )


async def close_questions(session: Session, matter: Matter) -> None:
    """End what finance was asked: it is answered."""
    await conversations.end_where(session, key_prefix=_key(matter))
    await timers.cancel(session, subject=SUBJECT, subject_id=matter.id)


async def tell_asked(session: Session, matter: Matter, *, by: Actor | None = None, now: datetime) -> None:
    """Whoever was asked as well hears who answered, and what; without anybody, it was the money that came."""
    own = by.staff.staff_id if by is not None and by.staff is not None else None
    others = [staff_id for staff_id in matter.given.get("asked", ()) if staff_id != own]
    unit = await unit_of(session, matter)
    text = (
        T(
            "matter.taken",
            name=by.called or T("matter.by_the_books"),
            unit=unit,
            answer=T(f"finance_answer.{matter.answer}"),
        )
        if by is not None
        else T("matter.landed", unit=unit)
    )
    for staff_id, to in (await people.addresses_of_staff(session, others)).items():
        key = f"matter:{matter.id}:taken:{staff_id}"
        await conversations.tell(session, to=to, key=key, text=text, priority=Priority.WORK, now=now)
