"""The simulated estate as rows: five blocks, 1,500 homes, their owners, the staff and its roster."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from scripts.simulate import roster
from scripts.simulate.roster import POSTS, Employee, Post
from scripts.simulate.words import Words
from services.actors import Actor, Home, House, Membership, Proof, Role, Tie
from services.db import Database, Session, insert_once
from services.messages import Channel
from services.models import (
    Address,
    Building,
    ChannelAccount,
    Community,
    Duty,
    Media,
    Number,
    Occupancy,
    Person,
    Staff,
    Unit,
)

ACCOUNT = "main"
ZONE = ZoneInfo("Asia/Shanghai")
BLOCKS, ENTRANCES, FLOORS, DOORS = 5, 3, 25, 4
HANDED_OVER = (1900, 1500, 800, 600, 250)  # days before the first day, by block
BY_CHAT, BY_TEXT = 0.5, 0.8  # of the owners; the others have but a phone


@dataclass(frozen=True, slots=True)
class Estate:
    """Everybody, as the services see them."""

    house: House
    staff: Mapping[int, Employee]  # by staff id
    owners: Sequence[Actor]
    photo: int  # a file that shows something

    def on_duty(self, now: datetime, *, team: str = "", role: Role | None = None) -> Sequence[Employee]:
        """Return who is at work, of a team or a role."""
        return [
            one
            for one in self.staff.values()
            if (not team or one.post.team == team) and role in {None, one.post.role} and one.is_on_duty(now)
        ]


async def bring(db: Database, words: Words, dice: random.Random, *, first: date, days: int) -> Estate:
    """Put everybody into a migrated database, in one transaction."""
    now = datetime.combine(first, datetime.min.time(), ZONE)
    async with db.transaction() as session:
        community = Community(
            slug="simulated",
            name=words["estate"],
            zone=str(ZONE),
            locale="zh_Hans",
            phone=words["phone"],
            created_at=now,
        )
        await _add(session, [community])
        house = House(community.id, community.name, ZONE, community.locale, community.phone)
        served = [
            ChannelAccount(channel=channel, account=ACCOUNT, community_id=house.id)
            for channel in (Channel.TELEGRAM, Channel.SMS)
        ]
        photo = Media(
            community_id=house.id,
            kind="photo",
            channel=Channel.TELEGRAM,
            account=ACCOUNT,
            unique_id="door",
            state="failed",
            created_at=now,
        )
        await _add(session, [*served, photo, _address(house, Channel.TELEGRAM, "-1", None, now, team="engineering")])
        staff = await _staff(session, house, words, first, days, now)
        owners = await _owners(session, house, words, dice, first, now)
    return Estate(house, staff, owners, photo.id)


async def _add(session: Session, rows: Sequence[object]) -> None:
    session.add_all(rows)
    await session.flush()


def _address(
    house: House, channel: Channel, external: str, person_id: int | None, now: datetime, *, team: str = ""
) -> Address:
    return Address(
        channel=channel,
        account=ACCOUNT,
        external=external,
        community_id=house.id,
        person_id=person_id,
        locale="zh_Hans",
        is_group=bool(team),
        team=team,
        proof=Proof.CONTACT if person_id else Proof.NONE,
        proven_at=now if person_id else None,
        created_at=now,
    )


def _posts() -> Iterator[tuple[Post, int]]:
    for post in POSTS:
        yield from ((post, number) for number in range(post.count))


async def _staff(
    session: Session, house: House, words: Words, first: date, days: int, now: datetime
) -> Mapping[int, Employee]:
    posts = list(_posts())
    people = [Person(name=words["employee"].format(number=n), created_at=now) for n in range(len(posts))]
    await _add(session, people)
    rows = [
        Staff(
            community_id=house.id,
            person_id=person.id,
            badge=f"{number:03}",
            role=post.role,
            team=post.team,
            skills=tuple(post.skills),
            areas=(),
        )
        for number, ((post, _), person) in enumerate(zip(posts, people, strict=True))
    ]
    await _add(session, rows)
    _report(rows)
    reached = [_address(house, Channel.TELEGRAM, f"s{row.id}", row.person_id, now) for row in rows]
    numbers = [Number(person_id=row.person_id, e164=f"+8613700{row.id:06}") for row in rows]
    await _add(session, [*reached, *numbers])
    found = [
        _employee(house, row, post, person.name, to.id, list(roster.shifts(post, number, first, days, ZONE)), now)
        for row, person, (post, number), to in zip(rows, people, posts, reached, strict=True)
    ]
    return {one.staff_id: one for one in found}


async def bring_roster(session: Session, estate: Estate, *, since: datetime, until: datetime) -> None:
    """Put the shifts that begin in a span into the database, as supervisors do month by month."""
    rows = [
        {"community_id": estate.house.id, "staff_id": one.staff_id, "starts_at": start, "ends_at": end}
        for one in estate.staff.values()
        for start, end in one.shifts
        if since <= start < until
    ]
    if rows:
        await insert_once(session, Duty, rows)


def _report(rows: Sequence[Staff]) -> None:
    """Let everybody report to the supervisor of his team, and supervisors to the manager."""
    manager = next(row for row in rows if row.role == Role.MANAGER)
    heads = {row.team: row.id for row in rows if row.role == Role.SUPERVISOR}
    for row in rows:
        if row.role == Role.SUPERVISOR:
            row.reports_to = manager.id
        elif row is not manager:
            row.reports_to = heads.get(row.team, heads["desk"])


def _employee(
    house: House,
    row: Staff,
    post: Post,
    name: str,
    address_id: int,
    shifts: Sequence[tuple[datetime, datetime]],
    now: datetime,
) -> Employee:
    place = Membership(row.id, house.id, row.badge, Role(row.role), row.team, row.reports_to)
    actor = Actor(
        address_id=address_id,
        person_id=row.person_id,
        house=house,
        locale="zh_Hans",
        name=name,
        channel=Channel.TELEGRAM,
        account=ACCOUNT,
        proof=Proof.CONTACT,
        memberships=(place,),
    )
    return Employee(actor, row.id, post, shifts, now)


def _homes() -> Iterator[tuple[int, int, str]]:
    for block in range(1, BLOCKS + 1):
        for entrance in range(1, ENTRANCES + 1):
            for floor in range(1, FLOORS + 1):
                yield from ((block, entrance, f"{floor}{door:02}") for door in range(1, DOORS + 1))


async def _owners(
    session: Session, house: House, words: Words, dice: random.Random, first: date, now: datetime
) -> Sequence[Actor]:
    homes = list(_homes())
    units = [
        Unit(
            community_id=house.id,
            building=str(block),
            entrance=str(entrance),
            room=room,
            handover_on=first - timedelta(days=HANDED_OVER[block - 1]),
        )
        for block, entrance, room in homes
    ]
    people = [Person(name=words["owner"].format(number=number), created_at=now) for number in range(len(units))]
    blocks = [Building(community_id=house.id, name=str(block)) for block in range(1, BLOCKS + 1)]
    await _add(session, [*blocks, *units, *people])
    numbers = [Number(person_id=one.id, e164=f"+8613900{number:06}") for number, one in enumerate(people)]
    lives = [
        Occupancy(
            community_id=house.id,
            unit_id=unit.id,
            person_id=person.id,
            role=Tie.OWNER,
            status="active",
            proof=Proof.REGISTER,
            since=unit.handover_on,
        )
        for person, unit in zip(people, units, strict=True)
    ]
    ways = [_way(dice) for _ in people]
    reached = [
        None if way is None else _address(house, way, number.e164 if way is Channel.SMS else f"o{one.id}", one.id, now)
        for one, way, number in zip(people, ways, numbers, strict=True)
    ]
    await _add(session, [*numbers, *lives, *(each for each in reached if each is not None)])
    return [
        _owner(house, person, unit, number, to)
        for person, unit, number, to in zip(people, units, numbers, reached, strict=True)
    ]


def _way(dice: random.Random) -> Channel | None:
    thrown = dice.random()
    return Channel.TELEGRAM if thrown < BY_CHAT else Channel.SMS if thrown < BY_TEXT else None


def _owner(house: House, person: Person, unit: Unit, number: Number, to: Address | None) -> Actor:
    home = Home(unit.id, house.id, unit.building, unit.entrance, unit.room, Tie.OWNER)
    return Actor(
        address_id=to.id if to else None,
        person_id=person.id,
        house=house,
        locale="zh_Hans",
        name=person.name,
        channel=Channel(to.channel) if to else None,
        account=ACCOUNT,
        proof=Proof.CONTACT if to else Proof.NONE,
        homes=(home,),
        phone=number.e164,
    )
