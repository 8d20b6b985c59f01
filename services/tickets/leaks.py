"""Water from above: one case, two households. The upper one hears that water shows below, never who said so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from services import actors, conversations, houses, timers
from services.actors import Actor, House
from services.db import Session
from services.messages import Choice, T, Text, plain
from services.models import Party, Ticket, Unit
from services.outbox import Priority
from services.refusals import NotFound, Refused
from services.settings import Policy
from services.tickets import cards, filing, finding, news, parties
from services.tickets.parties import Allowed, Side
from services.tickets.requests import Request
from services.tickets.rules import IN_HAND
from services.understanding.floors import rooms_above

DUE = "party.due"
SYSTEM = "leaks"
ANSWER_DAYS = timedelta(days=3)
MOST_CALLS = 3  # of an emergency contact, before people see to it themselves


class LeakOver(Refused):
    """The case is over: nobody needs to come any more."""

    key = "refused.leak_over"


class NotAbove(Refused):
    """A unit can't be above itself."""

    key = "refused.not_above"
    ends = False


@dataclass(frozen=True, slots=True)
class Heard:
    """What a household said: may somebody come, when, in which words."""

    allowed: Allowed
    words: str = ""
    start: datetime | None = None
    end: datetime | None = None


async def file(
    session: Session, actor: Actor, *, house: House, request: Request, now: datetime, policy: Policy
) -> Ticket:
    """File a leak that comes from above, and turn to the household there."""
    ticket = await filing.file(session, actor, house=house, request=request, now=now, policy=policy)
    await turn_to_upper(session, actor, ticket=ticket, now=now, policy=policy)
    return ticket


async def turn_to_upper(session: Session, actor: Actor, *, ticket: Ticket, now: datetime, policy: Policy) -> None:
    """Work out which unit lies above and tell it; where numbers don't say it, the desk is asked."""
    if ticket.unit_id is not None:
        await parties.add(session, ticket, role=Side.BELOW, unit_id=ticket.unit_id)
    if await parties.of(session, ticket, role=Side.ABOVE) is not None:
        return
    unit = await _above(session, ticket)
    if unit is None:
        rows = [[Choice(T("do.sides"), f"t:sides:{ticket.id}")]]
        text = T("leak.which_above", number=ticket.number, place=plain(ticket.place))
        await news.to_front(session, ticket, text, rows=rows, now=now)
        return
    await _name(session, actor, ticket, unit, now=now, policy=policy)


async def _above(session: Session, ticket: Ticket) -> Unit | None:
    """Return the unit above: same building, entrance and position, the next floor that there is."""
    own = await session.get(Unit, ticket.unit_id) if ticket.unit_id is not None else None
    if own is None:
        return None
    rooms = rooms_above(own.room)
    found = await session.scalars(
        select(Unit).where(
            Unit.community_id == own.community_id,
            Unit.building == own.building,
            Unit.entrance == own.entrance,
            Unit.room.in_(rooms),
        )
    )
    return min(found.all(), key=lambda unit: rooms.index(unit.room), default=None)


async def name_upper(
    session: Session, actor: Actor, *, ticket: Ticket, unit_id: int, now: datetime, policy: Policy
) -> None:
    """An employee says which unit it is; one that was told by mistake hears that it need not mind."""
    unit = await session.get(Unit, unit_id)
    if unit is None or unit.community_id != ticket.community_id:
        raise NotFound
    if unit.id == ticket.unit_id:
        raise NotAbove
    before = await parties.of(session, ticket, role=Side.ABOVE)
    if before is not None:
        if before.unit_id == unit.id:
            return
        await _never_mind(session, before, seq=ticket.seq, now=now)
        before.state, before.allowed, before.how, before.told_at = "named", Allowed.UNKNOWN, "", None
        before.from_at = before.until_at = before.content_id = None
    await _name(session, actor, ticket, unit, now=now, policy=policy)


