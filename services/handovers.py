"""A shift handed over: item by item it becomes clear to who comes; before all of it is, it does not count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update

from services import actors, conversations, houses, inlined, people, timers
from services.actors import Actor
from services.db import Session
from services.messages import T, Text, lines
from services.models import Handover, HandoverItem, Ticket
from services.outbox import Priority, To
from services.refusals import NotAllowed, NotFound, Refused
from services.settings import Policy
from services.tickets import apart, dispatch, engine, news
from services.tickets.rules import IN_HAND, Action

TAKE, ANSWER = "take_over", "shift_answer"  # the forms
SHIFT = "shift"
WAITS = timedelta(hours=24)


class Over(Refused):
    """The handover was taken back, or it is confirmed already."""

    key = "refused.handover_over"


class Unheard(Refused):
    """Who shall come can't be reached on any way."""

    key = "refused.handover_unheard"


async def give(
    session: Session,
    actor: Actor,
    *,
    to_staff_id: int,
    notes: Mapping[int, str],
    passes_on: bool,
    now: datetime,
    policy: Policy,
) -> Handover:
    """Hand tickets over, each with a note, in their order; one still open is taken back. Raises `Refused`."""
    staff = actor.staff
    if staff is None:
        raise NotAllowed
    to = (await news.reach(session, [to_staff_id])).get(to_staff_id)
    if to is None:
        raise Unheard(name=await people.staff_name(session, to_staff_id))
    await _withdraw(session, staff.staff_id, now=now)
    handover = Handover(
        community_id=staff.community_id,
        team=staff.team,
        from_staff_id=staff.staff_id,
        to_staff_id=to_staff_id,
        state="open",
        created_at=now,
        passes_on=passes_on,
    )
    session.add(handover)
    await session.flush()  # the items name it
    if await _add_items(session, handover, notes, now=now):
        await _plan(session, handover, now + timedelta(minutes=policy.shifts.confirm_minutes))
        await _ask_next(session, handover, to, now=now)
    else:
        await _confirm(session, handover, now=now, policy=policy)
    return handover


async def _add_items(session: Session, handover: Handover, notes: Mapping[int, str], *, now: datetime) -> bool:
    """Add what is handed over, but for what is about who comes, which stays where it is; False when nothing is."""
    kept = await apart.among(session, list(notes), staff_id=handover.to_staff_id)
    for ticket_id, number in kept.items():
        text = T("handover.kept_from", number=number)
        await _tell(session, handover, handover.from_staff_id, text, tag=f"kept:{ticket_id}", now=now)
    for ticket_id, note in ((one, note) for one, note in notes.items() if one not in kept):
        row = {"community_id": handover.community_id, "handover_id": handover.id, "ticket_id": ticket_id}
        session.add(HandoverItem(**row, note=note, state="new", question="", answer=""))
    await session.flush()
    return len(kept) < len(notes)


async def _plan(session: Session, handover: Handover, due_at: datetime) -> None:
    await timers.set_once(
        session,
        key=f"handover:{handover.id}:due",
        kind="handover.due",
        subject="handover",
        subject_id=handover.id,
        due_at=due_at,
        community_id=handover.community_id,
    )


async def _withdraw(session: Session, staff_id: int, *, now: datetime) -> None:
    """Take the open handover back, and its questions with it; who was to come hears it."""
    open_one = select(Handover).where(Handover.from_staff_id == staff_id, inlined.equal(Handover.state, "open"))
    handover = (await session.scalars(open_one.with_for_update(key_share=True))).one_or_none()
    if handover is None:
        return
    handover.state = "withdrawn"
    await session.flush()  # only one may be open: the new row comes after this
    await _end(session, handover)
    text = T("handover.withdrawn", name=await people.staff_name(session, staff_id))
    await _tell(session, handover, handover.to_staff_id, text, tag="withdrawn", now=now)


async def _end(session: Session, handover: Handover) -> None:
    await timers.cancel(session, subject="handover", subject_id=handover.id)
    await conversations.end_where(session, key_prefix=f"handover:{handover.id}:ask:")


# ---------------------------------------------------------------- item by item


