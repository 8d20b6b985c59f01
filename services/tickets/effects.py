"""What follows an action: who hears what, which question is opened, which survey is planned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import insert, update

from services import conversations, people, timers
from services.catalog import Kind
from services.db import Session
from services.messages import Channel, Choice, T, Text, When, lines, plain, window_end
from services.models import NumberView, Survey, Ticket
from services.tickets import cards, news
from services.tickets.deeds import Deed
from services.tickets.rules import Action, Standing

Effect = Callable[[Session, Deed], Awaitable[None]]


async def follow(session: Session, deed: Deed) -> None:
    """Say and plan what the action brings with it."""
    effect = _EFFECTS.get(deed.action)
    if effect is not None:
        await effect(session, deed)


def tap(ticket: Ticket, verb: str) -> Choice:
    """Return a button of the owner's about his ticket."""
    return Choice(T(f"do.{verb}"), f"t:{verb}:{ticket.id}")


async def _assigned(session: Session, deed: Deed) -> None:
    ticket = deed.ticket
    if ticket.holder_id is not None:
        await news.card_to_staff(session, ticket, ticket.holder_id, view=cards.View.HOLDER, now=deed.now)
        if ticket.media_count:
            await news.files_to_staff(session, ticket, ticket.holder_id, now=deed.now)
    if deed.action is Action.HAND_ON and deed.said.words and ticket.holder_id is not None:
        text = T("staff.handed_on", number=ticket.number, words=deed.said.words)
        await news.to_staff(session, ticket, [ticket.holder_id], text, now=deed.now)


async def _accepted(session: Session, deed: Deed) -> None:
    ticket = deed.ticket
    name = await people.staff_name(session, ticket.holder_id)
    visit = ticket.promised_at is not None
    by = When(ticket.promised_at) if ticket.promised_at else None
    await news.to_owner(
        session,
        ticket,
        T("news.accepted" if visit else "news.accepted_soon", number=ticket.number, name=name, by=by),
        rows=[[tap(ticket, "reschedule"), tap(ticket, "cancel")]] if visit else (),
        now=deed.now,
    )
    if ticket.holder_id is not None:
        await news.card_to_staff(session, ticket, ticket.holder_id, view=cards.View.HOLDER, now=deed.now)
        if ticket.media_count:
            await news.files_to_staff(session, ticket, ticket.holder_id, now=deed.now)
    if ticket.requester_phone and ticket.shows_number and deed.actor.person_id is not None:
        await _number_shown(session, ticket, viewer_id=deed.actor.person_id, now=deed.now)


async def _number_shown(session: Session, ticket: Ticket, *, viewer_id: int, now: datetime) -> None:
    """Log that an employee sees the requester's number on his card."""
    await session.execute(
        insert(NumberView).values(
            community_id=ticket.community_id,
            ticket_id=ticket.id,
            owner_id=ticket.requester_id or 0,
            viewer_id=viewer_id,
            at=now,
        )
    )


async def _not_ours(session: Session, deed: Deed) -> None:
    ticket = deed.ticket
    name = await people.staff_name(session, deed.actor.staff.staff_id if deed.actor.staff else None)
    text = T("staff.not_ours", number=ticket.number, name=name, words=deed.said.words or T("word.none"))
    await news.to_front(session, ticket, text, now=deed.now)
    await news.card_to_front(session, ticket, now=deed.now)


def _told_owner(step: str) -> Effect:
    async def effect(session: Session, deed: Deed) -> None:
        name = await people.staff_name(session, deed.ticket.holder_id)
        at = When(deed.ticket.arrived_at) if deed.ticket.arrived_at else None
        await news.to_owner(
            session, deed.ticket, T(f"news.{step}", number=deed.ticket.number, name=name, at=at), now=deed.now
        )

    return effect


async def _problem(session: Session, deed: Deed) -> None:
    ticket, code = deed.ticket, deed.codes["problem"]
    name = await people.staff_name(session, ticket.holder_id)
    words = plain(deed.said.words) if deed.said.words else None
    problem = T(f"problem.{code}")
    await news.to_front(
        session,
        ticket,
        lines(T("staff.problem", number=ticket.number, name=name, problem=problem), words),
        rows=[[tap(ticket, "hand_on"), tap(ticket, "ask")]],
        now=deed.now,
    )
    await news.to_owner(session, ticket, T(f"news.problem.{code}", number=ticket.number), now=deed.now)