async def _never_mind(session: Session, party: Party, *, seq: int, now: datetime) -> None:
    """Take back what the wrong household was asked."""
    await conversations.end_where(session, key_prefix=f"party:{party.id}:")
    if party.how != "message":
        return
    for person_id, to in (await parties.reached(session, await parties.unit_of(session, party))).items():
        key = f"party:{party.id}:{seq}:{person_id}:back"
        await conversations.tell(session, to=to, key=key, text=T("leak.never_mind"), priority=Priority.WORK, now=now)


async def _name(session: Session, actor: Actor, ticket: Ticket, unit: Unit, *, now: datetime, policy: Policy) -> None:
    party = await parties.add(session, ticket, role=Side.ABOVE, unit_id=unit.id)
    party.unit_id = unit.id
    found = await parties.reached(session, unit)
    if not found:
        await _contact(session, actor, ticket, party, now=now)
        return
    for person_id, to in found.items():
        await conversations.ask(
            session,
            to=to,
            person_id=person_id,
            form="upstairs",
            given={"party": party.id, "unit": unit.id},
            key=f"party:{party.id}:{ticket.seq}:{person_id}",  # a flat may be named a second time
            priority=Priority.WORK,
            now=now,
            expires_at=now + ANSWER_DAYS,
        )
    party.state, party.how, party.told_at = "told", "message", now
    await parties.note(session, actor, ticket, party, action="upper_told", now=now)
    await _await(session, ticket, party, now + timedelta(minutes=policy.forms.upstairs_minutes))
    await cards.touch(session, ticket=ticket, now=now)


async def _await(session: Session, ticket: Ticket, party: Party, due_at: datetime) -> None:
    await timers.move(
        session,
        key=f"party:{party.id}:due",
        kind=DUE,
        subject="ticket",
        subject_id=ticket.id,
        due_at=due_at,
        community_id=ticket.community_id,
    )


async def unanswered(session: Session, *, ticket_id: int, now: datetime) -> None:
    """The household above said nothing, or its contact did not answer: the contact is called, once more."""
    ticket = await finding.locked(session, ticket_id=ticket_id)
    party = await parties.of(session, ticket, role=Side.ABOVE) if ticket is not None else None
    if ticket is None or party is None or party.state not in {"told", "unreached"} or ticket.state not in IN_HAND:
        return
    house = await houses.by_id(session, community_id=ticket.community_id)
    await _contact(session, actors.system(SYSTEM, house=house), ticket, party, now=now)


async def nobody_there(session: Session, actor: Actor, *, ticket: Ticket, now: datetime) -> None:
    """The engineer stood before a closed door above: its emergency contact is called. Raises `NotFound`."""
    party = await parties.of(session, ticket, role=Side.ABOVE)
    if party is None:
        raise NotFound
    await _contact(session, actor, ticket, party, now=now)


async def _contact(session: Session, actor: Actor, ticket: Ticket, party: Party, *, now: datetime) -> None:
    """Give the desk the emergency contact of the unit to call, and ask what came of it."""
    party.state, party.tries = "contact", party.tries + 1
    await parties.note(session, actor, ticket, party, action="upper_contact", now=now)
    await timers.cancel(session, subject="ticket", subject_id=ticket.id, kinds=(DUE,))
    staff_ids = await news.front(session, ticket, now=now)
    for staff_id, to in (await news.reach(session, staff_ids)).items():
        await conversations.ask(
            session,
            to=to,
            person_id=None,
            form="reach_contact",
            given={"ticket": ticket.id, "number": ticket.number, "party": party.id},
            key=f"party:{party.id}:contact:{party.tries}:{staff_id}",
            priority=news.priority_of(ticket),
            now=now,
            expires_at=now + ANSWER_DAYS,
        )
    await cards.touch(session, ticket=ticket, now=now)


async def whom_to_call(session: Session, actor: Actor, *, ticket_id: int) -> tuple[Ticket, Unit]:
    """Return the case and the unit above, for employees. Raises `NotFound`."""
    ticket = await finding.find(session, actor, ticket_id=ticket_id)
    party = await parties.of(session, ticket, role=Side.ABOVE)
    unit = await parties.unit_of(session, party) if party is not None else None
    if unit is None or actor.staff is None:
        raise NotFound
    return ticket, unit


