"""What those who wait for a public repair hear: its progress once, and at the end the question whether it is fixed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update

from services import conversations, people, timers
from services.actors import Actor
from services.db import Session
from services.messages import T
from services.models import Joiner, Person, Ticket
from services.outbox import Priority, To
from services.refusals import NotFound
from services.tickets import cards, finding, history, joining, news
from services.tickets.deeds import Deed
from services.tickets.joining import Neighbour
from services.tickets.rules import IN_HAND, Action, AlreadyDone, State

FORM = "joined"
CHUNK = 20
TELL, ASK = "joiners.tell", "joiners.ask"
MOVES = frozenset({Action.ACCEPT, Action.GRAB, Action.ON_THE_WAY, Action.ARRIVED})
ENDS = frozenset({Action.DONE, Action.CANCEL})
AGAIN = frozenset({Action.OWNER_RETURNS, Action.REOPEN})
OVER = frozenset({State.DONE, State.CLOSED, State.CANCELLED})
WAITS = timedelta(days=7)


async def follow(session: Session, deed: Deed) -> None:
    """Let those who wait hear of an action, a chunk at a time and not at night."""
    if deed.action in MOVES:
        await _set(session, deed.ticket, TELL, deed.now)
    elif deed.action in ENDS:
        await _set(session, deed.ticket, ASK, deed.now)
    elif deed.action in AGAIN:
        await _wait_on(session, deed.ticket)


async def _set(session: Session, ticket: Ticket, kind: str, now: datetime) -> None:
    await timers.move(
        session,
        key=f"{kind}:{ticket.id}",
        kind=kind,
        subject="ticket",
        subject_id=ticket.id,
        due_at=now,
        community_id=ticket.community_id,
    )


async def _wait_on(session: Session, ticket: Ticket) -> None:
    """It was not in order: who has not said that it is, is asked again at the next end."""
    await timers.cancel(session, subject="ticket", subject_id=ticket.id, kinds=(ASK,))
    await conversations.end_where(session, key_prefix=f"{FORM}:{ticket.id}:")
    asked = Joiner.state == "asked", _of(ticket)
    await session.execute(
        update(Joiner).where(*asked).values(state="waiting").execution_options(synchronize_session="fetch")
    )


async def tell(session: Session, *, ticket_id: int, now: datetime) -> None:
    """Tell those who have heard nothing yet how far it is, once; go on later with the others."""
    ticket = await finding.locked(session, ticket_id=ticket_id)
    if ticket is None or ticket.state not in IN_HAND or not joining.has_news(ticket):
        return
    found = await _some(session, ticket, "waiting", unheard=True)
    for joiner in found[:CHUNK]:
        joiner.told_at = now
        to = await _address(session, joiner)
        if to is not None:
            text = T("joined.progress", place=ticket.place, progress=joining.progress(ticket, now=now))
            await conversations.tell(
                session,
                to=to,
                key=f"joiner:{joiner.id}:progress",
                text=text,
                priority=Priority.NOTICE,
                person_id=joiner.person_id,
                now=now,
            )
    if len(found) > CHUNK:
        await _set(session, ticket, TELL, now)


async def welcome(session: Session, ticket: Ticket, whom: Neighbour, *, now: datetime) -> bool:
    """Tell somebody whom the desk has counted in; False when he can't be reached."""
    to = await _best(session, whom.address_id, whom.person_id)
    if to is None:
        return False
    text = T("join.done", place=ticket.place, progress=joining.progress(ticket, now=now))
    key = f"joined-in:{ticket.id}:{to.address_id}"
    await conversations.tell(
        session, to=to, key=key, text=text, priority=Priority.REPLY, person_id=whom.person_id, now=now
    )
    return True


async def ask(session: Session, *, ticket_id: int, now: datetime) -> None:
    """Ask those who wait whether it is fixed for them; the desk hears of those it has to call."""
    ticket = await finding.locked(session, ticket_id=ticket_id)
    if ticket is None or ticket.state not in OVER:
        return
    found = await _some(session, ticket, "waiting")
    unreached = [joiner for joiner in found[:CHUNK] if not await _ask(session, ticket, joiner, now)]
    names = await _names(session, unreached)
    if names:
        text = T("staff.joined_unreached", number=ticket.number, count=len(names), names=" ".join(names))
        await news.to_front(session, ticket, text, now=now)
    if len(found) > CHUNK:
        await _set(session, ticket, ASK, now)


