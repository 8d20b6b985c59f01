"""Files that employees send in a chat: noted, asked about, told of; who looks at them and applies them is a loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select

from services import access, conversations, media, people
from services.access import Deed, Subject
from services.actors import Actor
from services.db import Session, wake
from services.imports.columns import Kind
from services.imports.jobs import State
from services.media import Made
from services.messages import Choice, T, Text, lines, plain
from services.models import ImportJob, ImportRow, Media
from services.outbox import Priority, To
from services.refusals import NotAllowed, Refused

KEPT_FOR = timedelta(days=1)  # a file that nobody decided on
LONGEST_NAME = 200


class Over(Refused):
    """The file was decided on already, or waited too long."""

    key = "refused.import_over"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that can be looked at; `sha256` is empty when its bytes could not be had."""

    id: int
    community_id: int
    kind: Kind | None
    name: str
    address_id: int
    by_id: int | None
    at: datetime
    sha256: str


def may(actor: Actor) -> bool:
    """Whether somebody may bring files in."""
    return actor.community_id is not None and access.may(actor, Deed.IMPORT, Subject(actor.community_id))


async def receive(session: Session, actor: Actor, *, media_id: int, name: str, now: datetime) -> ImportJob:
    """Note a file that somebody sent; it is looked at once its bytes are there. Raises `NotAllowed`."""
    if not may(actor):
        raise NotAllowed
    job = ImportJob(
        community_id=actor.community_id,
        kind="",
        name=name[:LONGEST_NAME],
        digest="",
        as_of=now,
        state=State.WANTED,
        by_id=actor.person_id,
        address_id=actor.to.address_id,
        media_id=media_id,
        begun_at=now,
    )
    session.add(job)
    await session.flush()
    wake(session, "imports")
    return job


async def called(session: Session, actor: Actor, *, job_id: int, kind: Kind) -> ImportJob:
    """Say what a file is of, when its header does not tell. Raises `Over`."""
    job = await _held(session, actor, job_id, State.ASKED)
    job.kind, job.state = kind.value, State.WANTED
    wake(session, "imports")
    return job


async def apply(session: Session, actor: Actor, *, job_id: int, skip_bad: bool) -> ImportJob:
    """Let a file be applied that was looked at. Raises `Over`, also when bad rows stand in its way."""
    job = await _held(session, actor, job_id, State.CHECKED)
    if job.bad and not skip_bad:
        raise Over
    job.state, job.skip_bad = State.APPLYING, skip_bad
    wake(session, "imports")
    return job


async def drop(session: Session, actor: Actor, *, job_id: int) -> ImportJob:
    """Leave a file alone that was looked at. Raises `Over`."""
    job = await _held(session, actor, job_id, State.CHECKED, State.ASKED)
    job.state = State.DROPPED
    wake(session, "imports")
    return job


async def _held(session: Session, actor: Actor, job_id: int, *states: State) -> ImportJob:
    asked = select(ImportJob).where(ImportJob.id == job_id, ImportJob.community_id == actor.community_id)
    job = (await session.scalars(asked.with_for_update(key_share=True))).one_or_none()
    if not may(actor):
        raise NotAllowed
    if job is None or job.state not in states:
        raise Over
    return job


async def next_wanted(session: Session) -> Arrival | None:
    """Return the oldest file whose bytes are there, or can't be had."""
    row = (
        await session.execute(
            select(ImportJob, Media.sha256, Media.state)
            .join(Media, Media.id == ImportJob.media_id)
            .where(ImportJob.state == State.WANTED, Media.state != "wanted")
            .order_by(ImportJob.id)
            .limit(1)
        )
    ).one_or_none()
    if row is None:
        return None
    job, sha256, state = row
    return Arrival(
        job.id,
        job.community_id,
        Kind(job.kind) if job.kind else None,
        job.name,
        job.address_id or 0,
        job.by_id,
        job.as_of,
        sha256 if state == "stored" else "",
    )


async def under_way(session: Session) -> Sequence[ImportJob]:
    """Return files of chats that are being applied, or whose end nobody has been told."""
    asked = select(ImportJob).where(
        ImportJob.state.in_([State.APPLYING, State.DONE]), ImportJob.address_id.is_not(None)
    )
    return (await session.scalars(asked.order_by(ImportJob.id))).all()


