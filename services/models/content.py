"""Words, names and files: what retention and erasure may empty, apart from the chained history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, Code, Id, Ref, Words


class Content(Base):
    """Somebody's words about a ticket, with the salt of the digest that history keeps."""

    __tablename__ = "content"

    id: Mapped[Id]
    community_id: Mapped[Ref]
    ticket_id: Mapped[int | None] = mapped_column(index=True)
    kind: Mapped[Code]
    words: Mapped[Words | None]
    salt: Mapped[Code | None]
    media: Mapped[Any] = mapped_column(default=())  # ids of media
    person_id: Mapped[int | None]
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class Media(Base):
    """A file that somebody sent; the bytes lie in the media store once fetched."""

    __tablename__ = "media"
    __table_args__ = (UniqueConstraint("channel", "account", "unique_id"),)

    id: Mapped[Id]
    community_id: Mapped[int | None]
    person_id: Mapped[int | None]
    kind: Mapped[Code]
    channel: Mapped[Code]
    account: Mapped[Code]
    unique_id: Mapped[str]
    sha256: Mapped[str] = mapped_column(default="")
    mime: Mapped[Code] = mapped_column(default="")
    size: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(default="")
    state: Mapped[Code] = mapped_column(default="wanted")  # wanted | stored | failed | erased
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]  # machine time of the next try to fetch
    created_at: Mapped[datetime]


class MediaFile(Base):
    """A provider's own id of a file, so that it is uploaded once and reused."""

    __tablename__ = "media_file"
    __table_args__ = (UniqueConstraint("media_id", "channel", "account"),)

    id: Mapped[Id]
    media_id: Mapped[Ref] = mapped_column(index=True)
    channel: Mapped[Code]
    account: Mapped[Code]
    file_id: Mapped[str]