async def _names(session: Session, joiners: Sequence[Joiner]) -> Sequence[str]:
    """Return the names of those whom the desk knows; who left none can't be called."""
    known = [joiner.person_id for joiner in joiners if joiner.person_id is not None]
    return (await session.scalars(select(Person.name).where(Person.id.in_(known)).order_by(Person.id))).all()


async def _ask(session: Session, ticket: Ticket, joiner: Joiner, now: datetime) -> bool:
    to = await _address(session, joiner)
    if to is None:
        joiner.state = "unreached"
        return False
    joiner.state, joiner.asks = "asked", joiner.asks + 1
    given = {"joiner": joiner.id, "place": ticket.place, "over": ticket.state == State.CANCELLED}
    await conversations.ask(
        session,
        to=to,
        person_id=joiner.person_id,
        form=FORM,
        given=given,
        key=f"{FORM}:{ticket.id}:{joiner.id}:{joiner.asks}",
        priority=Priority.NOTICE,
        now=now,
        expires_at=now + WAITS,
    )
    return True


async def _some(session: Session, ticket: Ticket, state: str, *, unheard: bool = False) -> Sequence[Joiner]:
    """Return the next chunk, and one more if there are more."""
    statement = select(Joiner).where(_of(ticket), Joiner.state == state).order_by(Joiner.id).limit(CHUNK + 1)
    if unheard:
        statement = statement.where(Joiner.told_at.is_(None))
    return (await session.scalars(statement)).all()


def _of(ticket: Ticket) -> ColumnElement[bool]:
    """Those of the tickets that live on in this one wait with the others."""
    merged = select(Ticket.id).where(Ticket.merged_into_id == ticket.id)
    return or_(Joiner.ticket_id == ticket.id, Joiner.ticket_id.in_(merged))


async def _address(session: Session, joiner: Joiner) -> To | None:
    return await _best(session, joiner.address_id, joiner.person_id)


async def _best(session: Session, address_id: int | None, person_id: int | None) -> To | None:
    """Return where he spoke of it, else where he wrote last."""
    found = await people.to_of(session, address_id=address_id) if address_id is not None else None
    if found is not None or person_id is None:
        return found
    return (await people.addresses_of(session, [person_id])).get(person_id)


async def find(session: Session, actor: Actor, *, joiner_id: int) -> tuple[Joiner, Ticket]:
    """Return the actor's own row with the ticket he waits for, which is locked; raises `NotFound`."""
    joiner = await session.get(Joiner, joiner_id)
    if joiner is None or not _is_his(joiner, actor):
        raise NotFound
    ticket = await finding.locked(session, ticket_id=joiner.ticket_id)
    if ticket is not None and ticket.merged_into_id is not None:
        ticket = await finding.locked(session, ticket_id=ticket.merged_into_id)
    if ticket is None:
        raise NotFound
    return joiner, ticket


def _is_his(joiner: Joiner, actor: Actor) -> bool:
    if joiner.person_id is not None:
        return joiner.person_id == actor.person_id
    return joiner.address_id is not None and joiner.address_id == actor.address_id


async def answer(session: Session, actor: Actor, *, joiner_id: int, fixed: bool, now: datetime) -> Ticket:
    """Keep whether it is fixed for him; raises `AlreadyDone`."""
    joiner, ticket = await find(session, actor, joiner_id=joiner_id)
    if joiner.state in {"fixed", "still"}:
        raise AlreadyDone
    joiner.state, joiner.answered_at = "fixed" if fixed else "still", now
    await session.flush()
    if not fixed:
        codes = {"from": ticket.state, "to_state": ticket.state, "joiner": joiner.id}
        await history.append(session, actor, ticket=ticket, action=joining.STILL, now=now, codes=codes)
        await cards.touch(session, ticket=ticket, now=now)
    return ticket
