"""Who works at the simulated estate, and when: one phase of five blocks, shifts through the year."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.actors import Actor, Role

WEEK = 7
ROUND = 4  # day, night, two days off


@dataclass(frozen=True, slots=True)
class Post:
    """A job: its role, team, skills, and the pattern of its shifts."""

    role: Role
    team: str
    pattern: str  # day | late | around | third | office
    skills: Sequence[str] = ()
    count: int = 1


POSTS = (
    Post(Role.DESK, "desk", "day", ("desk",), 5),
    Post(Role.DESK, "desk", "late", ("desk",), 4),
    Post(Role.ENGINEER, "engineering", "around", ("general", "electrical", "plumbing"), 4),
    Post(Role.ENGINEER, "engineering", "day", ("plumbing", "waterproofing", "locks"), 2),
    Post(Role.ENGINEER, "engineering", "late", ("electrical", "low_voltage", "hvac"), 2),
    Post(Role.ENGINEER, "engineering", "day", ("lifts", "fire_safety", "general")),
    Post(Role.SECURITY, "security", "third", ("general", "fire_safety"), 36),
    Post(Role.CLEANING, "cleaning", "day", ("cleaning", "pest_control"), 10),
    Post(Role.GREENING, "greening", "day", ("greening",), 4),
    Post(Role.COLLECTOR, "finance", "office"),
    Post(Role.SUPERVISOR, "desk", "day"),
    Post(Role.SUPERVISOR, "engineering", "late"),
    Post(Role.MANAGER, "desk", "office"),
)


@dataclass(slots=True)
class Employee:
    """Somebody at work: who he is to the services, his shifts, until when his hands are full."""

    actor: Actor
    staff_id: int
    post: Post
    shifts: Sequence[tuple[datetime, datetime]]
    free_at: datetime
    starts: Sequence[datetime] = field(init=False)

    def __post_init__(self) -> None:
        self.starts = [start for start, _ in self.shifts]

    def is_on_duty(self, now: datetime) -> bool:
        """Whether he is at work."""
        at = bisect_right(self.starts, now) - 1
        return at >= 0 and now < self.shifts[at][1]

    def next_shift(self, now: datetime) -> datetime | None:
        """Return when he comes to work next."""
        at = bisect_right(self.starts, now)
        return self.starts[at] if at < len(self.starts) else None


def shifts(post: Post, number: int, first: date, days: int, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Yield the shifts of the n-th person of a post."""
    for ahead in range(-1, days + 1):
        day = first + timedelta(days=ahead)
        span = _span(post.pattern, number, ahead)
        if span is None or (post.pattern == "office" and day.weekday() >= WEEK - 2):
            continue
        begins = datetime.combine(day, time(0), zone) + timedelta(hours=span[0])
        yield begins, begins + timedelta(hours=span[1])


def _span(pattern: str, number: int, ahead: int) -> tuple[float, float] | None:
    """Return at which hour a shift of that day begins, and how many hours it has; None on a day off."""
    if pattern == "around":
        return {0: (8.0, 12.0), 1: (20.0, 12.0)}.get((ahead + number) % ROUND)
    if pattern == "office":
        return 8.5, 9.0
    if (ahead * 2 + number) % WEEK in {0, 1}:
        return None
    if pattern == "third":
        return number % 3 * 8.0, 8.0
    return (8.0, 9.5) if pattern == "day" else (11.5, 9.5)
