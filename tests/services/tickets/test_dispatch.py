"""Who gets a ticket: skill, then area, then the least open work, and only who is on duty."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.db import Session
from services.tickets import dispatch
from services.tickets.dispatch import Candidate, Need, choose, ranked
from tests.support import estate
from tests.support.line import Line

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
