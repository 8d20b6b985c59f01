"""Cars that stand in the way: the keeper is asked to move his, and neither side learns who the other is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select

from services import actors, conversations, houses, people, timers
from services.actors import Actor
from services.catalog import Category, Department, FollowUp, Grade, Kind, Payer, Way
from services.catalog import Priority as Haste
from services.db import Session, insert_once
from services.messages import Choice, T, Text
from services.models import CarCall, Ticket, Vehicle
from services.outbox import Priority, To
from services.refusals import NotFound, Refused
from services.settings import Policy
from services.tickets import filing
from services.tickets.requests import Request, Requester

SUBJECT, DUE = "car_call", "car.due"
SYSTEM = "cars"
GUARDS = Category(  # what people call a complaint is a walk for a guard
    key="move_car",
    kind=Kind.REPAIR,
    labels={},
    department=Department.SECURITY,
    skill="general",
    public=True,
    payer=Payer.FREE,
    priority=Haste.URGENT,
    dispatch=Way.DUTY,
    follow_up=FollowUp.NEVER,
    warranty_days=0,
    guarantee_days=0,
    grade=Grade.UNGRADED,
    resolve_days=None,
    first_aid={},
    where={},
    tools={},
    script={},
    words=(),
)
KEEPER_HOURS = timedelta(hours=2)  # later nobody stands in the way any more


class Answer(StrEnum):
    """What a keeper says."""

    COMING = "coming"
    SOON = "soon"  # in ten minutes
    ELSEWHERE = "elsewhere"  # the car is not with him


class AskedBefore(Refused):
    """The same car was asked for a short while ago, and its keeper may still answer."""

    key = "refused.car_asked"


class CallOver(Refused):
    """Somebody else answered, or a guard is on his way."""

    key = "refused.car_over"


async def ask(
    session: Session,
    actor: Actor,
    *,
    plate: str,
    place: str,
    matter: str,
    requester: Requester,
    now: datetime,
    policy: Policy,
) -> CarCall:
    """Ask the keeper of a car to move it; a car that nobody knows is a guard's. Raises `AskedBefore`."""
    if actor.house is None:
        raise NotFound
    known = Vehicle.community_id == actor.house.id, Vehicle.plate == plate, Vehicle.until.is_(None)
    keeper_id = await session.scalar(select(Vehicle.person_id).where(*known))
    row = {
        "community_id": actor.house.id,
        "plate": plate,
        "place": place,
        "matter": matter,
        "asker_id": actor.person_id,
        "asker_address_id": actor.to.address_id,
        "keeper_id": keeper_id,
        "state": "asked",
        "asked_at": now,
    }
    added: int | None = (await insert_once(session, CarCall, row, CarCall.id)).scalar_one_or_none()
    call = await session.get(CarCall, added) if added is not None else None
    if call is None:
        raise AskedBefore(plate=plate, phone=actor.house.phone)
    to = (await people.addresses_of(session, [keeper_id])).get(keeper_id) if keeper_id is not None else None
    if to is None or keeper_id is None:
        await _to_guard(session, actor, call, requester, now=now, policy=policy)
    else:
        await _ask_keeper(session, call, to, keeper_id, now=now, policy=policy)
    return call


async def _ask_keeper(
    session: Session, call: CarCall, to: To, keeper_id: int, *, now: datetime, policy: Policy
) -> None:
    await conversations.ask(
        session,
        to=to,
        person_id=keeper_id,
        form="keeper",
        given={"call": call.id, "plate": call.plate},
        key=f"car:{call.id}:keeper",
        priority=Priority.ALARM,
        now=now,
        expires_at=now + KEEPER_HOURS,
    )
    await timers.set_once(
        session,
        key=f"car:{call.id}:due",
        kind=DUE,
        subject=SUBJECT,
        subject_id=call.id,
        due_at=now + timedelta(minutes=policy.forms.car_minutes),
        community_id=call.community_id,
    )


