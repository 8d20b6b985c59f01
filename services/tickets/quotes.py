"""What work will cost: offered by who holds the ticket, agreed or declined by its owner, asked about once more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from datetime import datetime, timedelta

from sqlalchemy import select

from services import people, timers
from services.actors import Actor
from services.calendars import DEVELOPER
from services.catalog import Price
from services.db import Session
from services.messages import Lines, T, Text, money
from services.models import Quote, Ticket
from services.pricing import Line
from services.refusals import NotFound, Refused
from services.settings import Policy
from services.tickets import dispatch, effects_offers, engine, finding, news, telling
from services.tickets.deeds import Wait
from services.tickets.history import Said
from services.tickets.paying import REWORK
from services.tickets.rules import HELD, IN_HAND, NOT_YET, Action

ASKED, AGREED, DECLINED = "asked", "agreed", "declined"
REPLACED = "replaced"  # a newer one took its place
REFERRED = "referred"  # waits for a supervisor to look at it
REMIND = "quote.remind"
MOST_CENTS = 100_000_000  # above this it is a slip of the finger


class NotListed(Refused):
    """What is not on the price list is priced by a supervisor."""

    key = "refused.not_listed"


class ReworkIsFree(Refused):
    """The same again so soon is done for nothing."""

    key = "refused.rework_free"


class DeveloperPays(Refused):
    """The home is under the developer's warranty."""

    key = "refused.developer_pays"


class OddSum(Refused):
    """Nothing was named, or more than any work here costs."""

    key = "refused.odd_sum"
    ends = False


class Answered(Refused):
    """The price was answered before, or a newer one took its place."""

    key = "refused.quote_answered"


class PassedOn(Refused):
    """The work changes hands: the price waits until the next one has said yes."""

    key = "refused.quote_passed"
    ends = False


async def find(session: Session, actor: Actor, *, quote_id: int) -> tuple[Quote, Ticket]:
    """Return a quote and its ticket as the actor may see them; raises `NotFound`."""
    quote = await session.get(Quote, quote_id)
    if quote is None:
        raise NotFound
    return quote, await finding.find(session, actor, ticket_id=quote.ticket_id)


