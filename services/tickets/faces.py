"""How a card looks at the moment of sending, for whose eyes it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, exists, select

from services import direct, loading
from services.actors import LEADS
from services.calendars import DEVELOPER
from services.catalog import Catalog, Kind, said
from services.db import Session
from services.messages import Choice, Say, T, Text, When, joined, lines, pairs, plain, window_end
from services.models import Address, Card, Person, Staff, Ticket, table_of
from services.phones import readable
from services.tickets import finding, grievance, merging, parties, quotes
from services.tickets.cards import View
from services.tickets.grievance import Grievance
from services.tickets.rules import HELD, IN_HAND, NOT_YET, OVER, Action, State

CARD_COLUMNS = len(table_of(Card).columns)

VISIT: Mapping[str, Sequence[str]] = {  # at most four buttons at a time, the next step first
    "": ("called", "on_the_way", "arrived", "problem"),
    "called": ("on_the_way", "arrived", "ask", "problem"),
    "on_the_way": ("arrived", "done", "ask", "problem"),
    "arrived": ("done", "ask", "talk", "problem"),
}
RESTING: Sequence[str] = ("resume", "ask", "talk", "problem")
CHECKING: Sequence[str] = ("found_right", "found_wrong")  # what somebody else puts right
ANSWERING: Sequence[str] = ("settle", "called", "ask", "talk")  # what is answered, not visited


def steps(ticket: Ticket) -> Sequence[str]:
    """Return what its holder does next with a ticket in work."""
    if ticket.kind == Kind.RECTIFICATION:
        return CHECKING
    if ticket.kind != Kind.REPAIR:
        return ANSWERING
    return VISIT.get(ticket.step, VISIT["arrived"])


@dataclass(frozen=True, slots=True)
class Face:
    """A card with all that it shows; `holds` when the ticket's holder reads it."""

    card: Card
    ticket: Ticket
    holder: T | None
    taker: T | None
    holds: bool
    into: str = ""  # the number of the ticket that this one lives on in
    tied: Sequence[str] = ()  # numbers of tickets that have to do with it
    sides: Sequence[parties.Shown] = ()  # whom it concerns beside its requester, and what they allowed
    alike: Sequence[str] = ()  # numbers of open tickets that may be the same, for the desk
    grievance: Grievance | None = None  # what only complaints show
    led: bool = False  # its holder leads


async def find(session: Session, *, card_id: int | None) -> Face | None:
    """Return a card's face as things are now; None when its ticket is gone."""
    row = (await direct.execute(session, _found(), {"card_id": card_id})).one_or_none()
    if row is None:
        return None
    card, ticket = loading.put(session, Card, row), loading.put(session, Ticket, row[CARD_COLUMNS:])
    face = await _face(session, card, ticket, row)
    if ticket.kind != Kind.COMPLAINT and ticket.source != "forwarded" and not ticket.serious:
        return face
    special = await grievance.find(session, ticket)
    return replace(face, grievance=special, tied=[one for one in face.tied if one not in special.repeats])


async def _face(session: Session, card: Card, ticket: Ticket, row: Row[Any]) -> Face:
    return Face(
        card,
        ticket,
        _named(row.holder, row.badge),
        _named(row.taker, row.taker_badge),
        row.holds,
        into=await finding.number_of(session, ticket.merged_into_id),
        tied=await _tied(session, ticket) if card.view != View.GROUP else (),
        sides=await _sides(session, card, ticket),
        alike=await _alike(session, ticket) if card.view == View.FRONT else (),
        led=row.holder_role in LEADS,
    )


async def _sides(session: Session, card: Card, ticket: Ticket) -> Sequence[parties.Shown]:
    """Return whom the ticket concerns, where there is something to say of them."""
    if card.view == View.GROUP or not (ticket.category == parties.LEAK or ticket.kind == Kind.RECTIFICATION):
        return ()
    return [one for one in await parties.shown(session, ticket) if parties.says_something(one.party)]


async def _tied(session: Session, ticket: Ticket) -> Sequence[str]:
    """Return what has to do with it; that there is a confidential one is not told on a card that is none."""
    found = await merging.tied(session, ticket)
    return [one.number for one in found if ticket.confidential or not one.confidential]


async def _alike(session: Session, ticket: Ticket) -> Sequence[str]:
    """Return possible duplicates while the ticket itself is not in work."""
    if ticket.confidential or ticket.state not in NOT_YET:
        return ()
    return [one.number for one in await merging.alike(session, ticket) if not one.confidential]