async def answered(
    session: Session, actor: Actor, *, call_id: int, answer: Answer, now: datetime, policy: Policy
) -> CarCall:
    """Take the keeper's answer and pass it on; where the car is not with him a guard goes. Raises `CallOver`."""
    call = await _locked(session, call_id)
    if call is None or call.keeper_id is None or call.keeper_id != actor.person_id:
        raise NotFound
    if call.state != "asked":
        raise CallOver
    call.answered_at = now
    if answer is Answer.ELSEWHERE:
        await _guard_instead(session, call, "elsewhere", now=now, policy=policy)
        return call
    call.state = answer
    await timers.cancel(session, subject=SUBJECT, subject_id=call.id)
    rows = [[Choice(T("car.not_moved"), f"go:carwaits:{call.id}")]]
    await _tell_asker(session, call, T(f"car.news.{answer}", plate=call.plate), rows=rows, now=now)
    return call


async def still_there(
    session: Session,
    actor: Actor,
    *,
    call_id: int,
    requester: Requester,
    now: datetime,
    policy: Policy,
) -> Ticket:
    """The keeper said he would come, and the car still stands there: a guard goes. Raises `NotFound`, `CallOver`."""
    call = await _locked(session, call_id)
    if call is None or call.asker_address_id != actor.address_id:
        raise NotFound
    if call.state == "guard":
        raise CallOver
    return await _to_guard(session, actor, call, requester, now=now, policy=policy)


async def overdue(session: Session, *, call_id: int, now: datetime, policy: Policy) -> None:
    """The keeper said nothing: security gets it and the asker hears so."""
    call = await _locked(session, call_id)
    if call is not None and call.state == "asked":
        await _guard_instead(session, call, "silent", now=now, policy=policy)


async def _guard_instead(session: Session, call: CarCall, why: str, *, now: datetime, policy: Policy) -> None:
    house = await houses.by_id(session, community_id=call.community_id)
    to = await people.to_of(session, address_id=call.asker_address_id)
    who = Requester(person_id=call.asker_id, address_id=to.address_id if to else None)
    clockwork = actors.system(SYSTEM, house=house)
    ticket = await _to_guard(session, clockwork, call, who, now=now, policy=policy)
    await _tell_asker(
        session, call, T(f"car.news.{why}", plate=call.plate, number=ticket.number), now=now, tag=":guard"
    )


async def _locked(session: Session, call_id: int) -> CarCall | None:
    return (
        await session.scalars(select(CarCall).where(CarCall.id == call_id).with_for_update(key_share=True))
    ).one_or_none()


async def _to_guard(
    session: Session,
    actor: Actor,
    call: CarCall,
    requester: Requester,
    *,
    now: datetime,
    policy: Policy,
) -> Ticket:
    """File it as a task for security, in haste; the asker's number stays hidden."""
    house = await houses.by_id(session, community_id=call.community_id)
    request = Request(
        category=GUARDS,
        matter=call.matter,
        place=call.place or call.plate,
        scope="public",
        urgent=True,
        requester=replace(requester, shows_number=False),
    )
    ticket = await filing.file(session, actor, house=house, request=request, now=now, policy=policy)
    call.state, call.ticket_id = "guard", ticket.id
    await conversations.end_where(session, key_prefix=f"car:{call.id}:")
    await timers.cancel(session, subject=SUBJECT, subject_id=call.id)
    return ticket


async def _tell_asker(
    session: Session,
    call: CarCall,
    text: Text,
    *,
    now: datetime,
    rows: Sequence[Sequence[Choice]] = (),
    tag: str = "",
) -> None:
    to = await people.to_of(session, address_id=call.asker_address_id)
    if to is not None:
        await conversations.tell(
            session,
            to=to,
            key=f"car:{call.id}:asker{tag}",
            text=text,
            rows=rows,
            priority=Priority.REPLY,
            person_id=call.asker_id,
            now=now,
        )
