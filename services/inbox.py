"""The inbox: raw events, stored once, worked in order within a lane and beside each other across lanes.

Store, claim, finish, set aside, reap: every statement of this queue is here. Leases run on machine time.
`starts` counts claims that never ended (the process died); `tries` counts exceptions of our own code. One event of a
lane is in work at a time; ids become visible in their order, so that the head of a lane is the same for everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import ColumnElement, Integer, and_, bindparam, case, exists, func, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.sql.dml import ReturningUpdate

from services import direct, inlined
from services.db import Session, insert_once, machine_now, machine_time, wake
from services.models import Event, table_of

Key = tuple[str, str, str]

OPEN = ("new", "claimed")
NAMED = Event.channel, Event.account, Event.event_id

MOST_TRIES = 3
CRASHES_BEFORE_ALONE = 3
CRASHES_BEFORE_DEAD = 6
BACKOFF = timedelta(seconds=1)
STORING = 0x4F574E4C  # the lock under which one transaction at a time adds events


@dataclass(frozen=True, slots=True)
class Claimed:
    """An event in this worker's hands."""

    id: int
    channel: str
    account: str
    event_id: str
    lane: str
    payload: str
    tries: int


async def store(session: Session, events: Sequence[Mapping[str, str]]) -> set[Key]:
    """Store events not seen before; return the (channel, account, event id) of those that are new.

    The transaction holds `STORING`: else a later id of a lane could be committed and worked before an earlier one.
    """
    found = await insert_once(session, Event, events, *NAMED, at="received_at")
    wake(session, "inbox")
    return {cast("Key", tuple(row)) for row in found}


async def claim(
    session: Session, *, owner: str, lease: timedelta, limit: int, alone: bool = False
) -> Sequence[Claimed]:
    """Take up to `limit` lane heads; `alone` takes only one that crashed workers before."""
    asked = {"most": 1 if alone else limit, "claimer": owner, "lease": lease.total_seconds()}
    taken = await direct.execute(session, _claiming(alone), asked)
    return sorted((Claimed(*row) for row in taken), key=lambda event: event.id)


@cache
def _claiming(alone: bool) -> ReturningUpdate[Any]:  # noqa: FBT001 - a key
    """The statement that claims, made once: putting it together takes longer than running it."""
    inbox = table_of(Event)
    event = inbox.c
    crashed = event.starts >= CRASHES_BEFORE_ALONE
    # A CTE, because PostgreSQL may run a subquery with LIMIT and SKIP LOCKED several times and so take too many.
    heads = (
        select(event.id)
        .where(
            inlined.among(event.state, OPEN),
            inlined.equal(event.state, "new"),
            or_(event.due_at.is_(None), event.due_at <= machine_time()),
            crashed if alone else ~crashed,
            ~_held_back(event),
        )
        .order_by(event.id)
        .limit(bindparam("most", type_=Integer()))
        .with_for_update(skip_locked=True)
        .cte("heads")
    )
    return (
        update(inbox)
        .where(event.id.in_(select(heads.c.id)))
        .values(state="claimed", owner=bindparam("claimer"), lease_until=machine_time("lease"), starts=event.starts + 1)
        .returning(event.id, event.channel, event.account, event.event_id, event.lane, event.payload, event.tries)
    )


def _held_back(event: Any) -> ColumnElement[bool]:  # noqa: ANN401 - the table's columns
    before = table_of(Event).alias().c
    return exists().where(
        before.lane == event.lane,
        inlined.among(before.state, OPEN),
        or_(before.id < event.id, inlined.equal(before.state, "claimed")),  # one put back may follow one in work
    )


async def finish(session: Session, event: Claimed, *, owner: str) -> bool:
    """Mark the event done inside the turn's own transaction; False when it is no longer ours."""
    mine = {"event": event.id, "claimer": owner, "in_lane": event.lane}
    goes_on: bool | None = (await direct.execute(session, _finishing(), mine)).scalar_one_or_none()
    if goes_on:
        wake(session, "inbox")
    return goes_on is not None


@cache
def _finishing() -> ReturningUpdate[Any]:
    """Return the statement that ends an event and tells whether its lane goes on."""
    inbox, later = table_of(Event), table_of(Event).alias().c
    ours = (
        inbox.c.id == bindparam("event"),
        inbox.c.owner == bindparam("claimer"),
        inlined.equal(inbox.c.state, "claimed"),
    )
    goes_on = exists().where(
        later.lane == bindparam("in_lane"), inlined.among(later.state, OPEN), inlined.equal(later.state, "new")
    )
    return update(inbox).where(*ours).values(state="done").returning(goes_on)


