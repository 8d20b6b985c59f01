"""A household as its owner or tenant sees it: who is tied, who is sent away, who leaves by himself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services import access
from services.access import Deed, Subject
from services.actors import Actor, Home, Tie
from services.db import Session
from services.messages import T
from services.models import Unit
from services.refusals import NotAllowed
from services.register import handing, telling, ties
from services.register.ties import NoSuchTie, Tied

THEIRS = frozenset({Tie.FAMILY, Tie.PROXY})


async def shown(session: Session, actor: Actor, *, home: Home) -> Sequence[Tied]:
    """Return who is tied to a home, as far as the actor may see: a tenant sees himself and who came through him."""
    everybody = await ties.of_unit(session, unit_ids=[home.unit_id])
    if not access.may(actor, Deed.SEE_HOUSEHOLD, Subject(home.community_id, home.unit_id)):
        return [one for one in everybody if one.person.id == actor.person_id]
    if home.tie is Tie.OWNER:
        return everybody
    return [one for one in everybody if actor.person_id in {one.person.id, one.tie.for_person_id}]


async def removable(session: Session, actor: Actor, *, home: Home) -> Sequence[Tied]:
    """Return whom the actor may send away: family and proxies that he sees; of his own such tie, himself."""
    found = await shown(session, actor, home=home)
    return [one for one in found if one.tie.role in THEIRS]


async def send_away(session: Session, actor: Actor, *, tie_id: int, now: datetime) -> Tied:
    """End the tie of somebody of the household, or one's own; he hears it. Raises `NoSuchTie`, `NotAllowed`."""
    found = await ties.by_id(session, tie_id=tie_id)
    home = next((one for one in actor.homes if found is not None and one.unit_id == found.tie.unit_id), None)
    if found is None or home is None or actor.house is None or found.tie.status != ties.ACTIVE:
        raise NoSuchTie
    own = found.person.id == actor.person_id
    if found.tie.id not in {one.tie.id for one in await removable(session, actor, home=home)}:
        raise NotAllowed
    why = "left" if own else "revoked"
    ties.end(found.tie, last=ties.today(actor.house, now), why=why, by=actor.person_id, now=now)
    await session.flush()
    leaver, last = found.person.id, found.tie.until or ties.today(actor.house, now)
    await handing.cars(session, community_id=found.tie.community_id, leavers=[leaver], last=last)
    unit = await session.get(Unit, found.tie.unit_id)
    if not own and unit is not None:
        text = T("household.told_away", place=ties.place(unit))
        await telling.tell(session, found.person, text, key=f"away:{tie_id}:{now.isoformat()}", now=now)
    return found
