"""What work will cost, and what the owner said to it; tickets that have to do with each other."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, Code, Id, Ref


class Quote(Base):
    """An itemised price for a ticket's work. Nothing above the agreed sum is charged."""

    __tablename__ = "quote"
    __table_args__ = (UniqueConstraint("ticket_id", "count"),)

    id: Mapped[Id]
    community_id: Mapped[Ref]
    ticket_id: Mapped[Ref] = mapped_column(ForeignKey("ticket.id"))
    count: Mapped[int] = mapped_column(SmallInteger)
    lines: Mapped[Any]  # [[key, label, count, material cents, labour cents, listed], …]
    total_cents: Mapped[int]
    guarantee_days: Mapped[int]
    state: Mapped[Code]  # asked | agreed | declined | replaced | referred (a supervisor is to look at it)
    staff_id: Mapped[int | None]
    asked_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]  # person


class TicketLink(Base):
    """Two tickets that have to do with each other; the smaller id stands first."""

    __tablename__ = "ticket_link"
    __table_args__ = (UniqueConstraint("ticket_id", "other_id", "kind"),)

    id: Mapped[Id]
    community_id: Mapped[Ref]
    ticket_id: Mapped[Ref] = mapped_column(ForeignKey("ticket.id"))
    other_id: Mapped[Ref] = mapped_column(ForeignKey("ticket.id"), index=True)
    kind: Mapped[Code]  # related | rework
    at: Mapped[datetime]