async def _asked(session: Session, deed: Deed) -> None:
    ticket, staff = deed.ticket, deed.actor.staff
    given = {
        "ticket": ticket.id,
        "number": ticket.number,
        "question": deed.said.words,
        "asker": staff.staff_id if staff else None,
    }
    await news.ask_owner(session, ticket, form="answer", given=given, now=deed.now)


async def _answered(session: Session, deed: Deed) -> None:
    text = T("staff.answer", number=deed.ticket.number, words=deed.said.words)
    await _tell_holder_or_front(session, deed, text, also=deed.codes.get("asker"))


async def _tell_holder_or_front(session: Session, deed: Deed, text: Text, *, also: int | None = None) -> None:
    ticket = deed.ticket
    listeners = {staff_id for staff_id in (ticket.holder_id, also) if staff_id is not None}
    if listeners:
        await news.to_staff(session, ticket, sorted(listeners), text, media=deed.said.media, now=deed.now)
    else:
        await news.to_front(session, ticket, text, now=deed.now)


async def _done(session: Session, deed: Deed) -> None:
    ticket = deed.ticket
    name = await people.staff_name(session, ticket.holder_id)
    to = await news.owner_address(session, ticket)
    repaired = ticket.kind == Kind.REPAIR
    if to is not None and to.channel == Channel.SMS and repaired:
        given = {"ticket": ticket.id, "number": ticket.number, "matter": ticket.matter}
        await news.ask_owner(session, ticket, form="verdict", given=given, now=deed.now)
        return
    text = _finished(deed, name) if repaired else _settled(deed, name)
    content = tap(ticket, "owner_accepts") if repaired else Choice(T("do.content"), f"t:owner_accepts:{ticket.id}")
    rows = [[content, tap(ticket, "owner_returns")]]
    told = await news.to_owner(session, ticket, text, rows=rows, media=deed.said.media, now=deed.now)
    if not told:
        await news.to_front(session, ticket, T("staff.done_call", number=ticket.number), now=deed.now)


def _finished(deed: Deed, name: T | None) -> Text:
    ticket, days = deed.ticket, deed.policy.tickets.autoclose_days
    return lines(
        T("news.done", number=ticket.number, name=name, matter=ticket.matter),
        T("news.done.words", words=deed.said.words) if deed.said.words else None,
        T("news.done.next", days=days),
    )


def _settled(deed: Deed, name: T | None) -> Text:
    """Word the answer to a complaint or a question."""
    ticket, days = deed.ticket, deed.policy.tickets.autoclose_days
    return lines(
        T("news.settled", number=ticket.number, name=name, matter=ticket.matter),
        plain(deed.said.words) if deed.said.words else None,
        T("news.done.next", days=days),
    )


async def _noted(session: Session, deed: Deed) -> None:
    if Standing.REQUESTER in deed.standings:
        text = T(
            "staff.note" if deed.said.words else "staff.note_photo", number=deed.ticket.number, words=deed.said.words
        )
        if deed.ticket.holder_id is not None:
            await news.to_staff(
                session, deed.ticket, [deed.ticket.holder_id], text, media=deed.said.media, now=deed.now
            )


async def _rescheduled(session: Session, deed: Deed) -> None:
    ticket = deed.ticket
    number, start, end = ticket.number, When(deed.codes["start"]), window_end(deed.codes["start"], deed.codes["end"])
    if Standing.REQUESTER in deed.standings:
        await _tell_holder_or_front(session, deed, T("staff.rescheduled", number=number, start=start, end=end))
    else:
        name = await people.staff_name(session, deed.actor.staff.staff_id if deed.actor.staff else None)
        rows = [[tap(ticket, "reschedule"), tap(ticket, "cancel")]]
        await news.to_owner(
            session,
            ticket,
            T("news.rescheduled", name=name, number=number, start=start, end=end),
            rows=rows,
            now=deed.now,
        )


