"""How people hear what changed of their homes, and how a day is written for them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from services import conversations, people
from services.db import Session
from services.messages import Style, Text, When
from services.models import Person
from services.outbox import Priority, To
from services.tickets import dispatch


async def tell(session: Session, person: Person, text: Text, *, key: str, now: datetime) -> bool:
    """Tell somebody where he can be reached; False when nowhere."""
    to = (await people.addresses_of(session, [person.id])).get(person.id)
    if to is None:
        return False
    await conversations.tell(session, to=to, key=key, text=text, priority=Priority.NOTICE, person_id=person.id, now=now)
    return True


def day(of: date) -> When:
    """Write a day as people read it; noon keeps it the same day in every zone of ours."""
    return When(datetime.combine(of, time(4), tzinfo=UTC), Style.DATE)


async def desk(session: Session, *, community_id: int, now: datetime) -> dict[int, To]:
    """Return where the desk on duty can be reached, by staff id; nobody on duty, all of it."""
    found = await dispatch.candidates(session, community_id=community_id, team="desk", now=now)
    told = [one.staff_id for one in found if one.on_duty] or [one.staff_id for one in found]
    return await people.addresses_of_staff(session, told)
