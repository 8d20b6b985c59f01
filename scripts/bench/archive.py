"""One estate after years of work, as rows: its people, its rosters, its tickets with all that hangs on them.

The estate is made from a fixed seed; `scripts.bench.bulk` copies it to the others. Ids count from 1 in every table; a
`#` in a key stands for the id that the row will have. The hashes of the histories are not those of true chains.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from scripts.bench import happenings
from scripts.bench.people import ACCOUNT, Words
from services.actors import Proof, Role, Tie
from services.messages import Channel

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]

ZONE = ZoneInfo("Asia/Shanghai")
YEARS = 5
FULL_ESTATE, LEAST_ESTATE = 25_000, 500
TICKETS_A_HOME = 10
SHARE_OPEN = 0.0015
SPREAD = 1.3  # some owners report much, most of them little: the busiest sixty times in those years
STRANGERS = 40
FIRST_MESSAGE = 1000
SHIFT = timedelta(hours=12)
SHIFTS = 700
CREW = (  # role, team, how many of them
    (Role.ENGINEER, "engineering", 6),
    (Role.DESK, "desk", 3),
    (Role.SUPERVISOR, "desk", 2),
    (Role.MANAGER, "desk", 1),
    (Role.ENGINEER, "security", 2),
)
STAFF = sum(count for _, _, count in CREW)
TRADES = (("plumbing",), ("electrical",), ("general",))


@dataclass(frozen=True, slots=True)
class Size:
    """How many estates there are, and how many tickets and homes each has."""

    estates: int
    tickets: int

    @property
    def homes(self) -> int:
        """How many homes an estate has, each with one owner."""
        return max(10, self.tickets // TICKETS_A_HOME)

    @property
    def open(self) -> int:
        """How many of an estate's tickets are open."""
        return max(12, round(self.tickets * SHARE_OPEN))

    @property
    def shifts(self) -> int:
        """How many shifts each employee has behind him."""
        return min(SHIFTS, self.tickets // 20)

    @property
    def group(self) -> int:
        """The address of the estate's staff group, counted as in the estate; people's are their own ids."""
        return STAFF + self.homes + STRANGERS + 1


def size_of(tickets: int) -> Size:
    """Spread so many tickets over estates: big ones where there are enough, never one alone."""
    estates = max(2, min(40, tickets // LEAST_ESTATE))
    return Size(estates, max(50, tickets // estates))


@dataclass(slots=True)
class Archive:
    """The rows of one estate, put together table by table."""

    size: Size
    now: datetime
    categories: Sequence[str]
    words: Words
    chance: random.Random = field(default_factory=lambda: random.Random(3))  # noqa: S311 - the same estate always
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)  # tickets of a day

    def add(self, table: str, **columns: Any) -> int:  # noqa: ANN401
        """Add a row under the next id of its table; return the id."""
        rows = self.rows[table]
        rows.append({"id": len(rows) + 1, **columns})
        return len(rows)


def estate(size: Size, *, now: datetime, categories: Sequence[str], words: Words) -> Rows:
    """Return the rows of one estate, in the order in which tables point to each other."""
    archive = Archive(size, now, categories, words)
    archive.add(
        "community",
        slug="bench-#",
        name=words.estate.format(number=""),
        zone=ZONE.key,
        locale="zh_Hans",
        phone="0571-8888 0000",
        created_at=now,
    )
    _people(archive)
    _crew(archive)
    _homes(archive)
    _addresses(archive)
    opened = _which_are_open(archive)
    for number, filed_at in enumerate(_moments(archive), 1):
        happenings.ticket(archive, number, filed_at, is_open=number in opened)
    return archive.rows


def _people(archive: Archive) -> None:
    for _ in range(STAFF + archive.size.homes):
        archive.add("person", name=archive.words.owner.format(number=""), created_at=archive.now)
    for person in range(1, STAFF + archive.size.homes + 1):
        archive.add("number", person_id=person, e164=f"+86139{person:05}#")


def _crew(archive: Archive) -> None:
    posts = [(role, team) for role, team, count in CREW for _ in range(count)]
    for person, (role, team) in enumerate(posts, 1):
        staff = archive.add(
            "staff",
            community_id=1,
            person_id=person,
            badge=f"{person:03}",
            role=role,
            team=team,
            skills=TRADES[person % len(TRADES)] if role is Role.ENGINEER else (),
            areas=(),
            active=True,
        )
        begun = archive.now - timedelta(hours=6)
        for shift in range(-archive.size.shifts, 14):
            starts_at = begun + shift * 2 * SHIFT
            archive.add("duty", community_id=1, staff_id=staff, starts_at=starts_at, ends_at=starts_at + SHIFT)


def _homes(archive: Archive) -> None:
    for home in range(1, archive.size.homes + 1):
        floor, door = divmod(home - 1, 8)
        tower, floor = divmod(floor, 30)
        archive.add("unit", community_id=1, building=f"{tower + 1}", entrance="1", room=f"{floor + 1:02}{door + 1:02}")
        archive.add(
            "occupancy",
            community_id=1,
            unit_id=home,
            person_id=STAFF + home,
            role=Tie.OWNER,
            status="active",
            proof=Proof.REGISTER,
            since=archive.now.date(),
        )


def _addresses(archive: Archive) -> None:
    """Everybody has an address that bears his own number; then come strangers, then the group."""
    known = STAFF + archive.size.homes
    for number in range(1, archive.size.group + 1):
        is_known, is_group = number <= known, number == archive.size.group
        archive.add(
            "address",
            channel=Channel.TELEGRAM,
            account=ACCOUNT,
            external=("-" if is_group else "") + "7#",
            is_group=is_group,
            team="engineering" if is_group else "",
            community_id=1,
            person_id=number if is_known else None,
            locale="zh_Hans",
            proof=Proof.CONTACT if is_known else Proof.NONE,
            proven_at=archive.now if is_known else None,
            created_at=archive.now,
        )
    archive.add("team_chat", community_id=1, team="engineering", address_id=archive.size.group, topic="")


def _moments(archive: Archive) -> Iterator[datetime]:
    """Yield when each ticket was filed, evenly over the years until an hour ago."""
    end = archive.now - timedelta(hours=1)
    step = timedelta(days=365 * YEARS) / archive.size.tickets
    for number in range(archive.size.tickets):
        yield end - step * (archive.size.tickets - 1 - number)


def _which_are_open(archive: Archive) -> frozenset[int]:
    """Choose open tickets among the newest ones, and a few that were left over."""
    last, count = archive.size.tickets, archive.size.open
    recent = range(last - count * 3 + 1, last + 1)
    return frozenset(archive.chance.sample([number for number in recent if number > 0], min(count, last)))


def owner(archive: Archive) -> int:
    """Choose the owner (as a person's number) who reports something."""
    return STAFF + 1 + int(archive.size.homes * archive.chance.random() ** SPREAD)


def digest(*parts: object) -> str:
    """Return a hash as long as a chain's."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def local(at: datetime) -> datetime:
    """Return the moment as the estate's clocks show it."""
    return at.astimezone(ZONE)