async def contact_reached(
    session: Session, actor: Actor, *, ticket: Ticket, heard: Heard | None, now: datetime, policy: Policy
) -> None:
    """Write down what the call to the emergency contact brought; None: nobody answered. Raises `NotFound`."""
    party = await parties.of(session, ticket, role=Side.ABOVE)
    if party is None or actor.staff is None:
        raise NotFound
    await conversations.end_where(session, key_prefix=f"party:{party.id}:contact:")
    if heard is None:
        party.state = "unreached"
        await parties.note(session, actor, ticket, party, action="upper_unreached", now=now)
        if party.tries < MOST_CALLS:
            await _await(session, ticket, party, now + timedelta(minutes=policy.forms.upstairs_minutes))
        await _tell_hands(session, actor, ticket, T("leak.staff.unreached", number=ticket.number), now=now)
        await cards.touch(session, ticket=ticket, now=now)
        return
    party.state, party.how, party.told_at = "reached", "contact", party.told_at or now
    await _keep(session, actor, ticket, party, heard, action="upper_reached", now=now)


async def answered(session: Session, actor: Actor, *, party_id: int, heard: Heard, now: datetime) -> None:
    """The household above answers; its words go to who works the case, never below. Raises `NotFound`, `LeakOver`."""
    party = await parties.by_id(session, party_id)
    ticket = await finding.locked(session, ticket_id=party.ticket_id) if party is not None else None
    lives_there = party is not None and party.unit_id in {home.unit_id for home in actor.here}
    if party is None or ticket is None or not lives_there or party.role != Side.ABOVE:
        raise NotFound
    if ticket.state not in IN_HAND:
        raise LeakOver
    await conversations.end_where(session, key_prefix=f"party:{party.id}:")
    await timers.cancel(session, subject="ticket", subject_id=ticket.id, kinds=(DUE,))
    party.state, party.how = "answered", "message"
    await _keep(session, actor, ticket, party, heard, action="upper_answered", now=now)


async def record(session: Session, actor: Actor, *, ticket: Ticket, side: Side, heard: Heard, now: datetime) -> None:
    """An employee writes down what a side allowed. Raises `NotFound`."""
    party = await parties.of(session, ticket, role=side)
    if party is None and side is Side.BELOW:
        party = await parties.add(session, ticket, role=side, unit_id=ticket.unit_id)
    if party is None:
        raise NotFound
    if side is Side.ABOVE:
        await conversations.end_where(session, key_prefix=f"party:{party.id}:")
        await timers.cancel(session, subject="ticket", subject_id=ticket.id, kinds=(DUE,))
        party.state = "answered"
    await _keep(session, actor, ticket, party, heard, action="side_allowed", now=now)


async def _keep(
    session: Session, actor: Actor, ticket: Ticket, party: Party, heard: Heard, *, action: str, now: datetime
) -> None:
    first_yes = heard.allowed is Allowed.YES and party.allowed != Allowed.YES and party.role == Side.ABOVE
    party.allowed, party.from_at, party.until_at = heard.allowed, heard.start, heard.end
    await parties.note(session, actor, ticket, party, action=action, words=heard.words, now=now)
    unit = await parties.unit_of(session, party)
    text = parties.line(parties.Shown(party, unit, heard.words))
    await _tell_hands(session, actor, ticket, T("leak.staff.heard", number=ticket.number, line=text), now=now)
    if first_yes:
        await news.to_owner(session, ticket, T("leak.news.upper_yes", number=ticket.number), now=now, tag=":above")
    await cards.touch(session, ticket=ticket, now=now)


async def _tell_hands(session: Session, actor: Actor, ticket: Ticket, text: Text, *, now: datetime) -> None:
    """Tell who holds the case, or the desk while nobody does; nobody what he did himself."""
    me = actor.staff.staff_id if actor.staff is not None else None
    if ticket.holder_id is None and me is None:
        await news.to_front(session, ticket, text, now=now)
    elif ticket.holder_id is not None and ticket.holder_id != me:
        await news.to_staff(session, ticket, [ticket.holder_id], text, now=now, tag=":above")
