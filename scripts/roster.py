"""`ownerline roster`: read who is on duty from a file, and print it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import select

from bot.settings import Settings
from scripts import roster_file, running
from scripts.roster_file import Line, NotARosterError
from scripts.trouble import CommandError
from services import actors, shifts
from services.actors import House
from services.db import Session
from services.models import Staff
from services.texts import Texts

IMPORT = "roster"


def load(config: Path | None, *, file: Path, community: str, dry_run: bool, skip_bad: bool) -> None:
    """Put everybody of the file on duty; with a bad line nobody, unless bad lines are left out."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error
    added, known, bad = running.run(_load(running.settings(config), raw, community, dry_run=dry_run, skip_bad=skip_bad))
    for line in bad:
        print(f"line {line.number}: {line.wrong}")
    if bad and not skip_bad:
        raise CommandError(f"{len(bad)} bad lines, nothing was written; --skip-bad leaves them out")
    would = "would be " if dry_run else ""
    print(f"{added} stretches {would}added, {known} there already, {len(bad)} lines left out")


def show(config: Path | None, *, days: int, community: str) -> None:
    """Print who is on duty today and the days after."""
    rows = running.run(_show(running.settings(config), days, community))
    print(running.table(*rows) if rows else "nobody is on the roster")


async def _load(
    settings: Settings,
    raw: bytes,
    community: str,
    *,
    dry_run: bool,
    skip_bad: bool,
) -> tuple[int, int, list[Line]]:
    async with running.opened(settings) as db:
        async with db.reading() as session:
            house = await running.house(session, community)
            staff = await _badges(session, house)
        bad, good = _sorted(raw, house, staff)
        if bad and not skip_bad:
            return 0, 0, bad
        added = 0
        async with db.reading() if dry_run else db.transaction() as session:
            if dry_run:
                added = await _lacking(session, house, staff, good)
            else:
                for line in good:
                    added += await _add(session, house, staff[line.badge], line)
    return added, len(good) - added, bad


def _sorted(raw: bytes, house: House, staff: dict[str, int]) -> tuple[list[Line], list[Line]]:
    """Tell bad lines from good ones; a badge that nobody bears is bad."""
    try:
        found = roster_file.read(raw, texts=Texts.load(), zone=house.zone)
    except NotARosterError as error:
        raise CommandError(str(error)) from error
    unknown = {line.badge for line in found if not line.wrong} - set(staff)
    bad = [line for line in found if line.wrong]
    bad += [
        Line(line.number, wrong=f"badge {line.badge!r} is nobody's here") for line in found if line.badge in unknown
    ]
    good = [line for line in found if not line.wrong and line.badge not in unknown]
    return sorted(bad, key=lambda line: line.number), good


async def _badges(session: Session, house: House) -> dict[str, int]:
    rows = await session.execute(
        select(Staff.badge, Staff.id).where(Staff.community_id == house.id, Staff.active).order_by(Staff.id.desc())
    )
    return {row.badge: row.id for row in rows}


async def _add(session: Session, house: House, staff_id: int, line: Line) -> bool:
    if line.stretch is None:
        return False
    actor = actors.system(IMPORT, house=house)
    return await shifts.put_on(
        session, actor, staff_id=staff_id, starts_at=line.stretch.starts_at, ends_at=line.stretch.ends_at
    )


async def _lacking(session: Session, house: House, staff: dict[str, int], good: Sequence[Line]) -> int:
    """Count the lines that are not on the roster yet."""
    count = 0
    for line in good:
        if line.stretch is None:
            continue
        found = await shifts.roster(session, house.id, line.stretch.starts_at, line.stretch.ends_at)
        theirs = [one.stretch for one in found if one.who.staff_id == staff[line.badge]]
        starts, ends = line.stretch.starts_at, line.stretch.ends_at
        count += not any(one.starts_at <= starts and ends <= one.ends_at for one in theirs)
    return count


async def _show(settings: Settings, days: int, community: str) -> list[tuple[object, ...]]:
    async with running.opened(settings) as db:
        now = await running.desk_now(db)
        async with db.reading() as session:
            house = await running.house(session, community)
            today = now.astimezone(house.zone).date()
            start = datetime.combine(today, time(0), house.zone).astimezone(UTC)
            found = await shifts.roster(session, house.id, start, start + timedelta(days=days))
    return [
        (
            one.who.team,
            one.who.badge,
            one.who.name,
            f"{one.stretch.starts_at.astimezone(house.zone):%Y-%m-%d %H:%M}",
            f"{one.stretch.ends_at.astimezone(house.zone):%Y-%m-%d %H:%M}",
        )
        for one in found
    ]
