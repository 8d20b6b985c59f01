"""`ownerline doctor`: look at everything the service needs, and say how to mend what is wrong."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from bot.settings import Settings
from scripts import running
from services import catalog, migrate, questions
from services.clock import DeskClock
from services.db import Session, machine_now
from services.messages import Channel
from services.models import Address, Community, Event, Staff, TeamChat

IN_PROCESS = frozenset({"demo"})  # gateways that show text messages on the demo's phone instead of sending them
MOST_SKEW = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: how it is, and how to mend it when it is not well; what warns keeps nobody from starting."""

    name: str
    ok: bool
    words: str
    warns: bool = False


def examine(config: Path | None) -> bool:
    """Look at everything, a line each; tell whether all is well."""
    file = running.file_of(config)
    settings = running.settings(config)
    print(line(Finding("settings", ok=True, words=str(file) if file else "built-in ones, no file")))
    return running.run(_examine(settings))


def line(finding: Finding) -> str:
    """Write a finding as people read it."""
    mark = "WARN" if finding.warns else "OK  "
    return f"{mark if finding.ok else 'BAD '} {finding.name}: {finding.words}"


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """Look at the catalogue, the database and what is in it, then at the channels."""
    yield _catalogue(settings)
    yield _questions(settings)
    try:
        revision = migrate.current(settings.database_url())
    except (OSError, SQLAlchemyError) as error:
        yield Finding("database", ok=False, words=str(running.away(settings, error)).split(" can't be used: ")[-1])
        return
    yield Finding("database", ok=True, words=settings.shown_database())
    current = revision == migrate.head()
    yield Finding("migrations", ok=current, words=_revision(revision))
    if not current:
        return
    async with running.opened(settings) as db, db.reading() as session:
        yield await _clock(session)
        yield await _community(session, settings)
        groups = await _groups(session, settings)
    yield _media(settings)
    yield _sms(settings)
    async for finding in _telegram(settings, groups):
        yield finding


async def _examine(settings: Settings) -> bool:
    well = True
    async for finding in findings(settings):
        print(line(finding), flush=True)
        well = well and finding.ok
    return well


def _revision(revision: str | None) -> str:
    if revision == migrate.head():
        return f"at {revision}, the newest"
    if revision is None:
        return "no tables yet; run `ownerline migrate`"
    if revision not in migrate.known():
        return f"at {revision}, later than this program knows ({migrate.head()}); install the newer release"
    return f"at {revision}, {migrate.head()} is wanted; run `ownerline migrate`"


async def _clock(session: Session) -> Finding:
    database = (await session.execute(select(machine_now()))).scalar_one()
    here = running.machine()
    if abs(database - here) > MOST_SKEW:
        words = f"{abs(database - here)} away from the database's; let NTP set both machines"
        return Finding("clock", ok=False, words=words)
    newest = await session.scalar(select(func.max(Event.received_at)))
    if newest and newest > here + MOST_SKEW:
        words = f"{here:%Y-%m-%d %H:%M:%S}Z is before the newest event ({newest:%Y-%m-%d %H:%M:%S}Z); let NTP set it"
        return Finding("clock", ok=False, words=words)
    clock = DeskClock(machine=running.machine)
    await clock.load(session)
    ahead = f", moved {clock.offset} ahead for a demo" if clock.offset else ""
    return Finding("clock", ok=True, words=f"desk time is {clock.now():%Y-%m-%d %H:%M:%S}Z{ahead}")


async def _community(session: Session, settings: Settings) -> Finding:
    known = (await session.scalars(select(Community.slug).order_by(Community.id))).all()
    if settings.community.slug not in known:
        return Finding("community", ok=True, words=f"{settings.community.slug} is made at the first start")
    working = await session.scalar(select(func.count()).select_from(Staff).where(Staff.active))
    words = f"{', '.join(known)}; {working} at work"
    return Finding("community", ok=True, words=words if working else f"{words}: nobody takes tickets yet")


async def _groups(session: Session, settings: Settings) -> list[str]:
    found = await session.scalars(
        select(Address.external).where(
            Address.channel == Channel.TELEGRAM,
            Address.account == settings.telegram.account,
            Address.id.in_(select(TeamChat.address_id)),
            Address.gone_at.is_(None),
        )
    )
    return list(found)


def _sms(settings: Settings) -> Finding:
    sms = settings.sms
    if not sms.enabled:
        return Finding("sms", ok=True, words="not enabled")
    if sms.gateway not in IN_PROCESS:
        return Finding("sms", ok=True, words=f"{sms.account} over {sms.gateway}")
    words = "only the gateway inside this process: alarms by text message reach nobody; connect one that sends"
    return Finding("sms", ok=True, words=words, warns=True)


def _catalogue(settings: Settings) -> Finding:
    file = settings.catalog_file()
    try:
        found = catalog.load(file)
    except catalog.CatalogError as error:
        return Finding("catalogue", ok=False, words=str(error))
    words = f"{file or 'the shipped one'}: {len(found.categories)} matters, {len(found.prices)} prices"
    return Finding("catalogue", ok=True, words=words)


def _questions(settings: Settings) -> Finding:
    file = settings.questions_file()
    try:
        found = questions.load(file)
    except catalog.CatalogError as error:
        return Finding("questions", ok=False, words=str(error))
    return Finding("questions", ok=True, words=f"{file or 'the shipped ones'}: {len(found)}")


def _media(settings: Settings) -> Finding:
    folder = Path(settings.media.folder).absolute()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Finding("media", ok=True, words=str(folder))
    return Finding("media", ok=False, words=f"{there} can't be written to; change its owner or media.folder")


async def _telegram(settings: Settings, groups: list[str]) -> AsyncIterator[Finding]:
    telegram = settings.telegram
    if not telegram.enabled:
        yield Finding("telegram", ok=True, words="not enabled")
        return
    # The library takes its time to import, and most commands do without.
    from bot.channels.telegram import doctor  # noqa: PLC0415
    from bot.channels.telegram.channel import TelegramChannel  # noqa: PLC0415

    channel = TelegramChannel(
        telegram.account,
        telegram.token.get_secret_value(),
        base_url=telegram.base_url,
        base_file_url=telegram.base_file_url,
    )
    try:
        public_url = telegram.public_url if telegram.mode == "webhook" else ""
        for found in await doctor.check(channel, groups=groups, public_url=public_url):
            yield Finding(f"telegram {found.name}", ok=found.ok, words=found.words)
        if not groups:
            yield Finding("telegram groups", ok=True, words="no staff group yet")
    finally:
        await channel.close()