async def waiting_for(session: Session, actor: Actor) -> HandoverItem | None:
    """Return what somebody has to look at before an open handover to him counts, the oldest first."""
    staff = actor.staff
    if staff is None:
        return None
    return (
        await session.scalars(
            select(HandoverItem)
            .join(Handover, Handover.id == HandoverItem.handover_id)
            .where(
                Handover.to_staff_id == staff.staff_id,
                Handover.state == "open",
                HandoverItem.state.in_(("new", "answered")),
            )
            .order_by(HandoverItem.handover_id, HandoverItem.id)
            .limit(1)
        )
    ).one_or_none()


async def clear(session: Session, actor: Actor, *, item_id: int, now: datetime, policy: Policy) -> Handover:
    """Say that an item is clear; the last one confirms the handover. Raises `Refused`."""
    handover, item = await _taken(session, actor, item_id)
    item.state = "clear"
    await session.flush()  # what is left is asked for
    await _go_on(session, handover, now=now, policy=policy)
    return handover


async def doubt(
    session: Session, actor: Actor, *, item_id: int, question: str, now: datetime, policy: Policy
) -> Handover:
    """Ask whoever goes about an item; before he has answered, the handover does not count. Raises `Refused`."""
    handover, item = await _taken(session, actor, item_id)
    item.state, item.question = "refused", question
    await session.flush()
    key, given = _asked_by(item, actor), {"item": item.id, "question": question}
    await _ask(session, handover, handover.from_staff_id, ANSWER, given, key=key, now=now)
    asked = T("takeover.asked", name=await people.staff_name(session, handover.from_staff_id))
    await _tell(session, handover, handover.to_staff_id, asked, tag=f"asked:{key}", now=now)  # before the next item
    await _go_on(session, handover, now=now, policy=policy)
    return handover


async def answer(session: Session, actor: Actor, *, item_id: int, words: str, now: datetime) -> Handover:
    """Answer a question about an item; who comes is asked again. Raises `Refused`."""
    handover, item = await _found(session, item_id)
    if actor.staff is None or handover.from_staff_id != actor.staff.staff_id:
        raise NotFound
    _see_open(handover)
    item.state, item.answer = "answered", words
    key = _asked_by(item, actor)
    await _ask(session, handover, handover.to_staff_id, TAKE, {"item": item.id}, key=key, now=now)
    return handover


def _asked_by(item: HandoverItem, actor: Actor) -> str:
    """Return the part of a question's key that tells it from an earlier one about the same item."""
    return f"{item.id}:{actor.channel}:{actor.account}:{actor.event_id}"


async def _taken(session: Session, actor: Actor, item_id: int) -> tuple[Handover, HandoverItem]:
    handover, item = await _found(session, item_id)
    if actor.staff is None or handover.to_staff_id != actor.staff.staff_id:
        raise NotFound
    _see_open(handover)
    return handover, item


