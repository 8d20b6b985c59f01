"""Words that owners should not read: every time one was about to be sent, what became of it, counts for who leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, insert, select, update

from services.actors import Actor
from services.db import Session
from services.messages import T
from services.models import Person, Staff, WordingHit
from services.refusals import NotAllowed
from services.wording import Hit


class Outcome(StrEnum):
    """What an employee did about it; as long as he does nothing, nothing is sent."""

    DROPPED = "dropped"
    SENT = "sent"
    MENDED = "mended"
    REWORDED = "reworded"


@dataclass(slots=True)
class Count:
    """How often an employee was shown better words since a day, and how often he sent his own all the same."""

    name: T
    hits: int = 0
    sent: int = 0
    phrases: list[tuple[str, int]] = field(default_factory=list)  # the most frequent first


async def note(session: Session, actor: Actor, *, hit: Hit, ticket_id: int, now: datetime) -> int:
    """Note that a phrase was about to be sent; return the row's id."""
    if actor.staff is None:
        raise NotAllowed
    row = {
        "community_id": actor.staff.community_id,
        "ticket_id": ticket_id,
        "staff_id": actor.staff.staff_id,
        "phrase": hit.phrase,
        "kind": hit.kind,
        "outcome": Outcome.DROPPED,
        "at": now,
    }
    return int((await session.execute(insert(WordingHit).values(row).returning(WordingHit.id))).scalar_one())


async def decide(session: Session, *, hit_id: int, outcome: Outcome) -> None:
    """Note what he did about it."""
    await session.execute(update(WordingHit).where(WordingHit.id == hit_id).values(outcome=outcome))


async def counts(session: Session, actor: Actor, *, since: datetime) -> Sequence[Count]:
    """Return the counts of a community's employees, the most hits first; for who leads alone."""
    if not actor.is_lead:
        raise NotAllowed
    hit, count = WordingHit, func.count()
    found = await session.execute(
        select(hit.staff_id, Person.name, Staff.badge, hit.phrase, count, count.filter(hit.outcome == Outcome.SENT))
        .join(Staff, Staff.id == hit.staff_id)
        .join(Person, Person.id == Staff.person_id)
        .where(hit.community_id == actor.community_id, hit.at >= since)
        .group_by(hit.staff_id, Person.name, Staff.badge, hit.phrase)
        .order_by(count.desc(), hit.phrase)
    )
    by_staff: dict[int, Count] = {}
    for staff_id, name, badge, phrase, hits, sent in found:
        one = by_staff.setdefault(staff_id, Count(T("staff.name", name=name, badge=badge)))
        one.hits, one.sent = one.hits + hits, one.sent + sent
        one.phrases.append((phrase, hits))
    return sorted(by_staff.values(), key=lambda one: -one.hits)
