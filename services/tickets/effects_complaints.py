"""What follows a complaint's actions: the answer and what may be said to it, the next tier, signing, the group."""

from __future__ import annotations

from collections.abc import Sequence

from services import people
from services.actors import Role
from services.catalog import Kind
from services.db import Session
from services.messages import Channel, Choice, T, Text, When, joined, lines, plain
from services.tickets import cards, dispatch, news, telling
from services.tickets.deeds import Deed
from services.tickets.dispatch import Candidate
from services.tickets.rules import Standing
from services.understanding.gravity import serious_in

ANSWERED = "settled"  # the form on the owner's side, by text message


async def above(session: Session, deed: Deed) -> Sequence[Candidate]:
    """Return who can hear an appeal: managers who have not answered it themselves, those on duty first."""
    found = await dispatch.leads_of(session, deed.ticket, now=deed.now)
    return [one for one in found if Role.MANAGER in one.skills and one.staff_id != deed.ticket.answered_by]


async def answered(session: Session, deed: Deed) -> None:
    """Give the owner the answer, and what he can do when it does not content him: one appeal, then others' doors."""
    ticket = deed.ticket
    last = bool(ticket.appeals) or not await above(session, deed)
    name, days = await telling.holder(session, deed), deed.policy.tickets.autoclose_days
    text = lines(
        T("news.settled", number=ticket.number, name=name, matter=ticket.matter),
        plain(deed.said.words) if deed.said.words else None,
        T("news.settled.last", hotline=deed.policy.complaints.hotline) if last else None,
        T("news.settled.next", days=days),
    )
    to = await news.owner_address(session, ticket)
    if to is not None and to.channel == Channel.SMS:
        await news.to_owner(session, ticket, text, now=deed.now)
        given = {"ticket": ticket.id, "number": ticket.number, "last": last}
        await news.ask_owner(session, ticket, form=ANSWERED, given=given, now=deed.now)
        return
    more = telling.tap(ticket, "record") if last else Choice(T("do.unsettled"), f"t:unsettled:{ticket.id}")
    rows = [[Choice(T("do.content"), f"t:owner_accepts:{ticket.id}"), more]]
    if not await news.to_owner(session, ticket, text, rows=rows, media=deed.said.media, now=deed.now):
        await news.to_front(session, ticket, T("staff.done_call", number=ticket.number), now=deed.now)


async def appealed(session: Session, deed: Deed) -> None:
    """Give the next tier the case with the owner's words; nobody of it there, and everybody who leads hears."""
    ticket = deed.ticket
    before = await people.staff_name(session, ticket.answered_by)
    words = plain(deed.said.words) if deed.said.words else None
    text = lines(T("staff.appealed", number=ticket.number, name=before or T("word.nobody")), words)
    if ticket.holder_id is None:
        await news.card_to_front(session, ticket, now=deed.now)
        await news.to_front(session, ticket, text, now=deed.now)
        return
    await news.to_staff(session, ticket, [ticket.holder_id], text, media=deed.said.media, now=deed.now)
    await news.card_to_staff(session, ticket, ticket.holder_id, view=cards.View.HOLDER, now=deed.now)
    await news.files_to_staff(session, ticket, ticket.holder_id, now=deed.now)


async def to_be_signed(session: Session, deed: Deed) -> None:
    """A complaint that came to its end is put before somebody who leads and did not answer it himself."""
    ticket = deed.ticket
    if ticket.kind != Kind.COMPLAINT:
        return
    leads = await dispatch.leads_of(session, ticket, now=deed.now)
    others = [one for one in leads if one.staff_id != ticket.answered_by]
    if not others:
        return
    name = await people.staff_name(session, ticket.answered_by)
    how = T(f"closed.{ticket.closed_how}")
    text = T("staff.sign", number=ticket.number, matter=ticket.matter, name=name or T("word.nobody"), how=how)
    rows = [[telling.tap(ticket, "sign_off"), telling.tap(ticket, "reopen"), telling.tap(ticket, "view")]]
    await news.to_staff(session, ticket, [others[0].staff_id], text, rows=rows, now=deed.now, tag=":sign")


async def heed(session: Session, deed: Deed) -> None:
    """Serious words of an owner, whatever they are about, reach who leads at once."""
    kind = serious_in(deed.said.words)
    if kind is not None:
        deed.ticket.serious = deed.ticket.serious or kind
        await alert(session, deed, kind, words=deed.said.words)


async def alert(session: Session, deed: Deed, kind: str, *, words: str) -> None:
    """Tell everybody who leads, on duty first, that a matter is serious; each of the steps is one tap."""
    ticket = deed.ticket
    leads = await dispatch.leads_of(session, ticket, now=deed.now)
    told = [one.staff_id for one in leads if one.on_duty] or [one.staff_id for one in leads]
    what = T(f"serious.{kind}")
    text = T("staff.serious", number=ticket.number, place=plain(ticket.place), kind=what, words=words)
    rows = [[telling.tap(ticket, "view"), telling.tap(ticket, "take")], [telling.tap(ticket, "rally")]]
    await news.to_staff(session, ticket, told, text, rows=rows, now=deed.now, tag=":serious")


async def rallied(session: Session, deed: Deed) -> None:
    """Call everybody of the rapid-response group together; what they note goes round among them."""
    ticket, members = deed.ticket, list(deed.codes["members"])
    names = [await people.staff_name(session, one) for one in members]
    text = lines(
        T("staff.rally", number=ticket.number, place=plain(ticket.place), matter=ticket.matter, name=deed.actor.called),
        T("staff.rally.members", names=listed(names)),
        T("staff.rally.how", number=ticket.number, since=When(deed.now)),
    )
    rows = [[telling.tap(ticket, "note"), telling.tap(ticket, "view")]]
    await news.to_staff(session, ticket, members, text, rows=rows, now=deed.now, tag=":rally")


def listed(names: Sequence[T | None]) -> Text:
    """Put names in one line."""
    return joined(names, " ")


async def passed_round(session: Session, deed: Deed) -> None:
    """What somebody notes on a ticket with a rapid-response group goes to all the others of it."""
    ticket = deed.ticket
    if not ticket.responders:
        return
    members = {int(one) for one in ticket.responders.split(",") if one}
    mine = deed.actor.staff.staff_id if deed.actor.staff is not None else None
    heard = {ticket.holder_id} if Standing.REQUESTER in deed.standings else set[int | None]()
    who = deed.actor.called or T("word.owner")
    text = T("staff.rally.note", number=ticket.number, name=who, words=deed.said.words or T("word.none"))
    others = sorted(members - {mine} - heard)
    await news.to_staff(session, ticket, others, text, media=deed.said.media, now=deed.now, tag=":round")
