"""Who gets a ticket: skill, then area, then the least open work, and only who is on duty."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.db import Session
from services.tickets import dispatch
from services.tickets.dispatch import Candidate, Need, choose, in_turn, ranked
from tests.support import estate
from tests.support.line import START, Line

SKILLS = ("plumbing", "electrical", "general")


def engineer(
    staff_id: int,
    *skills: str,
    areas: tuple[str, ...] = (),
    work: int = 0,
    duty: bool = True,
) -> Candidate:
    return Candidate(staff_id, 100 + staff_id, f"师傅{staff_id}", str(staff_id), skills, areas, work, duty)


def test_the_right_skill_comes_first() -> None:
    found = choose([engineer(1, "electrical"), engineer(2, "plumbing", work=5)], Need("plumbing"))
    assert found is not None
    assert found.staff_id == 2


def test_who_can_do_anything_comes_before_who_can_do_something_else() -> None:
    found = choose([engineer(1, "electrical"), engineer(2, "general", work=5)], Need("plumbing"))
    assert found is not None
    assert found.staff_id == 2


def test_the_own_area_comes_before_less_work() -> None:
    found = choose(
        [engineer(1, "plumbing", areas=("1",)), engineer(2, "plumbing", areas=("3",), work=4)], Need("plumbing", "3")
    )
    assert found is not None
    assert found.staff_id == 2


def test_less_open_work_decides_then_the_lowest_id() -> None:
    busy, idle, idle_too = engineer(1, work=2), engineer(3), engineer(2)
    assert choose([busy, idle, idle_too], Need("plumbing")) == idle_too


def test_work_that_came_back_goes_to_other_hands_if_they_are_as_fit() -> None:
    did_it, busy, unfit = engineer(1, "plumbing"), engineer(2, "plumbing", work=5), engineer(3, "painting")
    again = Need("plumbing", rather_not=1)
    assert choose([did_it, busy, unfit], again) == busy
    assert in_turn([did_it, busy], again) == busy
    assert choose([did_it, unfit], again) == did_it


def test_nobody_on_duty_is_nobody() -> None:
    assert choose([engineer(1, "plumbing", duty=False)], Need("plumbing")) is None
    assert choose([], Need("plumbing")) is None


@given(
    st.lists(
        st.builds(
            engineer,
            st.integers(1, 9),
            st.sampled_from(SKILLS),
            areas=st.sampled_from([(), ("1",), ("3",)]),
            work=st.integers(0, 5),
            duty=st.booleans(),
        ),
        unique_by=lambda candidate: candidate.staff_id,
        max_size=6,
    ),
    st.sampled_from([Need("plumbing"), Need("plumbing", "3"), Need("painting")]),
)
def test_the_choice_does_not_depend_on_the_order_and_heads_the_ranking(found: list[Candidate], need: Need) -> None:
    chosen = choose(found, need)
    assert chosen == choose(list(reversed(found)), need)
    assert (chosen is None) == (not any(candidate.on_duty for candidate in found))
    assert chosen is None or ranked(found, need)[0] == chosen


@given(
    st.lists(
        st.builds(
            lambda work, waited, duty: (work, waited, duty),
            st.integers(0, 2),
            st.integers(0, 5) | st.none(),
            st.booleans(),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_of_equals_it_is_the_turn_of_who_waited_longest(found: list[tuple[int, int | None, bool]]) -> None:
    team = [
        replace(
            engineer(number, "plumbing", work=work, duty=duty),
            last_given=START - timedelta(hours=waited) if waited is not None else None,
        )
        for number, (work, waited, duty) in enumerate(found, start=1)
    ]
    chosen = in_turn(team, Need("plumbing"))
    assert chosen == in_turn(list(reversed(team)), Need("plumbing"))
    here = [one for one in team if one.on_duty]
    assert (chosen is None) == (not here)
    if chosen is not None:
        equals = [one for one in here if one.open_work == min(each.open_work for each in here)]
        assert chosen in equals
        waited = min(one.last_given or dispatch.NEVER for one in equals)
        assert (chosen.last_given or dispatch.NEVER) == waited


@given(st.integers(2, 5), st.integers(5, 30))
def test_in_turn_is_fair(size: int, times: int) -> None:
    team = [engineer(number, "plumbing") for number in range(1, size + 1)]
    given_to: list[int] = []
    for number in range(times):
        chosen = in_turn(team, Need("plumbing"))
        assert chosen is not None
        given_to.append(chosen.staff_id)
        team = [replace(one, last_given=START + timedelta(number)) if one == chosen else one for one in team]
    counts = [given_to.count(one.staff_id) for one in team]
    assert max(counts) - min(counts) <= 1


async def test_duty_follows_the_roster_and_open_work_is_counted(line: Line) -> None:
    async with line.db.transaction() as session:
        owner = await estate.actor_of(session, line, await estate.web_of(session, "王芳"))
        await estate.filed(session, line, owner)
        day = {c.name: c for c in await _engineers(session, line.now)}
        local = line.now.astimezone(ZoneInfo("Asia/Shanghai"))
        night = {c.name: c for c in await _engineers(session, local.replace(hour=21))}
    assert {name for name, candidate in day.items() if not candidate.on_duty} == {"周师傅"}
    assert all(candidate.on_duty for candidate in night.values())
    assert {name: candidate.open_work for name, candidate in day.items() if candidate.open_work} == {"王师傅": 1}


async def test_supervisors_come_before_the_manager(line: Line) -> None:
    async with line.db.reading() as session:
        leads = await dispatch.leads(session, community_id=1, now=line.now + timedelta(hours=1))
    assert [lead.name for lead in leads] == ["老赵", "孙经理"]


async def _engineers(session: Session, at: datetime) -> list[Candidate]:
    return list(await dispatch.candidates(session, community_id=1, team="engineering", now=at))
