"""The estates of the benchmark: 2,000 linked owners in 50 communities, each with people on duty and a group."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.actors import Proof, Role, Tie
from services.db import Database, Session
from services.messages import Channel
from services.models import (
    Address,
    ChannelAccount,
    Community,
    Duty,
    Number,
    Occupancy,
    Person,
    Staff,
    TeamChat,
    Unit,
)

ACCOUNT = "main"
COMMUNITIES = 50
OWNERS = 2000
HOMES_A_FLOOR = 4
FIRST_OWNER, FIRST_STAFF, FIRST_GROUP = 1_000_000, 2_000_000, -3_000_000
SKILLS = (("plumbing", "drainage"), ("electrical", "intercom"), ("general",))
ROSTER = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Words:
    """What the file says: names with a place for a number, and what owners write."""

    estate: str
    owner: str
    engineer: str
    desk: str
    group: str
    home: str
    flat: str
    lobby: str
    urge: str
    mine: str
    repairs: Sequence[str]


@dataclass(frozen=True, slots=True)
class Cast:
    """Who may write, by Telegram id, and the groups that get cards."""

    owners: Sequence[int]
    groups: Sequence[int]


def read_words() -> Words:
    """Read the file."""
    return Words(**tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8")))


async def bring(db: Database, words: Words) -> Cast:
    """Put everybody into a migrated database, in one transaction."""
    now = datetime.now(UTC)
    async with db.transaction() as session:
        estates = [_community(number, words, now) for number in range(COMMUNITIES)]
        await _add(session, estates)
        await _add(session, [_served(estate) for estate in estates])
        await _staff(session, estates, words, now)
        await _owners(session, estates, words, now)
        chats = [_group(number, estate.id, now) for number, estate in enumerate(estates)]
        await _add(session, chats)
        await _add(session, [_team_chat(chat) for chat in chats])
    return Cast(
        [FIRST_OWNER + number for number in range(OWNERS)], [FIRST_GROUP - number for number in range(COMMUNITIES)]
    )


async def _add(session: Session, rows: Sequence[object]) -> None:
    session.add_all(rows)
    await session.flush()  # keys for the rows that point here


def _community(number: int, words: Words, now: datetime) -> Community:
    return Community(
        slug=f"bench-{number}",
        name=words.estate.format(number=number),
        zone="Asia/Shanghai",
        locale="zh_Hans",
        phone="0571-8888 0000",
        created_at=now,
    )


def _served(community: Community) -> ChannelAccount:
    return ChannelAccount(channel=Channel.TELEGRAM, account=ACCOUNT, community_id=community.id)


def _group(number: int, community_id: int, now: datetime) -> Address:
    address = _address(FIRST_GROUP - number, community_id, None, now)
    address.is_group = True
    return address


def _team_chat(chat: Address) -> TeamChat:
    return TeamChat(community_id=chat.community_id, team="engineering", address_id=chat.id, topic="")


def _address(external: int, community_id: int, person_id: int | None, now: datetime) -> Address:
    return Address(
        channel=Channel.TELEGRAM,
        account=ACCOUNT,
        external=str(external),
        community_id=community_id,
        person_id=person_id,
        locale="zh_Hans",
        proof=Proof.CONTACT if person_id else Proof.NONE,
        proven_at=now if person_id else None,
        created_at=now,
    )


async def _staff(session: Session, estates: Sequence[Community], words: Words, now: datetime) -> None:
    """Give each estate three engineers and a desk, all of them on duty."""
    jobs: list[tuple[str, Role, str, tuple[str, ...]]] = [
        *((words.engineer, Role.ENGINEER, "engineering", skills) for skills in SKILLS)
    ]
    jobs.append((words.desk, Role.DESK, "desk", ()))
    posts = [(estate, *job) for estate in estates for job in jobs]
    people = [Person(name=post[1].format(number=number), created_at=now) for number, post in enumerate(posts)]
    await _add(session, people)
    rows = [
        Staff(
            community_id=estate.id,
            person_id=person.id,
            badge=f"{number:03}",
            role=role,
            team=team,
            skills=skills,
            areas=(),
        )
        for number, ((estate, _, role, team, skills), person) in enumerate(zip(posts, people, strict=True))
    ]
    await _add(session, rows)
    begun, end = now - timedelta(days=1), now + ROSTER
    duty = [Duty(community_id=row.community_id, staff_id=row.id, starts_at=begun, ends_at=end) for row in rows]
    reached = [_address(FIRST_STAFF + number, row.community_id, row.person_id, now) for number, row in enumerate(rows)]
    await _add(session, [*duty, *reached])


async def _owners(session: Session, estates: Sequence[Community], words: Words, now: datetime) -> None:
    people = [Person(name=words.owner.format(number=number), created_at=now) for number in range(OWNERS)]
    units = [_unit(number, estates[number % len(estates)].id) for number in range(OWNERS)]
    await _add(session, [*people, *units])
    pairs = list(zip(people, units, strict=True))
    await _add(session, [_lives_in(person, unit, now) for person, unit in pairs])
    await _add(
        session,
        [_address(FIRST_OWNER + i, unit.community_id, person.id, now) for i, (person, unit) in enumerate(pairs)],
    )
    await _add(session, [Number(person_id=person.id, e164=f"+86139{i:08}") for i, person in enumerate(people)])


def _unit(number: int, community_id: int) -> Unit:
    floor, door = divmod(number // COMMUNITIES, HOMES_A_FLOOR)
    return Unit(community_id=community_id, building="1", entrance="1", room=f"{floor + 1}0{door + 1}")


def _lives_in(person: Person, unit: Unit, now: datetime) -> Occupancy:
    return Occupancy(
        community_id=unit.community_id,
        unit_id=unit.id,
        person_id=person.id,
        role=Tie.OWNER,
        status="active",
        proof=Proof.REGISTER,
        since=now.date(),
    )
