"""What follows the actions of employees: who hears what, which question is opened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import cache

from sqlalchemy import Insert, insert

from services import direct, houses, people
from services.catalog import Kind, Priority
from services.db import Session
from services.messages import Choice, T, When, lines, plain
from services.models import NumberView, Ticket, table_of
from services.tickets import cards, dispatch, news, paging, telling
from services.tickets.deeds import Deed
from services.tickets.rules import Action, Standing

OWNER_SELF = "owner_self"  # the contact that is the owner himself

Effect = Callable[[Session, Deed], Awaitable[None]]


async def assigned(session: Session, deed: Deed) -> None:
    """Give the new holder the card and what came with the ticket."""
    ticket = deed.ticket
    if ticket.holder_id is not None:
        await news.card_to_staff(session, ticket, ticket.holder_id, view=cards.View.HOLDER, now=deed.now)
        if ticket.media_count:
            await news.files_to_staff(session, ticket, ticket.holder_id, now=deed.now)
    if deed.action is Action.HAND_ON and deed.said.words and ticket.holder_id is not None:
        text = T("staff.handed_on", number=ticket.number, words=deed.said.words)
        await news.to_staff(session, ticket, [ticket.holder_id], text, now=deed.now)


async def accepted(session: Session, deed: Deed) -> None:
    """Tell the owner who comes and by when; the holder gets the card with the number."""
    ticket = deed.ticket
    name = await telling.holder(session, deed)
    visit = ticket.promised_at is not None
    by = When(ticket.promised_at) if ticket.promised_at else None
    await news.to_owner(
        session,
        ticket,
        T("news.accepted" if visit else "news.accepted_soon", number=ticket.number, name=name, by=by),
        rows=[[telling.tap(ticket, "reschedule"), telling.tap(ticket, "cancel")]] if visit else (),
        now=deed.now,
    )
    if ticket.holder_id is not None:
        await news.card_to_staff(session, ticket, ticket.holder_id, view=cards.View.HOLDER, now=deed.now)
        if ticket.media_count:
            await news.files_to_staff(session, ticket, ticket.holder_id, now=deed.now)
    if ticket.priority == Priority.EMERGENCY:
        house = await houses.by_id(session, community_id=ticket.community_id)
        await paging.stand_down(session, ticket, house=house, now=deed.now)
    if ticket.requester_phone and ticket.shows_number and not ticket.anonymous and deed.actor.person_id is not None:
        await _number_shown(session, ticket, viewer_id=deed.actor.person_id, now=deed.now)


async def _number_shown(session: Session, ticket: Ticket, *, viewer_id: int, now: datetime) -> None:
    """Log that an employee sees the requester's number on his card."""
    row = {
        "community_id": ticket.community_id,
        "ticket_id": ticket.id,
        "owner_id": ticket.requester_id or 0,
        "viewer_id": viewer_id,
        "at": now,
    }
    await direct.execute(session, _number_view(), row)


@cache
def _number_view() -> Insert:
    return insert(table_of(NumberView))


async def given_back(session: Session, deed: Deed) -> None:
    """Tell the desk that the holder lets go, and why; the pool's card changes by itself."""
    ticket = deed.ticket
    if deed.actor.system:  # whoever let the system do it tells around
        return
    reason = T(f"give_back.{deed.codes['reason']}")
    words = plain(deed.said.words) if deed.said.words else None
    text = T("staff.given_back", number=ticket.number, name=deed.actor.called, reason=reason)
    await news.to_front(session, ticket, lines(text, words), now=deed.now)
    await news.card_to_front(session, ticket, now=deed.now)


async def not_ours(session: Session, deed: Deed) -> None:
    """Tell the owner whose matter it is and how to reach them; the desk keeps an eye on it."""
    ticket, label, phone = deed.ticket, deed.codes.get("label", ""), deed.codes.get("phone", "")
    whose = label or deed.said.words  # typed words may be erased one day, codes never
    text = T("staff.not_ours", number=ticket.number, name=deed.actor.called, words=whose)
    words = plain(deed.said.words) if deed.said.words and label else None
    await news.to_front(session, ticket, lines(text, words), now=deed.now)
    await news.card_to_front(session, ticket, now=deed.now)
    if ticket.kind != Kind.REPAIR:  # whose complaint it is, is our matter
        await news.to_owner(session, ticket, T("news.passed_on", number=ticket.number), now=deed.now)
        return
    taker = await people.staff_name(session, ticket.first_taker_id)
    if deed.codes.get("whose") == OWNER_SELF:
        told = T("news.not_ours.owner", number=ticket.number, matter=ticket.matter)
        await news.to_owner(session, ticket, told, now=deed.now)
        return
    told = T("news.not_ours", number=ticket.number, matter=ticket.matter, whose=whose)
    call = T("news.not_ours.phone", whose=whose, phone=phone) if phone else None
    watch = T("news.not_ours.watch", name=taker) if taker is not None else None
    await news.to_owner(session, ticket, lines(told, call, watch), now=deed.now)


