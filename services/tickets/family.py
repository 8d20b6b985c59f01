"""A child who acts for a parent: whichever of the two files a request, the other hears of it and of its end."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, or_, select

from services import conversations, direct, inlined, people
from services.db import Session
from services.messages import T, Text
from services.models import Occupancy, Ticket, table_of
from services.outbox import Priority

KIND = "repair"


async def filed(session: Session, ticket: Ticket, *, now: datetime) -> None:
    """Tell the other side that something was reported for the home."""
    if ticket.unit_id is not None and ticket.kind == KIND and not ticket.confidential:
        text = T("family.filed", name=ticket.requester_name, number=ticket.number, matter=ticket.matter)
        await _tell(session, ticket, text, now=now)


async def done(session: Session, ticket: Ticket, *, now: datetime) -> None:
    """Tell the other side that the work is done."""
    if ticket.unit_id is not None and ticket.kind == KIND and not ticket.confidential:
        await _tell(session, ticket, T("family.done", number=ticket.number, matter=ticket.matter), now=now)


async def _tell(session: Session, ticket: Ticket, text: Text, *, now: datetime) -> None:
    if ticket.requester_id is None:
        return
    asked = {"unit_id": ticket.unit_id, "who": ticket.requester_id}
    rows = (await direct.execute(session, _pairs(), asked)).all()
    others = {row.for_person_id if row.person_id == ticket.requester_id else row.person_id for row in rows}
    if not others:
        return
    for person_id, to in (await people.addresses_of(session, sorted(others))).items():
        key = f"ticket:{ticket.id}:{ticket.seq}:family{person_id}"
        await conversations.tell(
            session, to=to, key=key, text=text, priority=Priority.REPLY, person_id=person_id, now=now
        )


@cache
def _pairs() -> Select[Any]:
    """Find who acts for whom in a unit, where one of them is somebody."""
    tie = table_of(Occupancy).c
    return select(tie.person_id, tie.for_person_id).where(
        tie.unit_id == bindparam("unit_id"),
        inlined.equal(tie.role, "proxy"),
        inlined.equal(tie.status, "active"),
        tie.for_person_id.is_not(None),
        or_(tie.person_id == bindparam("who"), tie.for_person_id == bindparam("who")),
    )
