"""The webhook: check the secret, store the raw update, and only then say that it arrived."""

from __future__ import annotations

import hmac

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from sqlalchemy.exc import SQLAlchemyError
from telegram.error import TelegramError

from bot.channels.port import RawEvent, Store
from bot.channels.telegram.channel import TelegramChannel, parse
from bot.channels.telegram.reading import KINDS
from services.db import is_trouble

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name
LARGEST_BODY = 1024 * 1024
_WAIT_SECONDS = "5"

log = structlog.get_logger(__name__)


def path_of(channel: TelegramChannel) -> str:
    """Return the path that updates of the channel come to; it tells nobody the token."""
    return f"/telegram/{channel.account}"


def receiver(channel: TelegramChannel, store: Store, *, secret: str) -> Handler:
    """Make the handler of the channel's updates."""
    if not secret:
        raise ValueError("a webhook without a secret would take updates from anybody")
    expected = secret.encode()

    async def receive(request: web.Request) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "").encode(errors="replace")
        if not hmac.compare_digest(given, expected):
            return web.Response(status=403)
        body = await _body(request)
        try:
            await store(_event(channel, body))
        except (OSError, SQLAlchemyError) as error:
            if not is_trouble(error):
                raise
            log.warning("an update was put off", account=channel.account, why=type(error).__name__)
            return web.Response(status=503, headers={"Retry-After": _WAIT_SECONDS})
        return web.Response()

    return receive


async def _body(request: web.Request) -> bytes:
    """Read the body, up to the largest update, whatever pages may be sent; raises 413."""
    if request.content_length is not None and request.content_length <= LARGEST_BODY:
        return await request.content.read()
    return await request.clone(client_max_size=LARGEST_BODY).read()


def _event(channel: TelegramChannel, body: bytes) -> RawEvent:
    # Telegram repeats for a day what is refused and holds back what follows, so the unreadable is taken too.
    payload = body.decode(errors="replace")
    update = parse(body)
    return channel.unread(payload) if update is None else channel.event(update, payload)


async def set_webhook(channel: TelegramChannel, *, public_url: str, secret: str, connections: int = 40) -> bool:
    """Tell Telegram where updates go, below the public address; a failure is logged: the last one stays."""
    try:
        await channel.bot.set_webhook(
            public_url.rstrip("/") + path_of(channel),
            secret_token=secret,
            max_connections=connections,
            allowed_updates=list(KINDS),
            drop_pending_updates=False,
        )
    except TelegramError as error:
        log.error("the webhook was not set", account=channel.account, why=error.message)  # noqa: TRY400 - expected
        return False
    return True
