"""What may be seen is said twice, in Python for one ticket and in SQL for lists: the two never differ."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.actors import Actor, House, Membership, Role
from services.db import Session
from services.models import Community, Ticket
from services.tickets import apart, finding
from services.tickets.rules import State, standings
from tests.support.line import Line

NOW = datetime(2026, 4, 12, tzinfo=UTC)
TEAMS = ("desk", "engineering", "security", "management")


def people(house: House, dice: random.Random) -> Iterator[Actor]:
    """Make up employees of every role, some of whom live here, and residents."""
    for number in range(60):
        role = dice.choice([*Role, None, None])
        above = frozenset(dice.sample(range(1, 9), dice.randint(0, 3)))
        where = house.id if dice.random() < 0.8 else house.id + 1
        works = Membership(dice.randint(1, 8), where, "", role, dice.choice(TEAMS), None, above) if role else None
        yield Actor(
            address_id=dice.randint(1, 6),
            person_id=dice.choice([None, *range(1, 6)]) if works is None else number + 100,
            house=house,
            locale="zh_Hans",
            memberships=(works,) if works else (),
        )


def a_ticket(community_id: int, number: int, dice: random.Random) -> Ticket:
    """Make up a ticket that may be about somebody."""
    about = dice.choice([None, None, *range(1, 9)])
    responders = "".join(f"{one}," for one in dice.sample(range(1, 13), dice.choice([0, 0, 2])))
    return Ticket(
        community_id=community_id,
        year=2026,
        number=f"t-{number}",
        kind="complaint",
        category="other",
        state=dice.choice(list(State)),
        priority="normal",
        scope="unit",
        place="",
        matter="",
        payer="",
        source="chat",
        requester_id=dice.choice([None, *range(1, 6)]),
        requester_address_id=dice.choice([None, *range(1, 7)]),
        first_taker_id=dice.choice([None, *range(1, 9)]),
        holder_id=dice.choice([None, *range(1, 9)]),
        team=dice.choice(TEAMS),
        confidential=dice.random() < 0.6,
        about_staff_id=about,
        about_team=dice.choice(["", "", *TEAMS]),
        responders=f",{responders}" if responders else "",
        created_at=NOW,
    )


async def test_the_list_of_what_somebody_may_see_is_what_he_may_see_one_by_one(line: Line) -> None:
    """Over made-up tickets and people; some see much, some nothing."""
    dice = random.Random(4)

    async def compare(session: Session) -> None:
        community_id = await session.scalar(select(Community.id))
        assert community_id is not None
        house = House(community_id, "", ZoneInfo("Asia/Shanghai"), "zh_Hans", "")
        tickets = [a_ticket(community_id, number, dice) for number in range(250)]
        session.add_all(tickets)
        await session.flush()
        seen_at_all = 0
        for actor in people(house, dice):
            found = set((await session.scalars(select(Ticket.id).where(finding.seen_by(actor)))).all())
            assert found == {ticket.id for ticket in tickets if standings(actor, ticket)}
            seen_at_all += len(found)
        assert 0 < seen_at_all < 60 * len(tickets)
        await session.rollback()

    await line.db.run(compare)


async def test_whoever_reports_to_somebody_however_far_down_is_kept_apart_with_him(quick_line: Line) -> None:
    """Of the demo's people everybody reports to the manager; only its desk is the desk."""

    async def look(session: Session) -> None:
        community_id = await session.scalar(select(Community.id)) or 0
        everybody = await apart.of(session, apart.About(staff_id=1), community_id=community_id)
        desk = await apart.of(session, apart.About(team="desk"), community_id=community_id)
        one = await apart.of(session, apart.About(staff_id=max(everybody)), community_id=community_id)
        assert len(everybody) > len(one) == 1
        assert 0 < len(desk) < len(everybody)
        assert await apart.of(session, apart.About(unit_id=1), community_id=community_id) == frozenset()

    await quick_line.db.run(look)
