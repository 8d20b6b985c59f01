"""Times to meet: evenings and weekends, none at a festival, each household and each collector one at a time."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import actors
from services.access import Deed
from services.actors import Actor
from services.dunning import pauses, quiet, visits
from services.fee_settings import Dunning
from services.settings import Policy
from tests.support import accounts, estate
from tests.support.line import Line

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIGURES = Dunning()
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given


@given(MOMENTS, st.data())
def test_what_is_offered_lies_ahead_in_an_evening_or_a_weekend_and_nobody_has_it(
    now: datetime, data: st.DataObject
) -> None:
    taken = frozenset(
        span.start for span in visits.free(now, FIGURES, SHANGHAI, frozenset()) if data.draw(st.booleans())
    )
    found = visits.free(now, FIGURES, SHANGHAI, taken)
    assert [span.start for span in found] == sorted({span.start for span in found} - taken)
    for span in found:
        start, end = (at.astimezone(SHANGHAI) for at in span)
        assert start >= now + visits.NOTICE
        assert end - start == timedelta(minutes=FIGURES.visit_minutes)
        assert not quiet.is_festival(start.date())
        evening = start.weekday() < 5 and time(18, 30) <= start.time() and end.time() <= time(20, 0)
        assert evening or (start.weekday() >= 5 and time(10) <= start.time() and end.time() <= time(17))


@given(MOMENTS)
def test_somebody_who_waits_a_week_finds_a_time_unless_it_is_the_festival(now: datetime) -> None:
    days = [(now + timedelta(days=n)).astimezone(SHANGHAI).date() for n in range(10)]
    assert visits.free(now, FIGURES, SHANGHAI, frozenset()) or any(map(quiet.is_festival, days))


async def clerk(line: Line, room: str) -> tuple[Actor, int]:
    """Return somebody who may write visits down, and a home's id."""
    async with line.db.reading() as session:
        unit = await accounts.unit_called(session, room)
    return actors.system("visits", Deed.COLLECT, house=None), unit.id


async def test_two_households_never_get_the_same_time_of_one_collector(line: Line) -> None:
    policy = Policy()
    one, first = await clerk(line, "3-2-1502")
    _, second = await clerk(line, "3-2-1202")
    async with line.db.transaction() as session:
        offered = await visits.offered(session, one, unit_id=first, now=line.now, figures=policy.dunning)
        at = offered[0].start
        booked = await visits.book(session, one, unit_id=first, start=at, now=line.now, policy=policy)
        again = await visits.book(session, one, unit_id=first, start=at, now=line.now, policy=policy)
        assert booked.id == again.id
        with pytest.raises(visits.TimeGone):
            await visits.book(session, one, unit_id=second, start=at, now=line.now, policy=policy)
        left = await visits.offered(session, one, unit_id=second, now=line.now, figures=policy.dunning)
        assert at not in {span.start for span in left}


async def test_until_the_visit_is_over_nobody_reminds_the_household(line: Line) -> None:
    policy = Policy()
    one, home = await clerk(line, "3-2-1502")
    async with line.db.transaction() as session:
        offered = await visits.offered(session, one, unit_id=home, now=line.now, figures=policy.dunning)
        await visits.book(session, one, unit_id=home, start=offered[0].start, now=line.now, policy=policy)
        assert await pauses.spared(session, homes=[home], now=line.now) == {home}
        assert await pauses.spared(session, homes=[home], now=offered[0].end) == frozenset()
        assert await visits.call_off(session, one, unit_id=home, now=line.now)
        assert await pauses.spared(session, homes=[home], now=line.now) == frozenset()
        assert not await visits.call_off(session, one, unit_id=home, now=line.now)


async def test_a_time_that_was_never_offered_is_refused(line: Line) -> None:
    policy = Policy()
    one, home = await clerk(line, "3-2-1502")
    async with line.db.transaction() as session:
        for at in (line.now + timedelta(minutes=7), line.now - timedelta(days=1)):
            with pytest.raises(visits.TimeGone):
                await visits.book(session, one, unit_id=home, start=at, now=line.now, policy=policy)


async def test_neither_an_engineer_nor_a_neighbour_agrees_a_time_for_a_home(line: Line) -> None:
    wang, zhao = await estate.linked(line, "王芳"), await estate.linked(line, "王师傅")
    async with line.db.reading() as session:
        home = (await accounts.unit_called(session, "3-2-1202")).id
    for somebody in (wang, zhao):
        await line.write(somebody, f"/meet {home}")
        assert "见面" not in line.screen(somebody).messages[-1].text