async def latest(session: Session, ticket: Ticket) -> Quote | None:
    """Return the newest quote of a ticket, as it is now."""
    return (
        await session.scalars(
            select(Quote)
            .where(Quote.ticket_id == ticket.id)
            .order_by(Quote.count.desc())
            .limit(1)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()


def lines_of(quote: Quote) -> tuple[Line, ...]:
    """Return the lines of a quote."""
    return tuple(Line(*row) for row in quote.lines)


def guarantee(lines: Iterable[Line], prices: Mapping[str, Price]) -> int:
    """Return for how many days the work is guaranteed: the longest that the price list gives one of its lines."""
    return max((prices[line.key].guarantee_days for line in lines if line.key in prices), default=0)


def unlisted(lines: Iterable[Line]) -> str:
    """Name the first line that is not on the price list; empty when all are."""
    return next((line.label for line in lines if not line.listed), "")


def waits(ticket: Ticket, quote: Quote) -> bool:
    """Tell whether a quote still waits for the owner's word."""
    return quote.state == ASKED and ticket.state in IN_HAND


def exceeds(ticket: Ticket, quote: Quote) -> bool:
    """Tell whether a quote comes to more than what was agreed before."""
    return ticket.agreed_cents is not None and quote.total_cents > ticket.agreed_cents


def check(actor: Actor, ticket: Ticket) -> None:
    """See that the ticket's owner is to pay at all; who leads may quote in any case. Raises `Refused`."""
    if ticket.payer == REWORK and not actor.is_lead:
        raise ReworkIsFree(number=ticket.number)
    if ticket.payer == DEVELOPER and not actor.is_lead:
        raise DeveloperPays(number=ticket.number)


async def offer(
    session: Session,
    actor: Actor,
    *,
    ticket: Ticket,
    lines: Sequence[Line],
    guarantee_days: int,
    now: datetime,
    policy: Policy,
) -> Quote:
    """Ask the owner whether the price suits; the ticket is locked by the caller. Raises `Refused`."""
    check(actor, ticket)
    item = unlisted(lines)
    if item and not actor.is_lead:
        raise NotListed(item=item)
    quote = await _put(session, actor, ticket, lines, guarantee_days, state=ASKED, now=now)
    codes = {"quote": quote.id, "count": quote.count, "total": quote.total_cents}
    await engine.act(session, actor, Action.QUOTE, ticket=ticket, now=now, policy=policy, codes=codes)
    await timers.set_once(
        session,
        key=f"quote:{quote.id}:remind",
        kind=REMIND,
        subject="quote",
        subject_id=quote.id,
        due_at=now + timedelta(hours=policy.tickets.quote_remind_hours),
        community_id=ticket.community_id,
    )
    return quote


async def refer(
    session: Session, actor: Actor, *, ticket: Ticket, lines: Sequence[Line], shown: Text, now: datetime
) -> Quote:
    """Keep what the engineer would quote and let a supervisor do it; the ticket is locked by the caller."""
    check(actor, ticket)
    quote = await _put(session, actor, ticket, lines, 0, state=REFERRED, now=now)
    name = await people.staff_name(session, quote.staff_id)
    head = T("staff.quote_refer", number=ticket.number, name=name, item=unlisted(lines))
    leads = await dispatch.leads_of(session, ticket, now=now)
    staff_ids = [c.staff_id for c in leads if c.on_duty] or [c.staff_id for c in leads]
    rows, text = [[telling.tap(ticket, "quote")]], Lines((head, shown))
    await news.to_staff(session, ticket, staff_ids, text, rows=rows, now=now, tag=f":quote{quote.count}")
    return quote


async def _put(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    lines: Sequence[Line],
    guarantee_days: int,
    *,
    state: str,
    now: datetime,
) -> Quote:
    """Keep a quote as the ticket's newest; one that still waits gives way to it."""
    total = sum(line.cents for line in lines)
    if not 0 < total <= MOST_CENTS:
        raise OddSum(total=money(total))
    before = await latest(session, ticket)
    if before is not None and before.state in {ASKED, REFERRED}:
        before.state, before.decided_at = REPLACED, now
    quote = Quote(
        community_id=ticket.community_id,
        ticket_id=ticket.id,
        count=before.count + 1 if before is not None else 1,
        lines=[list(astuple(line)) for line in lines],
        total_cents=total,
        guarantee_days=guarantee_days,
        state=state,
        staff_id=actor.staff.staff_id if actor.staff else None,
        asked_at=now,
    )
    session.add(quote)
    await session.flush()  # its id goes into the history
    return quote


async def decide(
    session: Session,
    actor: Actor,
    *,
    ticket: Ticket,
    agreed: bool,
    words: str,
    now: datetime,
    policy: Policy,
    quote_id: int | None = None,
) -> Quote:
    """Take the owner's word on a price, by himself or as the desk heard it; the ticket is locked by the caller.

    `quote_id` is the price he saw, by default the newest. Raises `Refused`.
    """
    quote = await latest(session, ticket)
    if quote is None or quote.state == REFERRED:
        raise NotFound
    if quote_id not in {None, quote.id} or quote.state != ASKED:
        state = quote.state if quote_id in {None, quote.id} else REPLACED
        raise Answered(number=ticket.number, was=T(f"quote.was.{state}", total=money(quote.total_cents)))
    if ticket.state in NOT_YET:
        raise PassedOn(number=ticket.number)
    action = Action.AGREE if agreed else Action.DECLINE
    codes = {"quote": quote.id, "count": quote.count, "total": quote.total_cents}
    await engine.act(session, actor, action, ticket=ticket, now=now, policy=policy, said=Said(words), codes=codes)
    quote.state, quote.decided_at, quote.decided_by = AGREED if agreed else DECLINED, now, actor.person_id
    await timers.cancel(session, subject="quote", subject_id=quote.id)
    return quote


async def remind(session: Session, *, quote_id: int, now: datetime) -> bool:
    """Ask once more about a price that nobody answered, and tell the holder; False when it is settled."""
    quote = await session.get(Quote, quote_id)
    if quote is None:
        return False
    ticket = (
        await session.scalars(select(Ticket).where(Ticket.id == quote.ticket_id).with_for_update(key_share=True))
    ).one()
    await session.refresh(quote)
    if not waits(ticket, quote) or ticket.state not in HELD:
        return False
    told = await effects_offers.ask(session, ticket, quote_id=quote.id, count=quote.count, now=now, again=True)
    rows = () if told else effects_offers.by_desk(ticket)
    holder = [ticket.holder_id] if told and ticket.holder_id is not None else await news.front(session, ticket, now=now)
    total = money(quote.total_cents)
    text = (
        T("staff.quote_waits", number=ticket.number, total=total)
        if told
        else T("staff.quote_call", number=ticket.number, total=total)
    )
    await news.to_staff(session, ticket, holder, text, rows=rows, now=now, tag=f":quote{quote.count}")
    return True


def line(ticket: Ticket, quote: Quote | None = None) -> T | None:
    """Say in a line how the ticket's price stands; without the quote, what the ticket's own row knows."""
    if ticket.state in HELD and quote is not None and quote.state == ASKED:
        return T("quote.line.asked", total=money(quote.total_cents))
    if ticket.pause_reason == Wait.QUOTE and quote is None:
        return T("quote.line.waits")
    if ticket.agreed_cents is not None:
        return T("quote.line.agreed", total=money(ticket.agreed_cents))
    if quote is not None and quote.state == DECLINED:
        return T("quote.line.declined", total=money(quote.total_cents))
    return None