async def no_access(session: Session, deed: Deed) -> None:
    """Tell the owner that somebody stood at the door, and let him pick another time."""
    ticket = deed.ticket
    name = await telling.holder(session, deed)
    text = T("news.no_access", number=ticket.number, name=name)
    rows = [[telling.tap(ticket, "reschedule"), telling.tap(ticket, "cancel")]]
    told = await news.to_owner(session, ticket, text, rows=rows, media=deed.said.media, now=deed.now, alone=True)
    if not told or ticket.absences > 1:
        again = T("staff.no_access", number=ticket.number, name=name, count=ticket.absences)
        await news.to_front(session, ticket, again, now=deed.now)


async def no_show(session: Session, deed: Deed) -> None:
    """Nobody came: the holder hears it, and whoever leads."""
    ticket = deed.ticket
    text = T("staff.no_show", number=ticket.number, place=plain(ticket.place), count=ticket.no_shows)
    await telling.holder_or_front(session, deed, text)
    leads = await dispatch.leads_of(session, ticket, now=deed.now)
    others = [c.staff_id for c in leads if c.on_duty and c.staff_id != ticket.holder_id]
    await news.to_staff(session, ticket, others, text, now=deed.now, tag=":lead")


async def paused(session: Session, deed: Deed) -> None:
    """Tell the owner what the work waits for and until when."""
    ticket = deed.ticket
    text = T(f"news.paused.{deed.codes['reason']}", number=ticket.number, until=When(deed.codes["until"]))
    words = plain(deed.said.words) if deed.said.words else None
    await news.to_owner(session, ticket, lines(text, words), now=deed.now)


async def resumed(session: Session, deed: Deed) -> None:
    """The rest is over: when a clock said so, the holder hears it."""
    ticket = deed.ticket
    if deed.actor.system and ticket.holder_id is not None:
        text = T("staff.resumed", number=ticket.number, place=plain(ticket.place), matter=ticket.matter)
        await news.to_staff(session, ticket, [ticket.holder_id], text, now=deed.now)


async def extended(session: Session, deed: Deed) -> None:
    """Tell the owner, before the old time passes, that it gets later, why, and by when."""
    ticket, until = deed.ticket, When(deed.codes["until"])
    name, reason = await telling.holder(session, deed), T(f"late.{deed.codes['reason']}")
    rows = [[telling.tap(ticket, "reschedule"), telling.tap(ticket, "cancel")]]
    text = T("news.extended", number=ticket.number, name=name, reason=reason, until=until)
    await news.to_owner(session, ticket, text, rows=rows, now=deed.now)
    by_holder = Standing.HOLDER in deed.standings
    if ticket.holder_id is not None and not by_holder:
        told = T("staff.extended", number=ticket.number, until=until, name=deed.actor.called)
        await news.to_staff(session, ticket, [ticket.holder_id], told, now=deed.now)


async def told(session: Session, deed: Deed) -> None:
    """Pass an employee's words on to the owner."""
    ticket = deed.ticket
    name = deed.actor.called
    words = T("news.told", number=ticket.number, name=name, words=deed.said.words)
    rows = [[Choice(T("do.reply"), f"t:note:{ticket.id}")]]
    reached = await news.to_owner(session, ticket, words, rows=rows, media=deed.said.media, now=deed.now)
    if not reached:
        await news.to_front(
            session, ticket, T("staff.tell_call", number=ticket.number, words=deed.said.words), now=deed.now
        )


def told_owner(step: str) -> Effect:
    """Return the effect of a step on the way: the owner hears of it."""

    async def effect(session: Session, deed: Deed) -> None:
        name = await telling.holder(session, deed)
        at = When(deed.ticket.arrived_at) if deed.ticket.arrived_at else None
        await news.to_owner(
            session, deed.ticket, T(f"news.{step}", number=deed.ticket.number, name=name, at=at), now=deed.now
        )

    return effect


async def problem(session: Session, deed: Deed) -> None:
    """Tell who leads that the holder needs help, and the owner that somebody sees to it."""
    ticket, code = deed.ticket, deed.codes["problem"]
    name = await telling.holder(session, deed)
    words = plain(deed.said.words) if deed.said.words else None
    text = lines(T("staff.problem", number=ticket.number, name=name, problem=T(f"problem.{code}")), words)
    rows = [
        [telling.tap(ticket, "hand_on"), telling.tap(ticket, "take")],
        [telling.tap(ticket, "ask"), telling.tap(ticket, "talk")],
    ]
    leads = await dispatch.leads_of(session, ticket, now=deed.now)
    told = [one.staff_id for one in leads if one.on_duty] or [one.staff_id for one in leads]
    await news.to_staff(session, ticket, told, text, rows=rows, now=deed.now, tag=":lead")
    await news.to_owner(session, ticket, T(f"news.problem.{code}", number=ticket.number), now=deed.now)


async def asked(session: Session, deed: Deed) -> None:
    """Open the question on the owner's side."""
    ticket, staff = deed.ticket, deed.actor.staff
    given = {
        "ticket": ticket.id,
        "number": ticket.number,
        "question": deed.said.words,
        "asker": staff.staff_id if staff else None,
    }
    await news.ask_owner(session, ticket, form="answer", given=given, now=deed.now)
