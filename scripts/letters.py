"""`ownerline dunning`: letters as one PDF, the legal list and a household's record as workbooks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from bot.settings import Settings
from scripts import running
from scripts.trouble import CommandError
from services import actors, people, places
from services.access import Deed
from services.actors import Actor, House
from services.db import Database, Session
from services.digests import books, court, letterpaper
from services.digests.pages import Page
from services.dunning import letters
from services.dunning.letters import NoSuchLetter, Printed, Waits
from services.messages import Channel, Text
from services.models import Unit
from services.settings import Policies
from services.stretches import Stretch
from services.texts import Reader, Texts

OPERATOR = "operator"
LAST = "last"
Say = Callable[[Text], str]


def print_letters(config: Path | None, *, file: Path, community: str, again: str) -> bool:
    """Write the letters that are wanted into one PDF, or those printed before; False when a letter had to wait."""
    settings = running.settings(config)
    if again:
        print(f"{running.run(_again(settings, file, community, again))} letters in {file}")
        return True
    count, waiting = running.run(_print(settings, file, community))
    print(f"{count} letters in {file}" if count else "no letter to print")
    for line in waiting:
        print(line)
    return not waiting


def list_legal(config: Path | None, *, file: Path, community: str) -> None:
    """Write the legal list into a workbook."""
    count = running.run(_legal(running.settings(config), file, community))
    print(f"{count} households in {file}" if count else "nobody is on the legal list")


def write_record(config: Path | None, *, unit: str, file: Path, community: str) -> None:
    """Write everything that was tried with a household, and what it paid, into a workbook."""
    print(f"{running.run(_record(running.settings(config), unit, file, community))} rows in {file}")


def _clerk(house: House) -> Actor:
    return actors.system(OPERATOR, Deed.SEND_LETTERS, house=house)


def _speaker(house: House, now: datetime) -> Say:
    texts, reader = Texts.load(), Reader(house.locale, house.zone, now, Channel.CONSOLE)
    return lambda text: texts.say(text, reader)


async def _print(settings: Settings, file: Path, community: str) -> tuple[int, Sequence[str]]:
    """Number in short transactions, then render from the rows: what can't be written now is printed again later."""
    async with running.opened(settings) as db:
        now = await running.desk_now(db)
        async with db.reading() as session:
            house = await running.house(session, community)
        batch = f"{OPERATOR}:{house.id}:{now.isoformat()}"
        waiting = await _number(db, settings, house, batch, now)
        async with db.reading() as session:
            found = await letters.batch(session, _clerk(house), community_id=house.id, name=batch)
        await _write(file, found, house, now)
    say = _speaker(house, now)
    return len(found), [f"waits: {say(places.unit_label(one.unit))}, no {' '.join(one.signs)}" for one in waiting]


async def _number(db: Database, settings: Settings, house: House, batch: str, now: datetime) -> Sequence[Waits]:
    await asyncio.to_thread(letterpaper.lacking, "")
    waiting, after = list[Waits](), 0
    policies, lacking = Policies(settings.policy()), letterpaper.lacking
    while True:
        async with db.transaction() as session:
            clerk, how = _clerk(house), (await policies.of(session, house.id)).payments.said(house.locale)
            step = await letters.number(
                session, clerk, house=house, batch=batch, after=after, lacking=lacking, how=how, now=now
            )
        waiting += step.waiting
        if step.after is None:
            return waiting
        after = step.after


async def _again(settings: Settings, file: Path, community: str, name: str) -> int:
    async with running.opened(settings) as db:
        now = await running.desk_now(db)
        async with db.reading() as session:
            house = await running.house(session, community)
            found = await _printed_before(session, house, name)
        await _write(file, found, house, now)
    return len(found)


async def _printed_before(session: Session, house: House, name: str) -> Sequence[Printed]:
    if name == LAST:
        found = await letters.last_batch(session, _clerk(house), community_id=house.id)
        if not found:
            raise CommandError("no letter was printed yet")
        return found
    try:
        return [await letters.numbered(session, _clerk(house), community_id=house.id, name=name)]
    except NoSuchLetter:
        raise CommandError(f"{name!r} is no letter here; write it like 2026-012, or {LAST}") from None


async def _write(file: Path, found: Sequence[Printed], house: House, now: datetime) -> None:
    if not found:
        return
    made = await asyncio.to_thread(letterpaper.pdf, found, say=_speaker(house, now), locale=house.locale)
    await asyncio.to_thread(file.write_bytes, made)


async def _legal(settings: Settings, file: Path, community: str) -> int:
    async with running.opened(settings) as db:
        now = await running.desk_now(db)
        async with db.reading() as session:
            house = await running.house(session, community)
            page = await _page(session, house, court.LEGAL, now)
    return await _book(file, page, house, now) if page.workbook else 0


async def _record(settings: Settings, name: str, file: Path, community: str) -> int:
    async with running.opened(settings) as db:
        now = await running.desk_now(db)
        async with db.reading() as session:
            house = await running.house(session, community)
            unit = await _unit(session, house, name)
            page = await _page(session, house, f"{court.RECORD}{unit.id}", now)
    return await _book(file, page, house, now)


async def _page(session: Session, house: House, kind: str, now: datetime) -> Page:
    span = Stretch(now - timedelta(days=1), now)
    return (await court.pages(session, _clerk(house), kind=kind, key="", house=house, span=span, now=now))[0]


async def _book(file: Path, page: Page, house: House, now: datetime) -> int:
    made = await asyncio.to_thread(books.write, page.workbook, say=_speaker(house, now), zone=house.zone)
    await asyncio.to_thread(file.write_bytes, made)
    return sum(len(table.rows) for table in page.workbook)


async def _unit(session: Session, house: House, name: str) -> Unit:
    found = await people.unit_written(session, community_id=house.id, name=name)
    if found is None:
        raise CommandError(f"{name!r} is no unit here; write it like 3-2-1502")
    return found
