"""Dunning: what was tried with a household and what came of it, what it promised, what it is spared for now."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, Code, Id, Ref, partial


class DunningAttempt(Base):
    """One step taken towards a household for all that it owes: a message, a call, a visit, a letter, and the result."""

    __tablename__ = "dunning_attempt"
    __table_args__ = (
        UniqueConstraint("key"),
        Index(None, "unit_id", "at"),
        Index(None, "community_id", "at"),
        Index(None, "person_id", "at"),
        partial("ix_dunning_attempt_task", "community_id", "staff_id", where=text("state = 'task'")),
    )

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("unit.id"))  # the home that parking spaces belong to
    key: Mapped[str]  # list, unit, step and the bill it follows from: a step is taken once
    list: Mapped[Code]  # fees | handover | left: which steps
    step: Mapped[Code]
    way: Mapped[Code]  # chat | sms | call | visit | letter | legal
    state: Mapped[Code]  # said | task | wanted (a letter, the legal list) | done | skipped
    at: Mapped[datetime]
    bills: Mapped[Any] = mapped_column(default=())  # ids
    cents: Mapped[int] = mapped_column(default=0)  # owed at that time
    person_id: Mapped[int | None]  # whom it was for
    outbox_key: Mapped[str] = mapped_column(default="")  # its delivery state is the message's
    staff_id: Mapped[int | None]  # whose task it is, who did it
    done_at: Mapped[datetime | None]
    result: Mapped[Code] = mapped_column(default="")  # reached | not_reached | refused | printed | paid | moved | …
    reason: Mapped[Code] = mapped_column(default="")  # for not paying
    content_id: Mapped[int | None]  # words; retention and erasure may empty them
    next_step: Mapped[Code] = mapped_column(default="")
    next_on: Mapped[date | None]
    visit_from: Mapped[datetime | None]
    visit_until: Mapped[datetime | None]


class Letter(Base):
    """A numbered letter with what it said: printed again it says the same."""

    __tablename__ = "letter"
    __table_args__ = (UniqueConstraint("community_id", "year", "number"), Index(None, "community_id", "batch"))

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("unit.id"), index=True)
    attempt_id: Mapped[Ref] = mapped_column(ForeignKey("dunning_attempt.id"), unique=True)
    year: Mapped[int] = mapped_column(SmallInteger)
    number: Mapped[Code]  # 001, counted by the year
    batch: Mapped[str]  # what was printed together
    made_at: Mapped[datetime]
    made_on: Mapped[date]  # the day that stands on it
    person_id: Mapped[int | None]
    name: Mapped[str] = mapped_column(default="")  # of who pays; erasure empties it
    tie: Mapped[Code]  # owner | tenant
    list: Mapped[Code]  # fees | handover | left: which words
    since: Mapped[date | None]  # from when the home stands ready, or the oldest line was due
    cents: Mapped[int]
    said: Mapped[Any]  # the house as it was then, and the lines


class Handing(Base):
    """How a letter was handed over, once: by hand, by post, on the door; and what came of it."""

    __tablename__ = "letter_handing"
    __table_args__ = (UniqueConstraint("key"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    letter_id: Mapped[Ref] = mapped_column(ForeignKey("letter.id"), index=True)
    key: Mapped[str]  # the event that noted it
    way: Mapped[Code]  # hand | post | ems | door
    number: Mapped[Code] = mapped_column(default="")  # of the post
    on: Mapped[date]
    result: Mapped[Code] = mapped_column(default="")  # accepted | refused | returned; "": not known (yet)
    result_on: Mapped[date | None]
    media: Mapped[Any] = mapped_column(default=())  # ids: the door, the receipt
    noted_at: Mapped[datetime]
    noted_by: Mapped[Ref]  # staff


class Promise(Base):
    """A household said that it will pay: on a day, or in instalments; until then it is not dunned."""

    __tablename__ = "promise"
    __table_args__ = (partial("ix_promise_open", "unit_id", unique=True, where=text("state = 'open'")),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"), index=True)
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("unit.id"))
    person_id: Mapped[int | None]
    taken_by: Mapped[int | None]  # staff, when it was said to a collector
    made_at: Mapped[datetime]
    state: Mapped[Code] = mapped_column(default="open")  # open | kept | broken | ended
    ended_at: Mapped[datetime | None]


class Instalment(Base):
    """One part of a promise: how much by which day."""

    __tablename__ = "instalment"
    __table_args__ = (UniqueConstraint("promise_id", "due_on"),)

    id: Mapped[Id]
    promise_id: Mapped[Ref] = mapped_column(ForeignKey("promise.id"))
    due_on: Mapped[date]
    cents: Mapped[int]


class Sparing(Base):
    """A household is not dunned for a while, by a supervisor's word: hardship, or another reason."""

    __tablename__ = "sparing"
    __table_args__ = (partial("ix_sparing_open", "unit_id", where=text("ended_at IS NULL")),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("unit.id"))
    why: Mapped[Code]  # hardship | other
    content_id: Mapped[int | None]
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    set_by: Mapped[Ref]  # staff
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None]
