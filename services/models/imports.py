"""Files being imported: read into staging rows, looked at as a whole, then applied in short steps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, Code, Id, Ref


class ImportJob(Base):
    """One file for one community: what it is of, how far it came, what it brought."""

    __tablename__ = "import_job"

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    kind: Mapped[Code]  # owners | units | bills | payments | meters | balances | parking
    name: Mapped[str]  # of the file
    digest: Mapped[Code]  # SHA-256 of its bytes
    as_of: Mapped[datetime]
    state: Mapped[Code]  # wanted | asked | read | reading | checked | applying | done | told | dropped
    skip_bad: Mapped[bool] = mapped_column(default=False)
    rows: Mapped[int] = mapped_column(default=0)
    bad: Mapped[int] = mapped_column(default=0)
    after_row: Mapped[int] = mapped_column(default=0)  # applied up to this staging row
    counts: Mapped[Any] = mapped_column(default=())  # new, changed, same
    by_id: Mapped[int | None]  # person
    address_id: Mapped[int | None]  # of the chat it was sent in
    media_id: Mapped[int | None]
    begun_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class ImportRow(Base):
    """One row of a file: as read, what is wrong with it, what it would do."""

    __tablename__ = "import_row"
    __table_args__ = (UniqueConstraint("job_id", "n"),)

    id: Mapped[Id]
    job_id: Mapped[Ref] = mapped_column(ForeignKey("import_job.id"))
    n: Mapped[int]  # counts the job's rows
    sheet: Mapped[str]
    row: Mapped[int]  # as the spreadsheet numbers it
    state: Mapped[Code]  # new | changed | same | bad
    fields: Mapped[Any]  # canonical: ids, cents, ISO days
    problems: Mapped[Any] = mapped_column(default=())