async def _found(session: Session, item_id: int) -> tuple[Handover, HandoverItem]:
    row = (
        await session.execute(
            select(Handover, HandoverItem)
            .join(HandoverItem, HandoverItem.handover_id == Handover.id)
            .where(HandoverItem.id == item_id)
            .with_for_update(of=Handover, key_share=True)
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]


def _see_open(handover: Handover) -> None:
    if handover.state != "open":
        raise Over


async def items(session: Session, handover: Handover) -> Sequence[HandoverItem]:
    """Return what is handed over, in order."""
    found = await session.scalars(
        select(HandoverItem).where(HandoverItem.handover_id == handover.id).order_by(HandoverItem.id)
    )
    return found.all()


async def item_with_ticket(session: Session, *, item_id: int) -> tuple[Handover, HandoverItem, Ticket]:
    """Return an item with what it is about; raises `NotFound`."""
    row = (
        await session.execute(
            select(Handover, HandoverItem, Ticket)
            .join(HandoverItem, HandoverItem.handover_id == Handover.id)
            .join(Ticket, Ticket.id == HandoverItem.ticket_id)
            .where(HandoverItem.id == item_id)
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1], row[2]


async def _go_on(session: Session, handover: Handover, *, now: datetime, policy: Policy) -> None:
    """Ask about the next item; when all are clear, the handover counts."""
    if all(item.state == "clear" for item in await items(session, handover)):
        await _confirm(session, handover, now=now, policy=policy)
        return
    to = (await news.reach(session, [handover.to_staff_id])).get(handover.to_staff_id)
    if to is not None:
        await _ask_next(session, handover, to, now=now)


async def _ask_next(session: Session, handover: Handover, to: To, *, now: datetime) -> None:
    """Ask about the first item that nobody looked at; its key sees to it that this happens once."""
    following = next((item for item in await items(session, handover) if item.state == "new"), None)
    if following is not None:
        await _put(session, handover, to, TAKE, {"item": following.id}, key=str(following.id), now=now)


async def _ask(
    session: Session,
    handover: Handover,
    staff_id: int,
    form: str,
    given: Mapping[str, object],
    *,
    key: str,
    now: datetime,
) -> None:
    to = (await news.reach(session, [staff_id])).get(staff_id)
    if to is not None:
        await _put(session, handover, to, form, given, key=key, now=now)


async def _put(
    session: Session, handover: Handover, to: To, form: str, given: Mapping[str, object], *, key: str, now: datetime
) -> None:
    await conversations.ask(
        session,
        to=to,
        person_id=None,
        form=form,
        given=given,
        key=f"handover:{handover.id}:ask:{key}",
        priority=Priority.REPLY,
        now=now,
        expires_at=now + WAITS,
    )


# ---------------------------------------------------------------- how it ends


async def _confirm(session: Session, handover: Handover, *, now: datetime, policy: Policy) -> None:
    """All is clear: both hear it, and what the one who goes holds is the other's where he wanted it so."""
    handover.state, handover.confirmed_at = "confirmed", now
    await _end(session, handover)
    passed = await _pass_on(session, handover, now=now, policy=policy) if handover.passes_on else 0
    count = len(await items(session, handover))
    who = (
        await people.staff_name(session, handover.from_staff_id),
        await people.staff_name(session, handover.to_staff_id),
    )
    key = "done" if count else "nothing"
    for staff_id, side, name in ((handover.from_staff_id, "from", who[1]), (handover.to_staff_id, "to", who[0])):
        more = T(f"handover.passed_{side}", count=passed) if passed else None
        text = lines(T(f"handover.{key}_{side}", name=name, count=count), more)
        await _tell(session, handover, staff_id, text, now=now)


async def _pass_on(session: Session, handover: Handover, *, now: datetime, policy: Policy) -> int:
    held = await session.scalars(
        select(Ticket)
        .join(HandoverItem, HandoverItem.ticket_id == Ticket.id)
        .where(HandoverItem.handover_id == handover.id, Ticket.holder_id == handover.from_staff_id)
        .where(inlined.outside(Ticket.state, dispatch.ENDED), inlined.among(Ticket.state, tuple(sorted(IN_HAND))))
        .order_by(Ticket.id)
        .with_for_update(of=Ticket, key_share=True)
    )
    tickets = held.all()
    house = await houses.by_id(session, community_id=handover.community_id)
    shift = actors.system(SHIFT, Action.HAND_ON, house=house)
    codes = {"to": handover.to_staff_id, "reason": "off_duty"}
    for ticket in tickets:
        await engine.act(session, shift, Action.HAND_ON, ticket=ticket, now=now, policy=policy, codes=codes)
    return len(tickets)


async def _tell(
    session: Session, handover: Handover, staff_id: int, text: Text, *, now: datetime, tag: str = "end"
) -> None:
    for to in (await news.reach(session, [staff_id])).values():
        key = f"handover:{handover.id}:{tag}:{staff_id}"
        await conversations.tell(session, to=to, key=key, text=text, priority=Priority.REPLY, now=now)


async def overdue(session: Session, *, handover_id: int, now: datetime) -> None:
    """Tell the supervisor on duty, once, that a handover is not confirmed."""
    claimed = await session.execute(
        update(Handover)
        .where(Handover.id == handover_id, Handover.state == "open", Handover.told_at.is_(None))
        .values(told_at=now)
        .returning(Handover)
    )
    handover = claimed.scalar_one_or_none()
    if handover is None:
        return
    states = [item.state for item in await items(session, handover)]
    text = T(
        "handover.overdue",
        name=await people.staff_name(session, handover.from_staff_id),
        to=await people.staff_name(session, handover.to_staff_id),
        since=int((now - handover.created_at).total_seconds()) // 60,
        left=sum(state in {"new", "answered"} for state in states),
        asked=states.count("refused"),
    )
    leads = await dispatch.leads(session, community_id=handover.community_id, now=now)
    others = [one for one in leads if one.staff_id not in {handover.from_staff_id, handover.to_staff_id}]
    for one in [lead for lead in others if lead.on_duty] or others:
        await _tell(session, handover, one.staff_id, text, now=now, tag="due")
