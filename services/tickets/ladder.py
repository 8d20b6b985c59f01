"""The ladder: who hears when that a deadline draws near or has passed. Pure; every step counts in its person's time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.calendars import Calendars, Days
from services.catalog import Priority
from services.settings import Deadlines
from services.tickets.terms import Clock


class Step(StrEnum):
    """Who hears, in this order."""

    WARN = "warn"  # the holder, before: a tap gives a reason and a new time
    OWNER = "owner"  # the owner, before: late is said, never found out
    LEAD = "lead"  # whom the holder reports to
    SUPERVISOR = "supervisor"
    MANAGER = "manager"  # the vice general manager
    PAGE = (
        "page"  # of an emergency, first when it is filed: everybody who was paged, and one tier more, again and again
    )


BEFORE = frozenset({Step.WARN, Step.OWNER})
ORDINARY = (Step.WARN, Step.OWNER, Step.LEAD, Step.SUPERVISOR, Step.MANAGER)
QUIETLY = (Step.WARN, Step.LEAD, Step.SUPERVISOR, Step.MANAGER)  # of what was not promised to the owner
NOBODY_YET = (Step.SUPERVISOR, Step.MANAGER)
WARNED_AFTER = 2  # a warning never comes before half of the time is gone


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken."""

    step: Step
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A deadline as the ladder sees it."""

    clock: Clock
    priority: Priority
    days: Days
    started_at: datetime
    due_at: datetime
    promised: bool  # the owner was told this time


def steps(watched: Watched) -> Sequence[Step]:
    """Return the steps of a clock; paging never ends."""
    if watched.clock is Clock.ACCEPT:
        return (Step.PAGE,) if watched.priority is Priority.EMERGENCY else NOBODY_YET
    return ORDINARY if watched.promised else QUIETLY


def following(
    watched: Watched, taken: Sequence[Taken], *, now: datetime, figures: Deadlines, calendars: Calendars
) -> tuple[Step, datetime] | None:
    """Return the next step and its moment, which may have passed; None at the top of the ladder.

    What should have come before the deadline is left out once the deadline has passed: it helps nobody.
    """
    order = steps(watched)
    if order == (Step.PAGE,):
        again = timedelta(minutes=figures.emergency_again_minutes)
        return Step.PAGE, taken[-1].at + again if taken else watched.due_at
    reached = max((order.index(one.step) for one in taken), default=-1)
    for step in order[reached + 1 :]:
        if step not in BEFORE:
            passed = [one.at for one in taken if one.step not in BEFORE]
            return step, _after(watched, passed[-1] if passed else None, figures, calendars)
        at = _before(step, watched, figures, calendars)
        if now < watched.due_at and at < watched.due_at:
            return step, at
    return None


def _before(step: Step, watched: Watched, figures: Deadlines, calendars: Calendars) -> datetime:
    minutes = figures.warn_minutes if step is Step.WARN else figures.tell_owner_minutes
    lead = min(timedelta(minutes=minutes), (watched.due_at - watched.started_at) / WARNED_AFTER)
    return calendars.of(_whose(watched)).next_open(watched.due_at - lead)


def _after(watched: Watched, last: datetime | None, figures: Deadlines, calendars: Calendars) -> datetime:
    """A step up comes in the working time of who leads; an emergency knows no night."""
    calendar = calendars.of(Days.ALWAYS if watched.priority is Priority.EMERGENCY else Days.DESK)
    if last is None:
        return calendar.next_open(watched.due_at)
    return calendar.add(last, timedelta(minutes=figures.escalate_minutes))


def _whose(watched: Watched) -> Days:
    return Days.ALWAYS if watched.priority in {Priority.EMERGENCY, Priority.URGENT} else watched.days
