"""Staff groups: whose cards go where, through rebinding, forums, migrations."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from services import groups, people
from services.messages import Channel, Happening, Inbound
from services.models import Address, Community, TeamChat
from services.outbox import To
from tests.support import estate
from tests.support.line import ACCOUNT, Line, Writer

FORUM = "-1005"


async def bind(line: Line, team: str, *, topic: str = "", group: str = FORUM) -> None:
    """Let the supervisor name a group's team."""
    lead = await estate.at_home(line, "老赵")
    said = Inbound(Channel.TELEGRAM, ACCOUNT, "1", lead.external, group, group=group, topic=topic)
    async with line.db.transaction() as session:
        actor = await estate.actor_of(session, line, lead)
        await groups.set_team(session, actor, inbound=said, team=team, now=line.now)


async def group_of(line: Line, team: str) -> To | None:
    async with line.db.reading() as session:
        community_id = await session.scalar(select(Community.id))
        assert community_id is not None
        return await people.group_of(session, community_id=community_id, team=team)


async def chats(line: Line) -> Mapping[str, tuple[str, str]]:
    """Return where each team's cards go: group and topic."""
    async with line.db.reading() as session:
        rows = await session.execute(
            select(TeamChat.team, Address.external, TeamChat.topic).join(Address, Address.id == TeamChat.address_id)
        )
        return {team: (external, topic) for team, external, topic in rows}


async def test_each_topic_is_one_teams_and_each_team_has_one_place(line: Line) -> None:
    await bind(line, "engineering", topic="7")
    await bind(line, "cleaning", topic="8")
    assert await chats(line) == {"engineering": (FORUM, "7"), "cleaning": (FORUM, "8")}
    await bind(line, "engineering", topic="9")
    await bind(line, "security", topic="8")
    assert await chats(line) == {"engineering": (FORUM, "9"), "security": (FORUM, "8")}
    await bind(line, "engineering", group="-1006")
    assert await chats(line) == {"engineering": ("-1006", ""), "security": (FORUM, "8")}
    found = await group_of(line, "security")
    assert found is not None
    assert found.topic == "8"
    assert await group_of(line, "cleaning") is None


async def test_a_group_that_moves_keeps_its_teams_and_topics(line: Line) -> None:
    await bind(line, "engineering", topic="7")
    await bind(line, "desk")
    moved = Writer(Channel.TELEGRAM, "1", group=FORUM)
    await line.write(moved, "-100777", happening=Happening.MIGRATED)
    await line.write(moved, "-100777", happening=Happening.MIGRATED)
    assert await chats(line) == {"engineering": ("-100777", "7"), "desk": ("-100777", "")}


async def test_a_group_that_moved_to_where_it_is_known_already_brings_its_teams_along(line: Line) -> None:
    await bind(line, "engineering")
    await bind(line, "desk", group="-100777")
    await line.write(Writer(Channel.TELEGRAM, "1", group=FORUM), "-100777", happening=Happening.MIGRATED)
    assert await chats(line) == {"engineering": ("-100777", ""), "desk": ("-100777", "")}


async def test_a_group_that_nobody_named_may_move(line: Line) -> None:
    await line.write(Writer(Channel.TELEGRAM, "1", group="-5"), "-100777", happening=Happening.MIGRATED)
    assert await chats(line) == {}


async def test_a_group_that_threw_the_bot_out_gets_no_cards(line: Line) -> None:
    await bind(line, "engineering")
    async with line.db.transaction() as session:
        address = (await session.scalars(select(Address).where(Address.external == FORUM))).one()
        address.gone_at = line.now
    assert await group_of(line, "engineering") is None
    await bind(line, "engineering")
    assert await group_of(line, "engineering") is not None
