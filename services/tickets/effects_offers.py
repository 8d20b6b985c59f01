"""What follows a price and its answer, and tickets that become one."""

from __future__ import annotations

from datetime import datetime

from services import conversations
from services.catalog import FollowUp as Rule
from services.db import Session
from services.messages import Choice, T, lines, money, plain
from services.models import Ticket
from services.tickets import news, surveying, telling
from services.tickets.deeds import Deed
from services.tickets.rules import Standing
from services.tickets.surveying import Unasked

OFFER = "offer"  # the form on the owner's side


def key_of(ticket_id: int, count: int | str = "") -> str:
    """Return the key of a ticket's question about a price."""
    return f"{OFFER}:{ticket_id}:{count}"


async def quoted(session: Session, deed: Deed) -> None:
    """Ask the owner whether the price suits; who can't be asked here is called by the desk."""
    ticket, codes = deed.ticket, deed.codes
    if not await ask(session, ticket, quote_id=codes["quote"], count=codes["count"], now=deed.now):
        text = T("staff.quote_call", number=ticket.number, total=money(codes["total"]))
        await news.to_front(session, ticket, text, rows=by_desk(ticket), now=deed.now)


async def ask(
    session: Session, ticket: Ticket, *, quote_id: int, count: int, now: datetime, again: bool = False
) -> bool:
    """Open the question about a price on the owner's side, in the place of any before; False when he has no address."""
    await conversations.end_where(session, key_prefix=key_of(ticket.id))
    given = {"ticket": ticket.id, "quote": quote_id, "again": again}
    key = key_of(ticket.id, f"{count}:again" if again else count)
    return await news.ask_owner(session, ticket, form=OFFER, given=given, now=now, key=key)


def by_desk(ticket: Ticket) -> list[list[Choice]]:
    """Return the buttons by which the desk passes on what the owner said on the phone."""
    return [[telling.tap(ticket, "agree"), telling.tap(ticket, "decline")]]


async def over(session: Session, deed: Deed) -> None:
    """Withdraw the question about a price: the ticket went on without an answer."""
    await conversations.end_where(session, key_prefix=key_of(deed.ticket.id))


async def agreed(session: Session, deed: Deed) -> None:
    """The price suits: the holder may begin."""
    text = T("staff.agreed", number=deed.ticket.number, total=money(deed.codes["total"]))
    await _decided(session, deed, text)


async def declined(session: Session, deed: Deed) -> None:
    """The price does not suit: the holder hears it, with the owner's words."""
    await _decided(session, deed, T("staff.declined", number=deed.ticket.number))


async def _decided(session: Session, deed: Deed, text: T) -> None:
    """Tell the holder, with the words that go with it; an owner who spoke on the phone reads what was written down."""
    ticket = deed.ticket
    await conversations.end_where(session, key_prefix=key_of(ticket.id))
    words = plain(deed.said.words) if deed.said.words else None
    await telling.holder_or_front(session, deed, lines(text, words))
    if Standing.REQUESTER not in deed.standings:
        told = T(f"news.{deed.action}d_by_phone", number=ticket.number, total=money(deed.codes["total"]))
        await news.to_owner(session, ticket, told, now=deed.now)


async def merged(session: Session, deed: Deed) -> None:
    """Tell the owner under which number his matter lives on, and a holder that he need not go."""
    ticket = deed.ticket
    text = T("news.merged", number=ticket.number, into=deed.codes["into_number"], matter=ticket.matter)
    await news.to_owner(session, ticket, text, now=deed.now)
    if ticket.holder_id is not None:
        told = T("staff.merged", number=ticket.number, into=deed.codes["into_number"])
        await news.to_staff(session, ticket, [ticket.holder_id], told, now=deed.now)
    if ticket.follow_up != Rule.NEVER:
        await surveying.not_sent(session, ticket, Unasked.MERGED, now=deed.now, actor=deed.actor)


async def unmerged(session: Session, deed: Deed) -> None:
    """Tell the owner that his matter has its own number again, and the desk that it waits."""
    ticket = deed.ticket
    await news.to_owner(session, ticket, T("news.unmerged", number=ticket.number, matter=ticket.matter), now=deed.now)
    name = await telling.holder(session, deed)
    text = T("staff.unmerged", number=ticket.number, place=plain(ticket.place), name=name or T("word.nobody"))
    await news.to_front(session, ticket, text, now=deed.now)
