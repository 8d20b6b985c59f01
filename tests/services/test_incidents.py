"""Incidents: who is told and how often, what holds where, what homes lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from services import incidents, losses, publishing, retention
from services.actors import Actor
from services.db import Session
from services.incidents import BadTimes, IncidentOver, News
from services.models import IncidentHousehold, Outgoing, Timer, Unit
from services.refusals import NotAllowed, NotFound
from services.settings import Retention
from tests.services.tickets.test_joining import work
from tests.support import estate
from tests.support.line import Line

HOUR = timedelta(hours=1)


async def actor(session: Session, line: Line, name: str) -> Actor:
    return await estate.actor_of(session, line, await estate.web_of(session, name))


def told(line: Line, *buildings: str, after: timedelta = timedelta(), hours: int | None = 2) -> News:
    start = line.now + after
    return News(
        categories=["water_off"],
        buildings=list(buildings),
        from_at=start,
        until_at=start + HOUR * hours if hours is not None else None,
        words="换水泵",
    )


async def keys(session: Session) -> Sequence[str]:
    found = await session.scalars(
        select(Outgoing.key).where(Outgoing.key.like("incident:%"), Outgoing.state != "cancelled")
    )
    return found.all()


async def test_every_home_is_told_in_chunks_and_every_person_once_per_revision(line: Line) -> None:
    async with line.db.transaction() as session:
        lead, owner = await actor(session, line, "老赵"), await actor(session, line, "刘建军")
        incident = await incidents.begin(session, lead, told=told(line), now=line.now)
    await work(line)
    async with line.db.transaction() as session:
        homes = await losses.homes(session, incident)
        assert len(homes) == await session.scalar(select(func.count()).where(Unit.kind != "parking"))
        assert len(homes) > publishing.CHUNK
        said = await keys(session)
        assert len(said) == len(set(said))
        assert f"incident:{incident.id}:1:{owner.person_id}" in said  # once, for two homes
        by_home = {home.unit.id: home.row.told_how for home in homes}
        assert {by_home[home.unit_id] for home in owner.here} == {"web"}
        await incidents.change(
            session, lead, incident_id=incident.id, until_at=line.now + 5 * HOUR, words="", now=line.now
        )
    await work(line)
    async with line.db.transaction() as session:
        assert f"incident:{incident.id}:2:{owner.person_id}" in await keys(session)
        assert (await incidents.find(session, lead, incident_id=incident.id)).words == "换水泵"


async def test_what_was_overtaken_is_not_told_any_more(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        lead = await actor(session, line, "老赵")
        incident = await incidents.begin(session, lead, told=told(line, "3"), now=line.now)
        old = {"stage": "start", "words": "", "revision": 1, "after": 0}
        await incidents.change(session, lead, incident_id=incident.id, until_at=None, words="查漏", now=line.now)
        await publishing.publish(session, incident_id=incident.id, given=old, now=line.now)
        assert await keys(session) == []
        await publishing.publish(session, incident_id=999, given=old, now=line.now)
        states = await session.scalars(select(Timer.state).where(Timer.kind == publishing.AT_ONCE).order_by(Timer.id))
        assert states.all() == ["cancelled", "waiting"]


async def test_it_holds_in_its_buildings_for_its_categories_while_it_lasts(line: Line) -> None:
    async with line.db.transaction() as session:
        lead = await actor(session, line, "老赵")
        incident = await incidents.begin(session, lead, told=told(line, "3", after=3 * HOUR), now=line.now)
        assert incident.planned

        async def holds(hours: int, building: str = "3", *categories: str) -> bool:
            found = await incidents.holding(
                session,
                community_id=incident.community_id,
                categories=categories,
                buildings=(building,),
                now=line.now + hours * HOUR,
            )
            return found is not None

        assert [await holds(hours) for hours in (0, 3, 9)] == [False, True, True]  # until somebody says it is over
        assert await holds(3, "3", "water_off", "lift")
        assert not await holds(3, "3", "lift")
        assert not await holds(3, "2")
        await incidents.end(session, lead, incident_id=incident.id, words="", now=line.now)
        assert not await holds(3)
        with pytest.raises(IncidentOver):
            await incidents.end(session, lead, incident_id=incident.id, words="", now=line.now)


async def test_only_the_desk_opens_one_and_times_have_to_make_sense(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        lead, engineer, owner = [await actor(session, line, name) for name in ("老赵", "王师傅", "王芳")]
        for wrong in (engineer, owner):
            with pytest.raises(NotAllowed):
                await incidents.begin(session, wrong, told=told(line), now=line.now)
            with pytest.raises(NotAllowed):
                await incidents.listed(session, wrong)
        with pytest.raises(BadTimes):
            await incidents.begin(session, lead, told=told(line, hours=0), now=line.now)
        incident = await incidents.begin(session, lead, told=told(line), now=line.now)
        assert await incidents.listed(session, lead) == [incident]
        with pytest.raises(NotFound):
            await incidents.find(session, owner, incident_id=incident.id)


async def test_who_opened_it_is_asked_when_its_time_has_passed_and_again(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        lead = await actor(session, line, "老赵")
        incident = await incidents.begin(session, lead, told=told(line), now=line.now)

    async def asked() -> int:
        async with line.db.reading() as session:
            found = Outgoing.key.like(f"incident-staff:{incident.id}:%")
            return await session.scalar(select(func.count()).where(found)) or 0

    for expected in (0, 1, 2):
        assert await asked() == expected
        line.pass_time(2 * HOUR)
        await work(line)
    async with line.db.transaction() as session:
        await incidents.end(session, lead, incident_id=incident.id, words="", now=line.now)
        await incidents.overrun(session, incident_id=incident.id, now=line.now)
    assert await asked() == 3


async def test_losses_add_up_and_only_who_lives_there_or_the_desk_reports_them(line: Line) -> None:
    async with line.db.transaction() as session:
        lead, owner, elsewhere = [await actor(session, line, name) for name in ("老赵", "王芳", "黄伟")]
        incident = await incidents.begin(session, lead, told=told(line, "3"), now=line.now)
        unit_id = owner.here[0].unit_id
        said: dict[str, Any] = {"incident_id": incident.id, "unit_id": unit_id, "now": line.now}
        await losses.report(session, owner, **said, words="地板泡了", media=(1,))
        await losses.report(session, lead, **said, words="柜子也泡了", media=(1, 2))
        with pytest.raises(NotFound):
            await losses.report(session, elsewhere, **said, words="?", media=())
        there: dict[str, Any] = {**said, "unit_id": elsewhere.here[0].unit_id}
        for who in (elsewhere, lead):
            with pytest.raises(NotFound):
                await losses.report(session, who, **there, words="?", media=())
        (home,) = await losses.homes(session, incident)
        assert (home.row.loss_words, list(home.row.loss_media)) == ("地板泡了\n柜子也泡了", [1, 2])
        settled = await losses.settle(session, lead, **said, cents=30_000, words="重铺")
        assert (settled.settled_cents, settled.settled_by) == (30_000, lead.staff.staff_id if lead.staff else None)
        with pytest.raises(NotFound):
            await losses.settle(session, lead, **there, cents=1, words="?")


async def test_words_of_losses_go_in_time_and_sums_stay(line: Line) -> None:
    async with line.db.transaction() as session:
        lead, owner = await actor(session, line, "老赵"), await actor(session, line, "王芳")
        incident = await incidents.begin(session, lead, told=told(line, "3"), now=line.now)
        said: dict[str, Any] = {"incident_id": incident.id, "unit_id": owner.here[0].unit_id, "now": line.now}
        await losses.report(session, owner, **said, words="地板泡了", media=(1,))
        await losses.settle(session, lead, **said, cents=30_000, words="重铺")
        kept = Retention(words_days=10)
        for days, count in ((9, 0), (11, 1), (11, 0)):
            swept = await retention.sweep(session, kept, now=line.now + timedelta(days=days), limit=10)
            assert swept.losses == count
        row = (await session.scalars(select(IncidentHousehold))).one()
        await session.refresh(row)
        assert (row.loss_words, row.settled_words, row.settled_cents) == (None, None, 30_000)


async def test_the_newest_of_a_home_is_found_for_a_while_after_its_end(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        lead, owner, elsewhere = [await actor(session, line, name) for name in ("老赵", "王芳", "黄伟")]
        incident = await incidents.begin(session, lead, told=told(line, "3"), now=line.now)
        await incidents.end(session, lead, incident_id=incident.id, words="", now=line.now)
        later = line.now + HOUR
        assert await incidents.latest_at(session, owner, now=later, within=2 * HOUR) is incident
        assert await incidents.latest_at(session, owner, now=later + HOUR, within=HOUR) is None
        assert await incidents.latest_at(session, elsewhere, now=later, within=2 * HOUR) is None
