"""What waits for a decision: every reason, in its order, with its taps, and only for whom it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from services.db import Session
from services.digests import morning, pressing
from services.digests.pressing import Matter, Why
from services.messages import Channel
from services.models import FollowUp, OutsideCase, Pause, Staff, Ticket
from services.settings import Policy
from tests.support.estate import actor_of, filed, linked
from tests.support.line import Line, Writer

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
POLICY = Policy()


class Desk:
    """An estate whose tickets are made as a test needs them."""

    def __init__(self, line: Line, session: Session, owner: Writer) -> None:
        self.line, self.session, self.owner, self.count = line, session, owner, 0

    async def ticket(self, *, ago: timedelta = HOUR, **changed: Any) -> Ticket:
        """File a ticket and set it as it is to be."""
        owner = await actor_of(self.session, self.line, self.owner)
        self.count += 1
        ticket = await filed(self.session, self.line, owner, matter=f"水龙头{self.count}")
        ticket.created_at = self.line.now - ago
        for name, value in {"state": "working", **changed}.items():
            setattr(ticket, name, value)
        await self.session.flush()
        return ticket

    async def add(self, row: Any) -> None:
        self.session.add(row)
        await self.session.flush()


async def _told(line: Line, who: str) -> list[Matter]:
    writer = await linked(line, who)
    async with line.db.reading() as session:
        actor = await actor_of_reader(session, line, writer)
        return list(
            await pressing.matters(session, actor, community_id=actor.community_id or 0, now=line.now, policy=POLICY)
        )


async def actor_of_reader(session: Session, line: Line, writer: Writer) -> Any:
    return replace(await actor_of(session, line, writer), event_id="reader")


async def _scene(desk: Desk) -> dict[Why, Ticket]:
    """Make one ticket for each reason; a person's word is owed on each of them."""
    now = desk.line.now
    found = {
        Why.ALARM: await desk.ticket(priority="emergency", state="open", ago=timedelta(minutes=2)),
        Why.FORWARDED: await desk.ticket(kind="complaint", source="forwarded", confidential=True),
        Why.UNANSWERED: await desk.ticket(kind="complaint", state="assigned", ago=40 * HOUR, category="noise"),
        Why.UNDISPATCHED: await desk.ticket(state="open"),
        Why.LOW: await desk.ticket(state="closed"),
        Why.REPEATED: await desk.ticket(kind="complaint", returns=1, category="other"),
        Why.SILENT: await desk.ticket(state="paused", pause_reason="parts", ago=4 * DAY),
    }
    for _ in range(3):
        spot: dict[str, Any] = {
            "scope": "public",
            "place": "7栋2号梯",
            "category": "lift_stopped",
            "state": "done",
            "unit_id": None,
        }
        found[Why.AGAIN] = await desk.ticket(**spot)
    mine = {"community_id": found[Why.LOW].community_id}
    await desk.add(FollowUp(**mine, ticket_id=found[Why.LOW].id, due_at=now + HOUR, created_at=now - HOUR))
    await desk.add(Pause(**mine, ticket_id=found[Why.SILENT].id, reason="parts", since=now - 3 * DAY))
    case = {"office": "hotline", "number": "2026-77", "contact_due_at": now + HOUR, "due_at": now + 5 * DAY}
    await desk.add(OutsideCase(**mine, ticket_id=found[Why.FORWARDED].id, **case))
    return found


async def test_every_reason_is_named_the_most_urgent_first(quick_line: Line) -> None:
    owner = await linked(quick_line, "王芳", Channel.TELEGRAM)

    async def make(session: Session) -> dict[Why, int]:
        scene = await _scene(Desk(quick_line, session, owner))
        return {why: ticket.id for why, ticket in scene.items()}

    expected = await quick_line.db.run(make)
    found = await _told(quick_line, "孙经理")
    assert [one.why for one in found] == list(Why)
    assert {one.why: one.ticket.id for one in found} == expected
    taps = {one.why: [choice.tap.split(":")[1] for choice in one.taps] for one in found}
    assert taps[Why.ALARM] == ["assign", "take"]
    assert taps[Why.FORWARDED] == ["called", "view"]
    assert taps[Why.UNANSWERED] == ["hand_on", "take"]
    assert taps[Why.LOW] == ["view", "view"]  # the call, and its ticket
    assert taps[Why.AGAIN] == ["view"]
    assert taps[Why.SILENT] == ["tell", "view"]
    assert [one.why for one in morning.chosen(found, 3)] == [Why.ALARM, Why.FORWARDED, Why.UNANSWERED]


async def test_who_is_complained_about_is_not_told_of_it(quick_line: Line) -> None:
    owner = await linked(quick_line, "王芳", Channel.TELEGRAM)

    async def make(session: Session) -> None:
        desk = Desk(quick_line, session, owner)
        boss = (await session.scalars(select(Staff).where(Staff.role == "manager"))).one()
        about: dict[str, Any] = {"about_staff_id": boss.id, "confidential": True}
        await desk.ticket(kind="complaint", returns=1, state="open", **about)

    await quick_line.db.run(make)
    assert await _told(quick_line, "孙经理") == []


async def test_what_is_near_or_over_is_said_in_hours_or_minutes(quick_line: Line) -> None:
    now = quick_line.now
    assert pressing.left(now + timedelta(minutes=90), now).params["span"].params["count"] == 1  # type: ignore[union-attr]
    assert pressing.left(now - timedelta(minutes=20), now).key == "digest.past"
    assert pressing.left(now - timedelta(hours=60), now).params["span"].params["count"] == 2  # type: ignore[union-attr]
