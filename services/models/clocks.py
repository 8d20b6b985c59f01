"""What a ticket owes and by when: its deadlines, its pauses, the steps that followed when nothing happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, Code, Id, Ref, partial


class Deadline(Base):
    """One clock of a ticket: what is owed, since when, by when, how it ended. Times are desk time."""

    __tablename__ = "deadline"
    __table_args__ = (
        UniqueConstraint("ticket_id", "clock", "count"),
        partial("ix_deadline_running", "ticket_id", where=text("ended_at IS NULL")),
    )

    id: Mapped[Id]
    community_id: Mapped[Ref]
    ticket_id: Mapped[Ref] = mapped_column(ForeignKey("ticket.id"))
    clock: Mapped[Code]  # accept | answer | next | arrive | resolve
    count: Mapped[int] = mapped_column(SmallInteger)  # the n-th of its kind on this ticket
    calendar: Mapped[Code]  # always | desk | engineers | office
    term: Mapped[Any]  # how it is counted; empty: a moment that was agreed
    started_at: Mapped[datetime]
    first_due_at: Mapped[datetime]  # the promise as it was first given
    due_at: Mapped[datetime]
    moves: Mapped[int] = mapped_column(SmallInteger)  # how often the promise was put off
    next_at: Mapped[datetime | None]  # when somebody hears of it next; none while the ticket rests
    ended_at: Mapped[datetime | None]
    how: Mapped[Code]  # met | dropped; empty while it runs
    staff_id: Mapped[int | None]  # who held the ticket when it ended


class Pause(Base):
    """A stretch in which a ticket waits for something that nobody here can hasten: a break of its clocks."""

    __tablename__ = "pause"
    __table_args__ = (partial("uq_pause_open", "ticket_id", where=text("ended_at IS NULL"), unique=True),)

    id: Mapped[Id]
    community_id: Mapped[Ref]
    ticket_id: Mapped[Ref] = mapped_column(ForeignKey("ticket.id"), index=True)
    reason: Mapped[Code]
    since: Mapped[datetime]
    until: Mapped[datetime | None]  # when it was to go on
    ended_at: Mapped[datetime | None]


class Escalation(Base):
    """A step that was taken because a deadline drew near or passed; once per deadline and step."""

    __tablename__ = "escalation"
    __table_args__ = (UniqueConstraint("deadline_id", "step", "due_at"),)

    id: Mapped[Id]
    community_id: Mapped[Ref]
    ticket_id: Mapped[Ref] = mapped_column(ForeignKey("ticket.id"), index=True)
    deadline_id: Mapped[Ref] = mapped_column(ForeignKey("deadline.id"))
    step: Mapped[Code]  # warn | owner | lead | supervisor | manager | page…
    due_at: Mapped[datetime]  # of the deadline then: a promise that was put off is watched anew
    at: Mapped[datetime]
    told: Mapped[Any]  # staff ids