def render(face: Face, *, catalog: Catalog, locale: str) -> Say:
    """Show the ticket as it is now."""
    card, ticket, holder, taker = face.card, face.ticket, face.holder, face.taker
    body = lines(
        _head(ticket),
        _place(ticket),
        grievance.shown(ticket, face.grievance) if face.grievance and card.view != View.GROUP else None,
        resting(ticket) or _time(ticket),
        _trade(ticket, catalog, locale),
        quotes.line(ticket),
        joined([T("card.care") if ticket.needs_care else None, T("card.taker", name=taker) if taker else None], " · "),
        _holder(ticket, holder),
        *(parties.line(one) for one in face.sides if face.holds or card.view == View.FRONT),
        _related(face),
    )
    if card.view == View.HOLDER:
        return _of_holder(face, body)
    if card.view == View.FRONT:
        return Say(lines(body, _requester(ticket)), pairs(_front_buttons(ticket, alike=bool(face.alike))))
    return Say(body, pairs(_group_buttons(ticket)))


@cache
def _found() -> Select[Any]:
    """A card and its ticket, with the names of who holds it and who took it."""
    card, ticket, address = table_of(Card), table_of(Ticket), table_of(Address).c
    holder, taker = table_of(Staff).alias(), table_of(Staff).alias()
    by, to = table_of(Person).alias(), table_of(Person).alias()
    reads = exists().where(address.id == card.c.address_id, address.person_id == holder.c.person_id)
    return (
        select(*card.columns, *ticket.columns, by.c.name.label("holder"), holder.c.badge.label("badge"))
        .add_columns(
            holder.c.role.label("holder_role"),
            to.c.name.label("taker"),
            taker.c.badge.label("taker_badge"),
            reads.label("holds"),
        )
        .select_from(card)
        .join(ticket, ticket.c.id == card.c.subject_id)
        .outerjoin(holder, holder.c.id == ticket.c.holder_id)
        .outerjoin(by, by.c.id == holder.c.person_id)
        .outerjoin(taker, taker.c.id == ticket.c.first_taker_id)
        .outerjoin(to, to.c.id == taker.c.person_id)
        .where(card.c.id == bindparam("card_id"))
    )


def _related(face: Face) -> Text | None:
    """Name the tickets that have to do with this one."""
    if face.into:
        return T("card.merged", into=face.into)
    count = face.ticket.merged_count
    alike = [number for number in face.alike if number not in face.tied]
    return lines(
        T("card.merged_count", count=count) if count else None,
        T("card.tied", numbers=" ".join(face.tied)) if face.tied and not count else None,
        T("card.alike", numbers=" ".join(alike)) if alike else None,
    )


def _named(name: str | None, badge: str | None) -> T | None:
    return T("staff.name", name=name, badge=badge) if name is not None else None


def _of_holder(face: Face, body: Text) -> Say:
    """Show number and next steps to the present holder alone; a former holder's card only says who has it now.

    Who spoke of his neighbours is known to those who lead alone.
    """
    ticket = face.ticket
    if not face.holds:
        return Say(body)
    repair = ticket.kind == Kind.REPAIR and ticket.state == State.WORKING
    number = _number(ticket) if face.led or not ticket.anonymous else None
    return Say(lines(body, number, T("card.how") if repair else None), pairs(_holder_buttons(ticket)))


def _head(ticket: Ticket) -> T:
    return T(
        "card.head",
        kind=T(f"kind.{ticket.kind}"),
        number=ticket.number,
        priority=T(f"priority.{ticket.priority}"),
        state=state_of(ticket),
    )


def state_of(ticket: Ticket) -> T:
    """Word the ticket's state; what is answered is not "repaired"."""
    if ticket.state == State.DONE and ticket.kind != Kind.REPAIR:
        return T("state.answered")
    return T(f"state.{ticket.state}")


def _place(ticket: Ticket) -> Text:
    files = T("card.files", count=ticket.media_count) if ticket.media_count else None
    return lines(
        T("card.place", place=ticket.place),
        joined([T("card.matter", matter=ticket.matter), files], " "),
        T("card.returned", count=ticket.returns) if ticket.returns else None,
        T("card.joined", count=ticket.joined_count) if ticket.joined_count else None,
        T("card.urged", count=ticket.urges) if ticket.urges else None,
        T("card.absences", count=ticket.absences) if ticket.absences else None,
        T("card.no_shows", count=ticket.no_shows) if ticket.no_shows else None,
    )


def resting(ticket: Ticket) -> T | None:
    """Say what a paused ticket waits for, and until when."""
    if ticket.state != State.PAUSED:
        return None
    reason = T(f"pause.{ticket.pause_reason}")
    if ticket.paused_until is None:
        return T("ticket.paused_open", reason=reason)
    return T("ticket.paused", reason=reason, until=When(ticket.paused_until))


def _is_there(ticket: Ticket) -> bool:
    """Whether somebody has come, and no other visit was agreed since."""
    if ticket.step != Action.ARRIVED or ticket.arrived_at is None:
        return False
    return ticket.from_at is None or ticket.from_at <= ticket.arrived_at


