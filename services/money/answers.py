"""What finance answers to owners' matters: found or not, right or corrected, the invoice's number or why none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from services import access, looks, people, places
from services.access import Deed, Subject
from services.actors import Actor
from services.db import Session
from services.messages import Cents, Choice, T, Text, lines
from services.models import Bill, Matter, Person, Unit
from services.money import landed, ledger, matters, prepaying, standing
from services.money.ledger import Money
from services.money.matters import UNANSWERED, About
from services.money.prepaying import Offer
from services.refusals import NotAllowed, NotFound, Refused

FOUND, MISSING, RIGHT, CORRECTED, ISSUED, REFUSED = "found", "missing", "right", "corrected", "issued", "refused"
AGREED, DECLINED = "agreed", "declined"
FITS = {
    About.PAID: (FOUND, MISSING),
    About.WRONG: (RIGHT, CORRECTED),
    About.INVOICE: (ISSUED, REFUSED),
    About.PREPAY: (AGREED, DECLINED),
}


class Answered(Refused):
    """A colleague was quicker."""

    key = "refused.matter_answered"


@dataclass(frozen=True, slots=True)
class Case:
    """A matter as finance sees it."""

    matter: Matter
    unit: Unit
    person: Person | None
    bills: list[Bill]

    @property
    def owed(self) -> int:
        """What is still open of the bills in question, in cents."""
        return sum(max(standing.open_cents(bill), 0) for bill in self.bills)


@dataclass(frozen=True, slots=True)
class Booked:
    """The money that finance found: how much, on which way, on which day."""

    cents: int
    way: str
    paid_on: date


async def case_of(session: Session, actor: Actor, *, matter_id: int, lock: bool = False) -> Case:
    """Return a matter to who may answer it; raises `NotFound`."""
    matter = await session.get(Matter, matter_id, with_for_update=True if lock else None, populate_existing=lock)
    if matter is None or matter.community_id != actor.community_id:
        raise NotFound
    if not access.may(actor, Deed.ANSWER_MATTER, Subject(matter.community_id, matter.unit_id)):
        raise NotAllowed
    bills = await session.scalars(select(Bill).where(Bill.id.in_(matter.given.get("bills", ()))).order_by(Bill.due_on))
    person = await session.get(Person, matter.person_id) if matter.person_id else None
    return Case(matter, await session.get_one(Unit, matter.unit_id), person, list(bills))


async def waiting(session: Session, actor: Actor, *, matter_id: int, lock: bool = False) -> Case:
    """Return a matter that nobody has answered; raises `Answered` with the name of who did, `NotFound`."""
    case = await case_of(session, actor, matter_id=matter_id, lock=lock)
    if case.matter.state not in UNANSWERED:
        by = await people.staff_name(session, case.matter.answered_by)
        raise Answered(name=by or T("matter.by_the_books"))
    return case


async def looked_at(session: Session, actor: Actor, *, matter_id: int, now: datetime) -> Case:
    """Return the same, opened by somebody, which is written down."""
    case = await waiting(session, actor, matter_id=matter_id)
    await looks.note(session, actor, what="fees", unit_id=case.unit.id, person_id=case.matter.person_id, now=now)
    return case


async def found(session: Session, actor: Actor, *, matter_id: int, booked: Booked | None, now: datetime) -> Matter:
    """The money is there: written down now, if the books don't have it yet."""
    case = await waiting(session, actor, matter_id=matter_id, lock=True)
    case.matter.state = "answered"  # nobody else closes it when the money lands
    if booked is not None:
        money = Money(
            cents=booked.cents,
            way=booked.way,
            source="desk",
            key=f"matter:{matter_id}",
            paid_on=booked.paid_on,
            payer=case.person.name if case.person else "",
            media_id=case.matter.media_id,
        )
        bills = [bill.id for bill in case.bills]
        await ledger.record(session, actor, unit=case.unit, money=money, bills=bills, now=now)
    text = T("matter.found_part") if case.owed else T("matter.found")
    return await _close(session, actor, case, FOUND, "", text, now=now)


async def missing(session: Session, actor: Actor, *, matter_id: int, words: str, now: datetime) -> Matter:
    """Finance does not find the money: the owner is asked for a trace of it, kindly."""
    case = await waiting(session, actor, matter_id=matter_id, lock=True)
    phone = actor.house.phone if actor.house else ""
    text = lines(T("matter.missing", phone=phone), _reason(words))
    again = [[Choice(T("matter.again"), f"go:paidbefore:{case.matter.bill_id or 0}")]]
    return await _close(session, actor, case, MISSING, words, text, now=now, rows=again)


