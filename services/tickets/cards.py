"""Cards of tickets: who has one, that it must change, and how it looks at the moment of sending."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update

from services import outbox, people
from services.catalog import Catalog
from services.db import Session, upsert
from services.messages import Choice, Say, T, Text, When, joined, lines, pairs, plain
from services.models import Address, Card, Person, Ticket
from services.outbox import Draft, Priority, To
from services.phones import readable
from services.tickets.rules import State

SUBJECT = "ticket"
NEXT_STEPS = {  # at most four buttons at a time, the next step first
    "": ("called", "on_the_way", "arrived", "problem"),
    "called": ("on_the_way", "arrived", "ask", "problem"),
    "on_the_way": ("arrived", "done", "ask", "problem"),
    "arrived": ("done", "ask", "problem"),
}


class View(StrEnum):
    """For whose eyes a card is."""

    GROUP = "group"
    HOLDER = "holder"
    FRONT = "front"


async def show(session: Session, *, ticket: Ticket, to: To, view: View, priority: Priority, now: datetime) -> None:
    """Give an address a card of the ticket, or bring the one it has up to date."""
    row = {
        "community_id": ticket.community_id,
        "subject": SUBJECT,
        "subject_id": ticket.id,
        "address_id": to.address_id,
        "view": view,
        "wanted": 1,
        "shown": 0,
    }
    card = await upsert(
        session,
        Card,
        row,
        on=("subject", "subject_id", "address_id", "view"),
        change={"wanted": Card.wanted + 1},
        returning=(Card.id, Card.shown),
    )
    await _queue(session, [_draft(found["id"], found["shown"], to, priority) for found in card.mappings()], now=now)


async def touch(session: Session, *, ticket: Ticket, now: datetime) -> None:
    """Every card of the ticket must change: any number of changes until sending is one edit."""
    changed = (
        await session.execute(
            update(Card)
            .where(Card.subject == SUBJECT, Card.subject_id == ticket.id)
            .values(wanted=Card.wanted + 1)
            .returning(Card.id, Card.shown, Card.address_id)
            .execution_options(synchronize_session=False)
        )
    ).all()
    if changed:
        locales = await _locales(session, [row.address_id for row in changed])
        drafts = [
            _draft(row.id, row.shown, To(row.address_id, locales[row.address_id], ticket.community_id), Priority.WORK)
            for row in changed
        ]
        await _queue(session, drafts, now=now)


async def _queue(session: Session, drafts: Sequence[Draft], *, now: datetime) -> None:
    """Enqueue card rows; one that waits already serves, one that ended without being shown gets another chance."""
    added = await outbox.enqueue(session, *drafts, now=now)
    if len(added) < len(drafts):
        await outbox.revive(session, keys=[draft.key for draft in drafts])


async def _locales(session: Session, address_ids: Sequence[int]) -> dict[int, str]:
    rows = await session.execute(
        select(Address.id, Address.locale, Person.locale)
        .outerjoin(Person, Person.id == Address.person_id)
        .where(Address.id.in_(address_ids))
    )
    return {row[0]: row[2] or row[1] or "zh_Hans" for row in rows}


def _draft(card_id: int, shown: int, to: To, priority: Priority) -> Draft:
    return Draft(key=f"card:{card_id}:{shown + 1}", to=to, priority=priority, kind="card", card_id=card_id)


async def sent(session: Session, *, card_id: int, revision: int, message_id: str, to: To, now: datetime) -> None:
    """A revision is on the screen; when a newer one is wanted by now, it is sent too."""
    wanted = await session.scalar(
        update(Card)
        .where(Card.id == card_id)
        .values(shown=revision, message_id=message_id)
        .returning(Card.wanted)
        .execution_options(synchronize_session=False)
    )
    if wanted is not None and wanted > revision:
        await _queue(session, [_draft(card_id, revision, to, Priority.WORK)], now=now)


async def forget_message(session: Session, *, card_id: int) -> None:
    """The provider no longer knows the message: the next sending makes a new one."""
    await session.execute(update(Card).where(Card.id == card_id).values(message_id=""))


async def stage(session: Session, card: Card) -> str:
    """Return the state that the card would show: what can't be edited is sent again only when it changes."""
    return await session.scalar(select(Ticket.state).where(Ticket.id == card.subject_id)) or ""