def _time(ticket: Ticket) -> T | None:
    if ticket.state in {State.DONE} | OVER:
        return None
    if ticket.kind == Kind.RECTIFICATION and ticket.due_at is not None:
        return T("card.rectify_by", by=When(ticket.due_at))
    if _is_there(ticket):
        return None
    if ticket.from_at is not None and ticket.until_at is not None:
        return T("card.window", start=When(ticket.from_at), end=window_end(ticket.from_at, ticket.until_at))
    if ticket.promised_at is not None:
        return T("card.by", by=When(ticket.promised_at))
    return T("card.answer_by", by=When(ticket.answer_by)) if ticket.answer_by else None


def _trade(ticket: Ticket, catalog: Catalog, locale: str) -> Text | None:
    """Name tools and who pays, for ordinary repairs; an alarm's card has no room for that."""
    category = catalog.categories.get(ticket.category)
    if category is None or ticket.kind != Kind.REPAIR or not ticket.payer:
        return None
    tools = said(category.tools, locale)
    return joined([T("card.tools", tools=tools) if tools else None, T(f"payer.{ticket.payer}")], " · ")


def _holder(ticket: Ticket, holder: T | None) -> T | None:
    if holder is None:
        return None
    if ticket.state == State.ASSIGNED:
        return T("card.assigned", name=holder)
    step = T(f"step.{ticket.step}") if ticket.step else T("step.accepted")
    return T("card.holder", name=holder, step=step if ticket.state == State.WORKING else state_of(ticket))


def _requester(ticket: Ticket) -> T | None:
    """Name the requester to the desk; only a stranger's contact is shown, it is all there is of him."""
    contact = readable(ticket.requester_phone) if ticket.requester_id is None else ""
    name = joined(
        [plain(ticket.requester_name) if ticket.requester_name else None, plain(contact) if contact else None], " "
    )
    if not ticket.requester_name and not contact:
        return None
    return T("card.requester", name=name, source=T(f"source.{ticket.source}"))


def _number(ticket: Ticket) -> T | None:
    inside = ticket.scope == "unit" or ticket.kind != Kind.REPAIR
    if not inside or ticket.state not in {State.WORKING, State.PAUSED, State.DONE} or not ticket.requester_phone:
        return None
    if not ticket.shows_number:
        return T("card.number_refused", name=ticket.requester_name)
    return T("card.number", name=ticket.requester_name, phone=readable(ticket.requester_phone))


def _tap(ticket: Ticket, verb: str) -> Choice:
    return Choice(T(f"do.{verb}"), f"t:{verb}:{ticket.id}")


def _holder_buttons(ticket: Ticket) -> Sequence[Choice]:
    if ticket.kind == Kind.RECTIFICATION:
        return [_tap(ticket, verb) for verb in CHECKING] if ticket.state in HELD else ()
    if ticket.state == State.ASSIGNED:
        return [_tap(ticket, verb) for verb in ("accept", "hand_on", "not_ours")]
    sides = ("sides",) if ticket.category == parties.LEAK else ()
    if ticket.state == State.PAUSED:
        return [_tap(ticket, verb) for verb in (*RESTING, *sides)]
    return [_tap(ticket, verb) for verb in (*steps(ticket), *sides)] if ticket.state == State.WORKING else ()


def _front_buttons(ticket: Ticket, *, alike: bool) -> Sequence[Choice]:
    if ticket.kind == Kind.RECTIFICATION:
        return [_tap(ticket, verb) for verb in CHECKING] if ticket.state in HELD else ()
    sides = ("sides",) if ticket.category == parties.LEAK else ()
    if ticket.state in {State.OPEN, State.ASSIGNED}:
        own = ("accept",) if ticket.kind != Kind.REPAIR or ticket.team == DEVELOPER else ()
        more = ("merge",) if alike else ()
        return [_tap(ticket, verb) for verb in (*own, "assign", "ask", "tell", "talk", *sides, *more)]
    if ticket.state == State.MERGED:
        return [_tap(ticket, "unmerge")]
    return [_tap(ticket, verb) for verb in ("hand_on", "ask", "tell", "talk", *sides)] if ticket.state in HELD else ()


def _group_buttons(ticket: Ticket) -> Sequence[Choice]:
    taking = ("accept", "hand_on", "not_ours") if ticket.state in NOT_YET else ()
    return [_tap(ticket, verb) for verb in (*taking, "tell")] if ticket.state in IN_HAND else ()


def one_line(ticket: Ticket, *, now: datetime | None) -> T:
    """Say the ticket in a line, for lists: what it waits for, and whether it is late."""
    state = state_of(ticket)
    if ticket.state == State.PAUSED and ticket.paused_until is not None:
        state = T("line.waits", reason=T(f"pause.{ticket.pause_reason}"), until=When(ticket.paused_until))
    line = T("ticket.line", number=ticket.number, place=plain(ticket.place), matter=ticket.matter, state=state)
    return T("line.overdue", line=line) if now is not None and _is_late(ticket, now) else line


def _is_late(ticket: Ticket, now: datetime) -> bool:
    runs = ticket.state in NOT_YET | {State.WORKING}
    return runs and ticket.due_at is not None and ticket.due_at < now
