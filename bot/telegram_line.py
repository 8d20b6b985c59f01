"""Telegram at work: start-up calls, long polling by one replica at a time, or the webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from aiohttp import web

from bot.channels.telegram import commands, poller, webhook
from bot.channels.telegram.channel import TelegramChannel
from bot.intake import Intake
from bot.settings import TelegramSection
from services import leases, people
from services.db import Database, Session, is_trouble
from services.texts import Texts

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
RENEW = 15.0


def build(settings: TelegramSection) -> TelegramChannel:
    """Make the channel from its settings."""
    return TelegramChannel(
        settings.account,
        settings.token.get_secret_value(),
        base_url=settings.base_url,
        base_file_url=settings.base_file_url,
    )


def route(channel: TelegramChannel, settings: TelegramSection, intake: Intake) -> web.RouteDef:
    """Return the webhook's route."""
    secret = settings.webhook_secret.get_secret_value()
    return web.post(webhook.path_of(channel), webhook.receiver(channel, intake.store, secret=secret))


@dataclass(frozen=True, slots=True)
class Telegram:
    """What the loop needs of the house."""

    channel: TelegramChannel
    settings: TelegramSection
    db: Database
    intake: Intake
    texts: Texts
    owner: str


async def run(line: Telegram, stop: asyncio.Event) -> None:
    """Say who we are and take updates until told to stop; a call that fails at start-up stops nothing."""
    await line.channel.learn_name()
    await commands.set_commands(line.channel, line.texts, staff_chats=await _staff_chats(line))
    if line.settings.mode == "webhook":
        await webhook.set_webhook(
            line.channel,
            public_url=line.settings.public_url,
            secret=line.settings.webhook_secret.get_secret_value(),
        )
        await stop.wait()
        return
    await _poll_when_elected(line, stop)


async def _staff_chats(line: Telegram) -> Sequence[str]:
    async with line.db.reading() as session:
        return await people.staff_chats(session, channel=line.channel.channel, account=line.channel.account)


async def _poll_when_elected(line: Telegram, stop: asyncio.Event) -> None:
    """One replica polls an account, by lease; the others wait for theirs."""
    role = f"poller:{line.channel.account}"
    while not stop.is_set():
        if await _holds(line, role):
            await _poll(line, role, stop)
        else:
            await _rest(stop, RENEW)


async def _holds(line: Telegram, role: str) -> bool:
    async def hold(session: Session) -> bool:
        return await leases.hold(session, role=role, owner=line.owner, lease=LEASE)

    try:
        return await line.db.run(hold)
    except Exception as error:
        if not is_trouble(error):
            raise
        log.warning("the poller's lease is out of reach", why=type(error).__name__)
        return False


async def _poll(line: Telegram, role: str, stop: asyncio.Event) -> None:
    """Poll until told to stop or the lease is lost."""
    until = asyncio.Event()
    keeper = asyncio.create_task(_keep_lease(line, role, stop, until))
    try:
        await poller.poll(line.channel, line.intake.store, offset=None, stop=until, remember=_nothing_to_remember)
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        if stop.is_set():
            await line.db.run(lambda session: leases.release(session, role=role, owner=line.owner))


async def _keep_lease(line: Telegram, role: str, stop: asyncio.Event, until: asyncio.Event) -> None:
    while not stop.is_set():
        await _rest(stop, RENEW)
        if not stop.is_set() and not await _holds(line, role):
            break
    until.set()


async def _nothing_to_remember(offset: int) -> None:
    """Telegram itself keeps what was not confirmed; a repeat is known by its id."""
    del offset


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
