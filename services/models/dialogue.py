"""Prompts, relays, and the mailbox of channels that keep their own messages (web page, demo phone)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, Code, Id, Ref, partial

OPEN = text("state = 'open'")
WORDED = text("state <> 'open' AND (given <> '{}' OR answers <> '[]' OR options <> '[]')")  # for retention to empty


class Prompt(Base):
    """Whatever expects an answer: a form's question or a set of commands, on one address."""

    __tablename__ = "prompt"
    __table_args__ = (
        partial("ix_prompt_open", "address_id", where=OPEN),
        partial("ix_prompt_worded", "created_at", where=WORDED),
    )

    id: Mapped[Id]
    key: Mapped[str | None] = mapped_column(unique=True)
    community_id: Mapped[int | None]
    address_id: Mapped[Ref] = mapped_column(ForeignKey("address.id"))
    person_id: Mapped[int | None]
    form: Mapped[Code]
    given: Mapped[Any] = mapped_column(default=())  # dict of answers known beforehand
    answers: Mapped[Any] = mapped_column(default=())  # [[field, value | null when skipped], …] in the order asked
    asked: Mapped[Code] = mapped_column(default="")
    options: Mapped[Any] = mapped_column(default=())  # [[value or tap, label as shown], …]
    urgent: Mapped[bool] = mapped_column(default=False)
    unclear: Mapped[int] = mapped_column(SmallInteger, default=0)
    state: Mapped[Code] = mapped_column(default="open")  # open | done | cancelled | expired
    shown_at: Mapped[datetime | None]  # desk time of the newest question; null = not shown yet
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Relay(Base):
    """Two people talk through the line about a ticket until one ends it or time does."""

    __tablename__ = "relay"
    __table_args__ = (partial("ix_relay_open", "state", where=OPEN),)

    id: Mapped[Id]
    community_id: Mapped[Ref]
    ticket_id: Mapped[Ref]
    staff_address_id: Mapped[Ref] = mapped_column(index=True)
    owner_address_id: Mapped[Ref] = mapped_column(index=True)
    state: Mapped[Code] = mapped_column(default="open")
    until: Mapped[datetime]
    created_at: Mapped[datetime]


class Mailbox(Base):
    """A message as a page or the demo's phone shows it; these channels keep their own history."""

    __tablename__ = "mailbox"
    __table_args__ = (partial("ix_mailbox_address", "channel", "external", "id", where=text("id > 0")),)

    id: Mapped[Id]
    channel: Mapped[Code]
    account: Mapped[Code]
    external: Mapped[Code]
    mine: Mapped[bool]  # written by the person
    body: Mapped[Any]
    revision: Mapped[int] = mapped_column(default=1)
    key: Mapped[str | None] = mapped_column(unique=True)
    at: Mapped[datetime]