async def failed(session: Session, event: Claimed, *, owner: str, error: str) -> bool:
    """Count a try of our own code; after the last one the event is set aside. True when it was set aside."""
    last = event.tries + 1 >= MOST_TRIES
    result = await session.execute(
        update(Event)
        .where(Event.id == event.id, Event.owner == owner, inlined.equal(Event.state, "claimed"))
        .values(
            state="dead" if last else "new",
            tries=Event.tries + 1,
            starts=Event.starts - 1,
            due_at=machine_now(BACKOFF * (event.tries + 1)),
            error=error,
        )
        .execution_options(synchronize_session=False)
    )
    wake(session, "inbox")
    return last and _count(result) == 1


async def release(session: Session, ids: Iterable[int], *, owner: str) -> None:
    """Give events back without counting anything: the database was in trouble, or we shut down."""
    await session.execute(
        update(Event)
        .where(Event.id.in_(list(ids)), Event.owner == owner, inlined.equal(Event.state, "claimed"))
        .values(state="new", starts=Event.starts - 1, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    wake(session, "inbox")


async def doomed(session: Session, *, all_leases: bool = False) -> Sequence[Claimed]:
    """Return the events that `reap` is going to set aside: their worker died each time."""
    gone = and_(inlined.equal(Event.state, "claimed"), Event.starts >= CRASHES_BEFORE_DEAD)
    if not all_leases:
        gone = and_(gone, Event.lease_until < machine_now())
    found = await session.execute(
        select(Event.id, Event.channel, Event.account, Event.event_id, Event.lane, Event.payload, Event.tries)
        .where(gone)
        .order_by(Event.id)
    )
    return [Claimed(*row) for row in found]


async def reap(session: Session, *, all_leases: bool = False) -> int:
    """Return events whose worker died to the queue; `all_leases` at start-up of the only process."""
    gone = and_(inlined.among(Event.state, OPEN), inlined.equal(Event.state, "claimed"))
    if not all_leases:
        gone = and_(gone, Event.lease_until < machine_now())
    result = await session.execute(
        update(Event)
        .where(gone)
        .values(
            state=case((Event.starts >= CRASHES_BEFORE_DEAD, "dead"), else_="new"),
            error=case((Event.starts >= CRASHES_BEFORE_DEAD, "the worker died each time"), else_=Event.error),
            lease_until=None,
        )
        .execution_options(synchronize_session=False)
    )
    if _count(result):
        wake(session, "inbox")
    return _count(result)


async def waiting_long(session: Session, *, longer_than: timedelta, limit: int = 50) -> Sequence[Claimed]:
    """Return open events that nobody looked at for so long and whose words were not yet checked for danger."""
    found = await session.execute(
        select(Event.id, Event.channel, Event.account, Event.event_id, Event.lane, Event.payload, Event.tries)
        .where(
            inlined.among(Event.state, OPEN),
            Event.danger_checked.is_(False),
            Event.received_at < machine_now(-longer_than),
        )
        .order_by(Event.id)
        .limit(limit)
    )
    return [Claimed(*row) for row in found]


async def mark_checked(session: Session, ids: Iterable[int]) -> None:
    """Remember that these events' words were checked for danger."""
    await session.execute(
        update(Event)
        .where(Event.id.in_(list(ids)))
        .values(danger_checked=True)
        .execution_options(synchronize_session=False)
    )


async def dead(session: Session, *, limit: int = 100) -> Sequence[Event]:
    """Return the events set aside, newest first."""
    return (
        await session.scalars(
            select(Event).where(inlined.equal(Event.state, "dead")).order_by(Event.id.desc()).limit(limit)
        )
    ).all()


async def retry(session: Session, event_id: int) -> bool:
    """Put a set-aside event back at the head of its lane."""
    return await _move(session, event_id, {"state": "new", "tries": 0, "starts": 0, "due_at": None})


async def drop(session: Session, event_id: int) -> bool:
    """Give a set-aside event up for good."""
    return await _move(session, event_id, {"state": "dropped"})


async def _move(session: Session, event_id: int, values: Mapping[str, Any]) -> bool:
    result = await session.execute(
        update(Event)
        .where(Event.id == event_id, inlined.equal(Event.state, "dead"))
        .values(values)
        .execution_options(synchronize_session=False)
    )
    wake(session, "inbox")
    return _count(result) == 1


async def depth(session: Session) -> tuple[int, datetime | None]:
    """Return how many events are open and since when the oldest waits (machine time)."""
    row = (
        await session.execute(select(func.count(), func.min(Event.received_at)).where(inlined.among(Event.state, OPEN)))
    ).one()
    return row[0], row[1]


def _count(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0
