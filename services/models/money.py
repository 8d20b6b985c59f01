"""Bills and notices, as far as owners look at them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, Code, Id, Ref, Words


class Bill(Base):
    """A charge for a unit and period, in cents."""

    __tablename__ = "bill"
    __table_args__ = (UniqueConstraint("community_id", "unit_id", "item", "period"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("unit.id"), index=True)
    item: Mapped[Code]
    period: Mapped[Code]
    cents: Mapped[int]
    paid_cents: Mapped[int] = mapped_column(default=0)
    reckoned: Mapped[str] = mapped_column(default="")  # how it was worked out, as people read it
    due_on: Mapped[date]
    as_of: Mapped[datetime]


class Notice(Base):
    """A text to the residents of a community."""

    __tablename__ = "notice"

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"), index=True)
    kind: Mapped[Code]
    title: Mapped[str]
    body: Mapped[Words]
    published_at: Mapped[datetime]
    valid_until: Mapped[datetime | None]