async def render(session: Session, card: Card, *, catalog: Catalog, locale: str) -> Say | None:
    """Show the ticket as it is now; None when it is gone."""
    ticket = await session.get(Ticket, card.subject_id)
    if ticket is None:
        return None
    holder = await people.staff_name(session, ticket.holder_id)
    taker = await people.staff_name(session, ticket.first_taker_id)
    body = lines(
        _head(ticket),
        _place(ticket),
        _time(ticket),
        _trade(ticket, catalog, locale),
        joined([T("card.care") if ticket.needs_care else None, T("card.taker", name=taker) if taker else None], " · "),
        _holder(ticket, holder),
    )
    if card.view == View.HOLDER:
        how = T("card.how") if ticket.state == State.WORKING else None
        return Say(lines(body, _number(ticket), how), pairs(_holder_buttons(ticket)))
    if card.view == View.FRONT:
        return Say(lines(body, _requester(ticket)), pairs(_front_buttons(ticket)))
    return Say(body, pairs(_group_buttons(ticket)))


def _head(ticket: Ticket) -> T:
    return T(
        "card.head",
        kind=T(f"kind.{ticket.kind}"),
        number=ticket.number,
        priority=T(f"priority.{ticket.priority}"),
        state=T(f"state.{ticket.state}"),
    )


def _place(ticket: Ticket) -> Text:
    photos = T("card.photos", count=ticket.media_count) if ticket.media_count else None
    return lines(
        T("card.place", place=ticket.place),
        joined([T("card.matter", matter=ticket.matter), photos], " "),
        T("card.returned", count=ticket.returns) if ticket.returns else None,
        T("card.urged", count=ticket.urges) if ticket.urges else None,
    )


def _time(ticket: Ticket) -> T | None:
    if ticket.from_at is not None and ticket.until_at is not None:
        return T("card.window", start=When(ticket.from_at), end=When(ticket.until_at))
    if ticket.promised_at is not None:
        return T("card.by", by=When(ticket.promised_at))
    return T("card.answer_by", by=When(ticket.answer_by)) if ticket.answer_by else None


def _trade(ticket: Ticket, catalog: Catalog, locale: str) -> Text | None:
    category = catalog.categories.get(ticket.category)
    if category is None:
        return None
    tools = category.tools.get(locale) or category.tools.get("zh_Hans") or ""
    return joined(
        [T("card.tools", tools=tools) if tools else None, T(f"payer.{ticket.payer}") if ticket.payer else None], " · "
    )


def _holder(ticket: Ticket, holder: T | None) -> T | None:
    if holder is None:
        return None
    if ticket.state == State.ASSIGNED:
        return T("card.assigned", name=holder)
    step = T(f"step.{ticket.step}") if ticket.step else T("step.accepted")
    return T("card.holder", name=holder, step=step if ticket.state == State.WORKING else T(f"state.{ticket.state}"))


def _requester(ticket: Ticket) -> T | None:
    name = ticket.requester_name or readable(ticket.requester_phone)
    return T("card.requester", name=name, source=T(f"source.{ticket.source}")) if name else None


def _number(ticket: Ticket) -> T | None:
    if ticket.state not in {State.WORKING, State.DONE} or not ticket.requester_phone:
        return None
    if not ticket.shows_number:
        return T("card.number_refused", name=ticket.requester_name)
    return T("card.number", name=ticket.requester_name, phone=readable(ticket.requester_phone))


def _tap(ticket: Ticket, verb: str) -> Choice:
    return Choice(T(f"do.{verb}"), f"t:{verb}:{ticket.id}")


def _holder_buttons(ticket: Ticket) -> Sequence[Choice]:
    if ticket.state == State.ASSIGNED:
        return [_tap(ticket, "accept"), _tap(ticket, "hand_on"), _tap(ticket, "not_ours")]
    if ticket.state != State.WORKING:
        return ()
    return [_tap(ticket, verb) for verb in NEXT_STEPS.get(ticket.step, NEXT_STEPS["arrived"])]


def _front_buttons(ticket: Ticket) -> Sequence[Choice]:
    if ticket.state in {State.OPEN, State.ASSIGNED}:
        return [_tap(ticket, "assign"), _tap(ticket, "accept"), _tap(ticket, "ask")]
    if ticket.state == State.WORKING:
        return [_tap(ticket, "hand_on"), _tap(ticket, "ask"), _tap(ticket, "done")]
    return ()


def _group_buttons(ticket: Ticket) -> Sequence[Choice]:
    if ticket.state not in {State.OPEN, State.ASSIGNED}:
        return ()
    return [_tap(ticket, "accept"), _tap(ticket, "hand_on"), _tap(ticket, "not_ours")]


def one_line(ticket: Ticket) -> T:
    """Say the ticket in a line, for lists."""
    return T(
        "ticket.line",
        number=ticket.number,
        place=plain(ticket.place),
        matter=ticket.matter,
        state=T(f"state.{ticket.state}"),
    )
