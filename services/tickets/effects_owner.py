"""What follows the owner's actions and the end of the work: verdict, survey, closing, taking up again."""

from __future__ import annotations

from services import conversations, people
from services.catalog import Kind, Payer
from services.db import Session
from services.messages import Channel, Choice, T, Text, When, lines, money, plain, window_end
from services.models import Person
from services.tickets import cards, family, news, surveying, telling
from services.tickets import effects_complaints as complaints
from services.tickets.deeds import Deed
from services.tickets.rules import Standing


async def done(session: Session, deed: Deed) -> None:
    """Ask the owner whether it is in order; who acts for him hears of it."""
    await _ask_verdict(session, deed)
    await family.done(session, deed.ticket, now=deed.now)


async def _ask_verdict(session: Session, deed: Deed) -> None:
    ticket = deed.ticket
    if ticket.kind == Kind.COMPLAINT:
        await complaints.answered(session, deed)
        return
    name = await telling.holder(session, deed)
    to = await news.owner_address(session, ticket)
    repaired = ticket.kind == Kind.REPAIR
    text = _finished(deed, name) if repaired else _settled(deed, name)
    if to is not None and to.channel == Channel.SMS and repaired:
        given = {"ticket": ticket.id, "number": ticket.number, "matter": ticket.matter}
        await news.ask_owner(session, ticket, form="verdict", given=given, now=deed.now)
        if ticket.merged_count:
            await news.to_merged(session, ticket, to, text, media=deed.said.media, now=deed.now)
        return
    content = (
        telling.tap(ticket, "owner_accepts") if repaired else Choice(T("do.content"), f"t:owner_accepts:{ticket.id}")
    )
    rows = [[content, telling.tap(ticket, "owner_returns")]]
    told = await news.to_owner(session, ticket, text, rows=rows, media=deed.said.media, now=deed.now)
    if not told:
        await news.to_front(session, ticket, T("staff.done_call", number=ticket.number), now=deed.now)


def _finished(deed: Deed, name: T | None) -> Text:
    ticket, days = deed.ticket, deed.policy.tickets.autoclose_days
    return lines(
        T("news.done", number=ticket.number, name=name, matter=ticket.matter),
        T("news.done.words", words=deed.said.words) if deed.said.words else None,
        _charge(deed),
        T("news.done.next", days=days),
    )


def _charge(deed: Deed) -> T | None:
    """Say what it costs, where somebody may wonder."""
    ticket = deed.ticket
    if ticket.charged_cents:
        return T("news.done.charge", sum=money(ticket.charged_cents))
    return T("news.done.free") if ticket.payer == Payer.QUOTED else None


def _settled(deed: Deed, name: T | None) -> Text:
    """Word the answer to a complaint or a question."""
    ticket, days = deed.ticket, deed.policy.tickets.autoclose_days
    return lines(
        T("news.settled", number=ticket.number, name=name, matter=ticket.matter),
        plain(deed.said.words) if deed.said.words else None,
        T("news.done.next", days=days),
    )


async def answered(session: Session, deed: Deed) -> None:
    """Pass the owner's answer on."""
    text = T("staff.answer", number=deed.ticket.number, words=deed.said.words)
    await telling.holder_or_front(session, deed, text, also=deed.codes.get("asker"))


async def noted(session: Session, deed: Deed) -> None:
    """Pass what the owner added on to the holder."""
    if Standing.REQUESTER in deed.standings:
        text = T(
            "staff.note" if deed.said.words else "staff.note_photo", number=deed.ticket.number, words=deed.said.words
        )
        if deed.ticket.holder_id is not None:
            await news.to_staff(
                session, deed.ticket, [deed.ticket.holder_id], text, media=deed.said.media, now=deed.now
            )
    await complaints.passed_round(session, deed)


async def rescheduled(session: Session, deed: Deed) -> None:
    """Tell the other side the new time."""
    ticket = deed.ticket
    number, start, end = ticket.number, When(deed.codes["start"]), window_end(deed.codes["start"], deed.codes["end"])
    if Standing.REQUESTER in deed.standings:
        await telling.holder_or_front(session, deed, T("staff.rescheduled", number=number, start=start, end=end))
    else:
        name = deed.actor.called
        rows = [[telling.tap(ticket, "reschedule"), telling.tap(ticket, "cancel")]]
        await news.to_owner(
            session,
            ticket,
            T("news.rescheduled", name=name, number=number, start=start, end=end),
            rows=rows,
            now=deed.now,
        )