async def _owner_accepted(session: Session, deed: Deed) -> None:
    ticket = deed.ticket
    if ticket.holder_id is not None:
        await news.to_staff(
            session, ticket, [ticket.holder_id], T("staff.accepted_by_owner", number=ticket.number), now=deed.now
        )
    if ticket.kind == Kind.REPAIR:
        await plan_survey(session, deed)
    await conversations.end_where(session, key_prefix=f"choose:ticket:{ticket.id}:")


async def plan_survey(session: Session, deed: Deed) -> None:
    """Plan the one question of this ticket and cycle, some hours after the owner's acceptance."""
    ticket = deed.ticket
    survey_id = await session.scalar(
        insert(Survey)
        .values(
            community_id=ticket.community_id,
            ticket_id=ticket.id,
            cycle=ticket.cycle,
            staff_id=ticket.holder_id,
            person_id=ticket.requester_id,
            address_id=ticket.requester_address_id,
            state="waiting",
            fixed=True if deed.codes.get("score") else None,
        )
        .returning(Survey.id)
    )
    if survey_id is None or deed.codes.get("score"):
        return
    await timers.set_once(
        session,
        key=f"survey:{survey_id}:ask",
        kind="survey.ask",
        subject="survey",
        subject_id=survey_id,
        due_at=deed.now + timedelta(hours=deed.policy.surveys.delay_hours),
        community_id=ticket.community_id,
    )


async def _owner_returned(session: Session, deed: Deed) -> None:
    ticket = deed.ticket
    await drop_survey(session, ticket)
    text = T(
        "staff.returned" if ticket.kind == Kind.REPAIR else "staff.asks_again",
        number=ticket.number,
        words=deed.said.words or T("word.none"),
    )
    await _tell_holder_or_front(session, deed, text)
    if ticket.holder_id is not None:
        await news.card_to_staff(session, ticket, ticket.holder_id, view=cards.View.HOLDER, now=deed.now)


async def drop_survey(session: Session, ticket: Ticket) -> None:
    """The ticket is open again: nobody is asked how it was."""
    dropped = await session.scalars(
        update(Survey)
        .where(Survey.ticket_id == ticket.id, Survey.state.in_(("waiting", "asked")))
        .values(state="cancelled", why="returned")
        .returning(Survey.id)
        .execution_options(synchronize_session=False)
    )
    for survey_id in dropped.all():
        await timers.cancel(session, subject="survey", subject_id=survey_id)
        await conversations.end_where(session, key_prefix=f"survey:{survey_id}:")


async def _closed_by_silence(session: Session, deed: Deed) -> None:
    if deed.actor.system:
        await news.to_owner(session, deed.ticket, T("news.closed_by_silence", number=deed.ticket.number), now=deed.now)
        await conversations.end_where(session, key_prefix=f"choose:ticket:{deed.ticket.id}:")


async def _cancelled(session: Session, deed: Deed) -> None:
    ticket = deed.ticket
    if Standing.REQUESTER in deed.standings:
        if ticket.holder_id is not None:
            text = T("staff.cancelled", number=ticket.number)
            await news.to_staff(session, ticket, [ticket.holder_id], text, now=deed.now)
    else:
        await news.to_owner(session, ticket, T("news.cancelled", number=ticket.number), now=deed.now)


async def _urged(session: Session, deed: Deed) -> None:
    text = T("staff.urged", number=deed.ticket.number, count=deed.ticket.urges)
    await _tell_holder_or_front(session, deed, text)


_EFFECTS: Mapping[Action, Effect] = {
    Action.ASSIGN: _assigned,
    Action.HAND_ON: _assigned,
    Action.ACCEPT: _accepted,
    Action.NOT_OURS: _not_ours,
    Action.ON_THE_WAY: _told_owner("on_the_way"),
    Action.ARRIVED: _told_owner("arrived"),
    Action.PROBLEM: _problem,
    Action.ASK: _asked,
    Action.ANSWER: _answered,
    Action.DONE: _done,
    Action.NOTE: _noted,
    Action.RESCHEDULE: _rescheduled,
    Action.OWNER_ACCEPTS: _owner_accepted,
    Action.OWNER_RETURNS: _owner_returned,
    Action.CLOSE: _closed_by_silence,
    Action.CANCEL: _cancelled,
    Action.URGE: _urged,
}
