"""The engine rooms' tables: inbox, outbox, cards, receipts, buckets, timers, the desk clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, Code, Id, Ref, Words, partial

OPEN_EVENT = text("state IN ('new', 'claimed')")
OPEN_OUT = text("state IN ('pending', 'sending')")
WORDED_OUT = text("payload <> '{}' AND state NOT IN ('pending', 'sending', 'held')")  # for retention to empty


class Event(Base):
    """A raw event in the inbox. `lane` is what the event itself names; lanes are worked in order of id."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "account", "event_id"),
        partial("ix_inbox_open_lane", "lane", "id", where=OPEN_EVENT),
        partial("ix_inbox_open", "id", where=OPEN_EVENT),
    )

    id: Mapped[Id]
    channel: Mapped[Code]
    account: Mapped[Code]
    event_id: Mapped[str]
    lane: Mapped[str]
    payload: Mapped[Words]
    state: Mapped[Code] = mapped_column(default="new")  # new | claimed | done | dead | dropped
    received_at: Mapped[datetime]  # machine time
    owner: Mapped[Code] = mapped_column(default="")
    lease_until: Mapped[datetime | None]  # machine time
    starts: Mapped[int] = mapped_column(SmallInteger, default=0)  # claims that never ended: crashes
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)  # exceptions of our own code
    due_at: Mapped[datetime | None]  # machine time; back-off after a try
    error: Mapped[Words] = mapped_column(default="")
    danger_checked: Mapped[bool] = mapped_column(default=False)


class Outgoing(Base):
    """One thing to say to one address. Desk time decides from when and until when, machine time the retries."""

    __tablename__ = "outbox"
    __table_args__ = (
        partial("ix_outbox_open", "priority", "id", where=OPEN_OUT),
        partial("ix_outbox_open_address", "address_id", "priority", "id", where=OPEN_OUT),
        partial("uq_outbox_in_flight", "address_id", where=text("state = 'sending'"), unique=True),
        partial("ix_outbox_worded", "created_at", where=WORDED_OUT),
        partial("ix_outbox_provider_id", "provider_id", where=text("provider_id <> ''")),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    community_id: Mapped[int | None]
    address_id: Mapped[Ref] = mapped_column(ForeignKey("address.id"))
    topic: Mapped[Code] = mapped_column(server_default="")  # of a forum; empty: the group itself
    kind: Mapped[Code]  # say | card | prompt
    priority: Mapped[int] = mapped_column(SmallInteger)
    payload: Mapped[Any]
    locale: Mapped[Code]
    prompt_id: Mapped[int | None]
    card_id: Mapped[int | None]
    after_id: Mapped[int | None]  # waits until that row is settled
    still_wanted: Mapped[Code] = mapped_column(default="")
    desk_due: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]  # desk time
    state: Mapped[Code] = mapped_column(default="pending")
    due_at: Mapped[datetime | None]  # machine time; back-off
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    owner: Mapped[Code] = mapped_column(default="")
    lease_until: Mapped[datetime | None]
    provider_id: Mapped[str] = mapped_column(default="")
    parts_sent: Mapped[int] = mapped_column(SmallInteger, default=0)
    possibly_twice: Mapped[bool] = mapped_column(default=False)
    code: Mapped[str] = mapped_column(default="")  # why failed, skipped
    settled_at: Mapped[datetime | None]


class Card(Base):
    """A message that always shows the present state of its subject, by editing."""

    __tablename__ = "card"
    __table_args__ = (
        UniqueConstraint("subject", "subject_id", "address_id", "view"),
        Index(None, "address_id", "message_id"),  # what somebody answers
    )

    id: Mapped[Id]
    community_id: Mapped[int | None]
    subject: Mapped[Code]  # ticket
    subject_id: Mapped[Ref]
    address_id: Mapped[Ref] = mapped_column(ForeignKey("address.id"))
    topic: Mapped[Code] = mapped_column(server_default="")
    view: Mapped[Code]  # group | holder | desk | owner
    message_id: Mapped[Code] = mapped_column(default="")
    wanted: Mapped[int] = mapped_column(default=1)
    shown: Mapped[int] = mapped_column(default=0)


class Receipt(Base):
    """A delivery report from a provider, matched to its row now or later."""

    __tablename__ = "receipt"

    id: Mapped[Id]
    channel: Mapped[Code]
    account: Mapped[Code]
    provider_id: Mapped[str]
    state: Mapped[Code]
    code: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
    applied: Mapped[bool] = mapped_column(default=False)


class Bucket(Base):
    """A token bucket of a channel account, shared by all replicas."""

    __tablename__ = "bucket"

    name: Mapped[str] = mapped_column(primary_key=True)
    tokens_milli: Mapped[int]  # thousandths of a message
    refilled_at: Mapped[datetime]
    paused_until: Mapped[datetime | None]  # after `retry_after`: all but alarms wait
    slow_until: Mapped[datetime | None]  # half speed until then


class Timer(Base):
    """Something due at a desk time, about a subject; unique by key."""

    __tablename__ = "timer"
    __table_args__ = (
        partial("ix_timer_due", "due_at", where=text("state = 'waiting'")),
        partial("ix_timer_subject", "subject", "subject_id", where=text("state = 'waiting'")),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    community_id: Mapped[int | None]
    kind: Mapped[Code]
    subject: Mapped[Code]
    subject_id: Mapped[Ref]
    given: Mapped[Any] = mapped_column(default=())
    due_at: Mapped[datetime]
    state: Mapped[Code] = mapped_column(default="waiting")  # waiting | done | cancelled | failed
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)


class ClockOffset(Base):
    """How far desk time runs ahead of machine time; one row, only ever growing."""

    __tablename__ = "clock_offset"

    id: Mapped[int] = mapped_column(primary_key=True)
    seconds: Mapped[int]
    moved_at: Mapped[datetime]


class Replica(Base):
    """A role that one replica at a time may hold: the poller of an account."""

    __tablename__ = "replica"

    role: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[Code]
    lease_until: Mapped[datetime]
    note: Mapped[str] = mapped_column(default="")  # unused since 0.1.0