async def owner_accepted(session: Session, deed: Deed) -> None:
    """Tell the holder, plan the survey."""
    ticket = deed.ticket
    if ticket.holder_id is not None:
        await news.to_staff(
            session, ticket, [ticket.holder_id], T("staff.accepted_by_owner", number=ticket.number), now=deed.now
        )
    await surveying.follow(session, deed)
    await conversations.end_where(session, key_prefix=f"choose:ticket:{ticket.id}:")
    await complaints.to_be_signed(session, deed)


async def owner_returned(session: Session, deed: Deed) -> None:
    """Send the holder back to work with the owner's words."""
    ticket = deed.ticket
    await surveying.drop(session, ticket, now=deed.now)
    text = T(
        "staff.returned" if ticket.kind == Kind.REPAIR else "staff.asks_again",
        number=ticket.number,
        words=deed.said.words or T("word.none"),
    )
    await telling.holder_or_front(session, deed, text)
    if ticket.holder_id is not None:
        await news.card_to_staff(session, ticket, ticket.holder_id, view=cards.View.HOLDER, now=deed.now)


async def reopened(session: Session, deed: Deed) -> None:
    """The desk takes a ticket up again: its holder hears why, the owner that it goes on."""
    ticket = deed.ticket
    await surveying.drop(session, ticket, now=deed.now)
    text = T("staff.reopened", number=ticket.number, words=deed.said.words or T("word.none"))
    await telling.holder_or_front(session, deed, text)
    if ticket.holder_id is not None:
        await news.card_to_staff(session, ticket, ticket.holder_id, view=cards.View.HOLDER, now=deed.now)
    await news.to_owner(session, ticket, T("news.reopened", number=ticket.number), now=deed.now)


async def closed(session: Session, deed: Deed) -> None:
    """Tell an owner who never answered that the ticket is closed, and that it may be returned."""
    await news.to_owner(session, deed.ticket, T("news.closed_by_silence", number=deed.ticket.number), now=deed.now)
    await conversations.end_where(session, key_prefix=f"choose:ticket:{deed.ticket.id}:")
    await surveying.follow(session, deed)
    await complaints.to_be_signed(session, deed)


async def cancelled(session: Session, deed: Deed) -> None:
    """Tell the other side that nobody need come."""
    ticket = deed.ticket
    if Standing.REQUESTER in deed.standings:
        if ticket.holder_id is not None:
            text = T("staff.cancelled", number=ticket.number)
            await news.to_staff(session, ticket, [ticket.holder_id], text, now=deed.now)
    else:
        words = plain(deed.said.words) if deed.said.words else None
        told = lines(T("news.cancelled", number=ticket.number), words)
        await news.to_owner(session, ticket, told, now=deed.now)
        if ticket.holder_id is not None and Standing.HOLDER not in deed.standings:
            text = T("staff.cancelled_desk", number=ticket.number)
            await news.to_staff(session, ticket, [ticket.holder_id], lines(text, words), now=deed.now)


async def urged(session: Session, deed: Deed) -> None:
    """Pass the urging on."""
    text = T("staff.urged", number=deed.ticket.number, count=deed.ticket.urges)
    await telling.holder_or_front(session, deed, text)


async def inherited(session: Session, deed: Deed) -> None:
    """The flat has another owner, or its tenant left: who comes hears that the work goes on, and who holds it."""
    ticket = deed.ticket
    person = await session.get(Person, ticket.requester_id)
    if person is not None:
        ticket.requester_name, ticket.shows_number = person.name, person.shows_number
        ticket.requester_phone, ticket.needs_care = await people.phone_of(session, person.id), person.needs_care
    await news.to_owner(session, ticket, T("news.inherited", number=ticket.number, matter=ticket.matter), now=deed.now)
    if ticket.holder_id is not None:
        text = T("staff.inherited", number=ticket.number, name=ticket.requester_name)
        await news.to_staff(session, ticket, [ticket.holder_id], text, now=deed.now)
