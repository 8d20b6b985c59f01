"""What is owed on a ticket and by when: pure rules over kind, priority, department; each term names its calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from services.calendar import Break
from services.calendars import DEPARTMENT_DAYS, DEVELOPER, Calendars, Days
from services.catalog import Kind, Priority
from services.settings import Deadlines, Policy

LEAST_OF_A_DAY = 120  # minutes: "the same day" means the next when less of it is left


class Clock(StrEnum):
    """What somebody waits for."""

    ACCEPT = "accept"  # that somebody says yes
    ANSWER = "answer"  # the first word of a person; an automatic reply is none
    NEXT = "next"  # a person's word after the owner spoke last
    ARRIVE = "arrive"  # somebody at the door
    RESOLVE = "resolve"  # the matter settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """How a deadline is counted: working minutes, or the closing hour so many working days on, or real days."""

    days: Days
    minutes: int = 0
    closings: int | None = None  # 0: by the end of this working day …
    least_minutes: int = 0  # … if so much of it is left, else by the end of the next
    real_days: int = 0
    at_most_hours: int = 0  # of real time, whatever the calendar says; no pause helps

    def due(self, start: datetime, calendars: Calendars, breaks: Sequence[Break] = ()) -> datetime:
        """Return by when; pauses put it off by the working time they took."""
        calendar = calendars.of(self.days)
        if self.closings is not None:
            by = calendar.closing(start, self.closings)
            if calendar.between(start, by) < timedelta(minutes=self.least_minutes):
                by = calendar.closing(start, self.closings + 1)
        elif self.real_days:
            by = calendars.of(Days.ALWAYS).add(start, timedelta(days=self.real_days))
        else:
            by = calendar.add(start, timedelta(minutes=self.minutes))
        if breaks:
            by = calendar.add(start, calendar.between(start, by), breaks)
        return min(by, start + timedelta(hours=self.at_most_hours)) if self.at_most_hours else by

    def packed(self) -> dict[str, Any]:
        """Return what a row keeps of it."""
        return {name: value for name, value in asdict(self).items() if value or (name == "closings" and value == 0)}

    @classmethod
    def unpacked(cls, kept: Mapping[str, Any]) -> Term | None:
        """Return the term that a row keeps; None where a moment was agreed."""
        return cls(**{**kept, "days": Days(kept["days"])}) if kept else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What the terms depend on."""

    kind: Kind
    priority: Priority
    department: str  # a department, or the developer
    public: bool = False
    grade: str = ""
    resolve_days: int | None = None  # the catalogue's own figure for the category


def terms(matter: Matter, figures: Deadlines) -> Mapping[Clock, Term]:
    """Return what is owed from filing on; an arrival is promised, not counted (see `promised`)."""
    if matter.department == DEVELOPER:
        return _of_defect(matter, figures, accept=Term(days=Days.OFFICE, closings=1))
    if matter.kind is Kind.DEFECT:
        return _of_defect(matter, figures, accept=_minutes(figures.accept_minutes, _theirs(matter)))
    if matter.kind is Kind.REPAIR:
        return _of_repair(matter, figures)
    if matter.kind is Kind.COMPLAINT:
        return _of_complaint(matter, figures)
    if matter.kind is Kind.RECTIFICATION:  # its date is given, and whoever wrote it has it
        return {}
    if matter.kind in {Kind.SUGGESTION, Kind.PRAISE}:
        return {Clock.ANSWER: Term(days=Days.DESK, closings=1)}
    return {
        Clock.ACCEPT: _minutes(figures.accept_minutes, _theirs(matter)),
        Clock.ANSWER: _minutes(figures.inquiry_answer_minutes, Days.DESK),
        Clock.RESOLVE: _settled(matter, figures.inquiry_days),
    }


def _of_repair(matter: Matter, figures: Deadlines) -> Mapping[Clock, Term]:
    if matter.priority is Priority.EMERGENCY:
        accept = _minutes(figures.emergency_accept_minutes, Days.ALWAYS)
        return {Clock.ACCEPT: accept, Clock.RESOLVE: Term(days=Days.ALWAYS, real_days=1)}
    if matter.priority is Priority.URGENT:
        accept = _minutes(figures.urgent_accept_minutes, Days.ALWAYS)
        return {Clock.ACCEPT: accept, Clock.RESOLVE: _settled(matter, 1)}
    owed = {
        Clock.ACCEPT: _minutes(figures.accept_minutes, _theirs(matter)),
        Clock.RESOLVE: _settled(matter, figures.repair_days),
    }
    if not matter.public:  # in a public place there is nobody to be called
        owed[Clock.ANSWER] = _minutes(figures.call_minutes, _theirs(matter))
    return owed


def _of_complaint(matter: Matter, figures: Deadlines) -> Mapping[Clock, Term]:
    """A person's word within minutes of desk time; settled by the desk the same day, else in the department's days."""
    by_desk = _theirs(matter) is Days.DESK and matter.resolve_days is None
    answer = Term(
        days=Days.DESK, minutes=figures.complaint_answer_minutes, at_most_hours=figures.complaint_answer_hours
    )
    return {
        Clock.ACCEPT: _minutes(figures.accept_minutes, Days.DESK),
        Clock.ANSWER: answer,
        Clock.RESOLVE: _settled(matter, 0 if by_desk else figures.complaint_days),
    }


def _of_defect(matter: Matter, figures: Deadlines, *, accept: Term) -> Mapping[Clock, Term]:
    days = {"medium": figures.defect_medium_days, "major": figures.defect_major_days}
    resolve = Term(days=Days.ALWAYS, real_days=days.get(matter.grade, figures.defect_minor_days))
    answer = _minutes(figures.inquiry_answer_minutes, Days.DESK)
    return {Clock.ACCEPT: accept, Clock.ANSWER: answer, Clock.RESOLVE: resolve}


def next_answer(figures: Deadlines) -> Term:
    """Return by when a person answers an owner who spoke last."""
    return _minutes(figures.next_answer_minutes, Days.DESK)


def accepted(figures: Deadlines) -> Term:
    """Return by when somebody says yes to a ticket of before there were clocks."""
    return _minutes(figures.accept_minutes, Days.DESK)


def _theirs(matter: Matter) -> Days:
    return DEPARTMENT_DAYS.get(matter.department, Days.DESK)


def _minutes(minutes: int, days: Days) -> Term:
    return Term(days=days, minutes=minutes)


def _settled(matter: Matter, days: int) -> Term:
    closings = days if matter.resolve_days is None else matter.resolve_days
    return Term(days=_theirs(matter), closings=closings, least_minutes=0 if closings else LEAST_OF_A_DAY)


def promised(
    now: datetime, policy: Policy, zone: ZoneInfo, *, priority: Priority = Priority.NORMAL, end: datetime | None = None
) -> datetime:
    """Return by when somebody is there: at once, the agreed end, today's hour if there is time, else tomorrow's."""
    if end is not None:  # somebody is at home then; haste only shortens the wait for a yes
        return end
    if priority is Priority.EMERGENCY:
        return now + timedelta(minutes=policy.deadlines.emergency_arrive_minutes)
    if priority is Priority.URGENT:
        return now + timedelta(minutes=policy.deadlines.urgent_arrive_minutes)
    local, tickets = now.astimezone(zone), policy.tickets
    today = datetime.combine(local.date(), tickets.today_by, zone)
    if local + timedelta(hours=tickets.arrive_hours) <= today:
        return today.astimezone(UTC)
    return datetime.combine(local.date() + timedelta(days=1), tickets.tomorrow_by, zone).astimezone(UTC)