async def forgotten(session: Session, *, now: datetime) -> Sequence[int]:
    """Return files of chats that were dropped or that nobody decided on for a day, while their rows are kept."""
    old = ImportJob.begun_at < now - KEPT_FOR, ImportJob.state == State.CHECKED
    kept = exists().where(ImportRow.job_id == ImportJob.id)
    lapsed = (ImportJob.state == State.DROPPED) | (old[0] & old[1])
    asked = select(ImportJob.id).where(lapsed, ImportJob.address_id.is_not(None), kept)
    return (await session.scalars(asked)).all()


async def let_go(session: Session, *, job_id: int) -> None:
    """Drop a file that nobody decided on."""
    job = await session.get_one(ImportJob, job_id, with_for_update=True)
    if job.state == State.CHECKED:
        job.state = State.DROPPED


async def reader(session: Session, *, address_id: int) -> To | None:
    """Return who sent a file, as senders need him."""
    return await people.to_of(session, address_id=address_id)


async def unreadable(session: Session, *, arrival: Arrival, text: Text, now: datetime) -> None:
    """Say once that a file is no table, and why."""
    job = await session.get_one(ImportJob, arrival.id, with_for_update=True)
    if job.state == State.WANTED:
        job.state = State.DROPPED
        await _tell(session, job, text, now=now)


async def ask_kind(session: Session, *, arrival: Arrival, now: datetime) -> None:
    """Ask what a file is of."""
    job = await session.get_one(ImportJob, arrival.id, with_for_update=True)
    if job.state != State.WANTED:
        return
    job.state = State.ASKED
    kinds = [Choice(T(f"import.kind.{kind}"), f"go:import:as {job.id} {kind}") for kind in Kind]
    rows = [kinds[:4], kinds[4:], [Choice(T("import.drop"), f"go:import:drop {job.id}")]]
    await _tell(session, job, T("import.which_kind", name=plain(job.name)), rows, now=now)


async def looked_at(
    session: Session, *, arrival: Arrival, job_id: int, text: Text, made: Made | None, now: datetime
) -> None:
    """Tell once what a file would bring, and offer what can be done with it."""
    came = await session.get_one(ImportJob, arrival.id, with_for_update=True)
    if came.state != State.WANTED:
        return
    came.state = State.READ
    job = await session.get_one(ImportJob, job_id, with_for_update=True)
    job.address_id, job.media_id = came.address_id, came.media_id
    files: tuple[int, ...] = ()
    if made is not None:
        key = f"import:{job.id}"
        files = (await media.keep_made(session, made, community_id=job.community_id, key=key, now=now),)
    rows = _offers(job)
    if not rows:
        job.state = State.DROPPED
    await _tell(session, job, lines(text, T("import.ask" if rows else "import.nothing")), rows, files, now=now)


def _offers(job: ImportJob) -> Sequence[Sequence[Choice]]:
    good = sum(job.counts.get(state, 0) for state in ("new", "changed"))
    if not good:
        return []
    skip = Choice(T("import.good"), f"go:import:good {job.id}")
    whole = Choice(T("import.apply"), f"go:import:apply {job.id}")
    return [[skip if job.bad else whole, Choice(T("import.drop"), f"go:import:drop {job.id}")]]


async def ended(session: Session, *, job_id: int, now: datetime) -> None:
    """Tell once that a file has been applied."""
    job = await session.get_one(ImportJob, job_id, with_for_update=True, populate_existing=True)
    if job.state != State.DONE:
        return
    job.state = State.TOLD
    counts = {state: job.counts.get(state, 0) for state in ("new", "changed")}
    skipped = job.bad if job.skip_bad else 0
    text = T("import.done", name=plain(job.name), kind=T(f"import.kind.{job.kind}"), skipped=skipped, **counts)
    await _tell(session, job, text, now=now)


async def _tell(
    session: Session,
    job: ImportJob,
    text: Text,
    rows: Sequence[Sequence[Choice]] = (),
    files: tuple[int, ...] = (),
    *,
    now: datetime,
) -> None:
    to = await people.to_of(session, address_id=job.address_id or 0)
    if to is None:
        return
    key = f"import:{job.id}:{job.state}:{job.kind}"
    await conversations.tell(
        session, to=to, key=key, text=text, rows=rows, media=files, priority=Priority.REPLY, now=now
    )
