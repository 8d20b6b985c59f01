"""The desk's page: links that let somebody in once, sessions of browsers, what was done there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, Code, Id, Ref, partial


class DeskLink(Base):
    """A one-time link to the desk's page; only the digest of its token is kept."""

    __tablename__ = "desk_link"

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    staff_id: Mapped[Ref] = mapped_column(ForeignKey("staff.id"), index=True)
    digest: Mapped[Code] = mapped_column(unique=True)
    locale: Mapped[Code]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class DeskSession(Base):
    """A browser that a link let in: whose it is, until when, and why it ended."""

    __tablename__ = "desk_session"
    __table_args__ = (partial("ix_desk_session_open", "staff_id", where=text("ended_at IS NULL")),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    staff_id: Mapped[Ref] = mapped_column(ForeignKey("staff.id"))
    address_id: Mapped[Ref] = mapped_column(ForeignKey("address.id"))  # where the page's questions are kept
    link_id: Mapped[Ref] = mapped_column(ForeignKey("desk_link.id"), unique=True)
    digest: Mapped[Code] = mapped_column(unique=True)
    device: Mapped[str]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    why: Mapped[Code] = mapped_column(default="")  # off | lead | left | expired | device


class DeskAct(Base):
    """A form of the page that was sent: it acts once, and its answer is shown for as long as the session lasts."""

    __tablename__ = "desk_act"
    __table_args__ = (UniqueConstraint("session_id", "key"),)

    id: Mapped[Id]
    session_id: Mapped[Ref] = mapped_column(ForeignKey("desk_session.id"))
    key: Mapped[Code]
    ticket_id: Mapped[int | None]
    prompt_id: Mapped[int | None]  # the question that follows
    says: Mapped[Any] = mapped_column(default=())  # what was answered, as the outbox keeps it
    refused: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime] = mapped_column(index=True)
