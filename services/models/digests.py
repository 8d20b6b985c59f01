"""Digests and sheets that are to be made: a row per reader, so that a repeat or a crash makes none twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, Code, Id, Ref, partial


class Digest(Base):
    """One digest or sheet for one reader: put together outside of any transaction that others wait for."""

    __tablename__ = "digest"
    __table_args__ = (partial("ix_digest_wanted", "id", where=text("state = 'wanted'")),)

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    kind: Mapped[
        Code
    ]  # today | plain | buildings | table | uncleared | mine | group | week | month | statement | receipt:ID | rates…
    address_id: Mapped[Ref] = mapped_column(ForeignKey("address.id"))
    team: Mapped[Code] = mapped_column(default="")  # of the group it goes to
    at: Mapped[datetime]  # the desk time that it is made for
    starts_at: Mapped[datetime]  # of the period it tells of
    ends_at: Mapped[datetime]
    state: Mapped[Code] = mapped_column(default="wanted")  # wanted | done | failed
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)
    lease_until: Mapped[datetime | None]  # machine time: somebody is at it