async def right(session: Session, actor: Actor, *, matter_id: int, words: str, now: datetime) -> Matter:
    """The line is right: why, and that he may complain."""
    case = await waiting(session, actor, matter_id=matter_id, lock=True)
    text = lines(T("matter.right", item=_item(case)), _reason(words), T("matter.right.more"))
    rows = [[Choice(T("matter.complain"), "go:complaint")]]
    return await _close(session, actor, case, RIGHT, words, text, now=now, rows=rows)


async def correct(session: Session, actor: Actor, *, matter_id: int, cents: int, words: str, now: datetime) -> Matter:
    """The line is wrong: it becomes so much; the sum is named only where the address is proven."""
    case = await waiting(session, actor, matter_id=matter_id, lock=True)
    if not case.bills or case.matter.bill_id is None:
        raise NotFound
    bill = case.bills[0]
    change = cents - bill.cents - bill.adjusted_cents
    key = f"matter:{matter_id}"
    await ledger.adjust(session, actor, bill=bill, cents=change, why="wrong", key=key, words=words, now=now)
    sure = case.matter.address_id in await landed.trusted(session, address_ids=[case.matter.address_id])
    item = _item(case)
    text = T("matter.corrected", item=item, cents=Cents(cents)) if sure else T("matter.corrected_plain", item=item)
    return await _close(session, actor, case, CORRECTED, words, lines(text, _reason(words)), now=now)


async def issue(session: Session, actor: Actor, *, matter_id: int, number: str, now: datetime) -> Matter:
    """The invoice is made out: the owner gets its number."""
    case = await waiting(session, actor, matter_id=matter_id, lock=True)
    text = T("matter.issued", number=number, email=str(case.matter.given.get("email", "")))
    return await _close(session, actor, case, ISSUED, number, text, now=now)


async def refuse(session: Session, actor: Actor, *, matter_id: int, words: str, now: datetime) -> Matter:
    """No invoice can be made out, and why."""
    case = await waiting(session, actor, matter_id=matter_id, lock=True)
    phone = actor.house.phone if actor.house else ""
    text = lines(T("matter.refused", phone=phone), _reason(words))
    return await _close(session, actor, case, REFUSED, words, text, now=now)


async def agree(session: Session, actor: Actor, *, matter_id: int, offered: Offer, now: datetime) -> Matter:
    """The household gets the lower price; the sum is named only where the address is proven."""
    case = await waiting(session, actor, matter_id=matter_id, lock=True)
    await prepaying.agree(session, actor, unit=case.unit, offered=offered, now=now)
    sure = case.matter.address_id in await landed.trusted(session, address_ids=[case.matter.address_id])
    said: dict[str, str | int | T | Cents] = {"unit": places.unit_label(case.unit), "name": offered.name}
    said |= {"percent": offered.percent, "since": _day(offered.since), "until": _day(offered.until)}
    text = T("matter.agreed", **said)
    due = T("matter.agreed.sum", cents=Cents(offered.cents), less=Cents(offered.full_cents - offered.cents))
    rows = [[Choice(T("fees.pay"), "go:pay")]]
    return await _close(session, actor, case, AGREED, "", lines(text, due if sure else None), now=now, rows=rows)


def _day(day: date) -> T:
    return T("feeq.date", year=day.year, month=day.month, day=day.day)


async def decline(session: Session, actor: Actor, *, matter_id: int, words: str, now: datetime) -> Matter:
    """The lower price can't be had, and why."""
    case = await waiting(session, actor, matter_id=matter_id, lock=True)
    phone = actor.house.phone if actor.house else ""
    text = lines(T("matter.declined", phone=phone), _reason(words))
    return await _close(session, actor, case, DECLINED, words, text, now=now)


def _item(case: Case) -> T:
    bill = case.bills[0]
    return T("fees.item", item=bill.item, period=bill.period)


def _reason(words: str) -> Text | None:
    return T("matter.words", words=words) if words else None


async def _close(
    session: Session,
    actor: Actor,
    case: Case,
    answer: str,
    words: str,
    text: Text,
    *,
    now: datetime,
    rows: list[list[Choice]] | None = None,
) -> Matter:
    matter = case.matter
    matter.state, matter.answer, matter.answer_words = "answered", answer, words
    matter.answered_at, matter.answered_by = now, actor.staff.staff_id if actor.staff else None
    await session.flush()
    await matters.close_questions(session, matter)
    await matters.tell_owner(session, matter, text, tag="answer", rows=rows or (), now=now)
    await matters.tell_asked(session, matter, by=actor, now=now)
    return matter
