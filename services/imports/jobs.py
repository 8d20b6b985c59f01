"""A file on its way in: staged and checked as a whole, then applied in short steps that go on where they stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, insert, select

from services import access
from services.access import Deed, Subject
from services.actors import Actor
from services.db import Session
from services.imports import charges, estate, readings, residents
from services.imports.columns import Kind
from services.imports.known import Known
from services.imports.lines import Line
from services.models import ImportJob, ImportRow
from services.refusals import NotAllowed

SHOWN = 2_000  # problems that a report names


class State(StrEnum):
    """How far a file is."""

    WANTED = "wanted"  # sent in a chat, not read yet
    ASKED = "asked"  # … of what it is
    READ = "read"  # … and its rows are those of another job
    READING = "reading"
    CHECKED = "checked"
    APPLYING = "applying"
    DONE = "done"
    TOLD = "told"  # … and so was who had sent it
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Wish:
    """A file as it comes."""

    community_id: int
    kind: Kind
    name: str
    digest: str
    as_of: datetime
    by_id: int | None = None


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that can't be taken, and why."""

    sheet: str
    row: int
    problems: Sequence[Mapping[str, str]]


async def begin(session: Session, actor: Actor, *, wish: Wish, now: datetime) -> ImportJob:
    """Write a file down as being read; what was read of it before and not applied is dropped. `NotAllowed`."""
    _allowed(actor, wish.community_id)
    await _drop_unapplied(session, wish)
    job = ImportJob(
        community_id=wish.community_id,
        kind=wish.kind.value,
        name=wish.name[:200],
        digest=wish.digest,
        as_of=wish.as_of,
        state=State.READING,
        by_id=wish.by_id,
        begun_at=now,
    )
    session.add(job)
    await session.flush()
    return job


def _allowed(actor: Actor, community_id: int) -> None:
    if not access.may(actor, Deed.IMPORT, Subject(community_id)):
        raise NotAllowed


async def _drop_unapplied(session: Session, wish: Wish) -> None:
    here = ImportJob.community_id == wish.community_id, ImportJob.kind == wish.kind, ImportJob.digest == wish.digest
    stale = select(ImportJob).where(*here, ImportJob.state.in_([State.READING, State.CHECKED]))
    for job in (await session.scalars(stale)).all():
        job.state = State.DROPPED


async def unfinished(session: Session, *, wish: Wish) -> ImportJob | None:
    """Return the same file being applied, when that was interrupted."""
    asked = select(ImportJob).where(
        ImportJob.community_id == wish.community_id,
        ImportJob.kind == wish.kind,
        ImportJob.digest == wish.digest,
        ImportJob.state == State.APPLYING,
    )
    return (await session.scalars(asked.order_by(ImportJob.id.desc()).limit(1))).one_or_none()


async def check(session: Session, lines: Sequence[Line], known: Known) -> None:
    """Compare lines with what is written down, and note what is wrong with them."""
    match known.kind:
        case Kind.UNITS:
            await estate.check_units(session, lines, known)
        case Kind.PARKING:
            await estate.check_parking(session, lines, known)
        case Kind.OWNERS:
            await residents.check(session, lines, known)
        case Kind.BILLS:
            await charges.check_bills(session, lines, known)
        case Kind.PAYMENTS:
            await charges.check_payments(session, lines, known)
        case Kind.METERS:
            await readings.check_meters(session, lines, known)
        case Kind.BALANCES:
            await readings.check_balances(session, lines, known)
    for line in lines:
        if line.problems:
            line.state = "bad"


async def stage(session: Session, *, job_id: int, first: int, lines: Sequence[Line]) -> None:
    """Keep checked lines, counted from `first`."""
    rows = [
        {
            "job_id": job_id,
            "n": first + at,
            "sheet": line.sheet[:200],
            "row": line.row,
            "state": line.state,
            "fields": line.fields,
            "problems": [one.packed() for one in line.problems],
        }
        for at, line in enumerate(lines)
    ]
    await session.execute(insert(ImportRow), rows)


async def staged(session: Session, *, job_id: int) -> ImportJob:
    """Count what was staged: how many rows are new, changed, the same, bad."""
    job = await session.get_one(ImportJob, job_id)
    found = select(ImportRow.state, func.count().label("many")).where(ImportRow.job_id == job_id)
    counts = {row.state: row.many for row in (await session.execute(found.group_by(ImportRow.state))).all()}
    job.rows, job.bad, job.state = sum(counts.values()), counts.get("bad", 0), State.CHECKED
    job.counts = counts
    return job


async def problems(session: Session, *, job_id: int, most: int = SHOWN) -> Sequence[Bad]:
    """Return the bad rows in the order of the file, so many at most."""
    asked = select(ImportRow).where(ImportRow.job_id == job_id, ImportRow.state == "bad").order_by(ImportRow.n)
    rows = (await session.scalars(asked.limit(most))).all()
    return [Bad(row.sheet, row.row, row.problems) for row in rows]


async def start(session: Session, actor: Actor, *, job_id: int, skip_bad: bool) -> ImportJob:
    """Let a checked file be applied; bad rows only stand in its way when they are not to be skipped. `NotAllowed`."""
    found = select(ImportJob).where(ImportJob.id == job_id).with_for_update(key_share=True)
    job = (await session.scalars(found)).one()
    _allowed(actor, job.community_id)
    if job.state == State.CHECKED and (skip_bad or not job.bad):
        job.state, job.skip_bad = State.APPLYING, skip_bad
    return job


async def apply_next(session: Session, *, job_id: int, known: Known, limit: int, now: datetime) -> int:
    """Apply the next rows and note how far it came, together; return how many rows were looked at, 0 at the end."""
    found = select(ImportJob).where(ImportJob.id == job_id).with_for_update(key_share=True)
    job = (await session.scalars(found.execution_options(populate_existing=True))).one()
    if job.state != State.APPLYING:
        return 0
    asked = select(ImportRow.n, ImportRow.state, ImportRow.fields).where(
        ImportRow.job_id == job_id, ImportRow.n > job.after_row
    )
    rows = (await session.execute(asked.order_by(ImportRow.n).limit(limit))).all()
    wanted: list[Mapping[str, Any]] = [row.fields for row in rows if row.state in {"new", "changed"}]
    if wanted:
        await _apply(session, wanted, known, now)
    if rows:
        job.after_row = rows[-1].n
    if len(rows) < limit:
        job.state, job.done_at = State.DONE, now
    return len(rows)


async def _apply(session: Session, rows: Sequence[Mapping[str, Any]], known: Known, now: datetime) -> None:
    match known.kind:
        case Kind.UNITS | Kind.PARKING:
            await estate.apply_units(session, rows, known)
        case Kind.OWNERS:
            await residents.apply(session, rows, known, now=now)
        case Kind.BILLS:
            await charges.apply_bills(session, rows, known, now=now)
        case Kind.PAYMENTS:
            await charges.apply_payments(session, rows, known, now=now)
        case Kind.METERS:
            await readings.apply_meters(session, rows, known)
        case Kind.BALANCES:
            await readings.apply_balances(session, rows, known)


async def sweep(session: Session, *, job_id: int, limit: int) -> int:
    """Take away staged rows of a file that is done or dropped: they hold names and numbers. Return how many."""
    some = select(ImportRow.id).where(ImportRow.job_id == job_id).order_by(ImportRow.id).limit(limit)
    ids = (await session.scalars(some)).all()
    if ids:
        await session.execute(delete(ImportRow).where(ImportRow.job_id == job_id, ImportRow.id <= ids[-1]))
    return len(ids)
