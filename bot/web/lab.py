"""The lab: everybody of a repair side by side, and a clock that can be moved. In demo mode only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from html import escape
from typing import Any

import aiohttp_jinja2
import orjson
from aiohttp import web

from bot.channels.web import Pages, Where
from bot.web import sessions, words
from bot.web.parts import SITE, Lab, Persona
from bot.web.words import Words
from services import mailbox
from services.db import Database
from services.messages import Channel

LONGEST_SECONDS = 31 * 24 * 3600
MOVING = web.AppKey("moving", asyncio.Lock)


class DemoPhones:
    """The phones of the demo: what the text message gateway delivers shows up in their panes."""

    def __init__(self, db: Database, pages: Pages, *, account: str, now: Callable[[], datetime]) -> None:
        """Take the database of mailboxes and the pages that are open here; `now` is desk time."""
        self._db = db
        self._pages = pages
        self._account = account
        self._now = now

    async def deliver(self, number: str, text: str, message_id: str) -> None:
        """Show a text message on the phone with this number, once per message id."""
        where = Where(Channel.SMS, self._account, number)
        body = {"text": escape(text, quote=False)}
        key, at = f"sms:{self._account}:{message_id}", self._now()
        async with self._db.transaction() as session:
            added = await mailbox.put(session, **where._asdict(), mine=False, body=body, key=key, at=at)
        self._pages.wake(where, added)


async def show(request: web.Request) -> web.StreamResponse:
    """Show the lab."""
    lab, site = _lab(request), request.app[SITE]
    spoken = Words(site.texts, sessions.locale(request))
    settings = {"zone": site.zone.key, "language": spoken.tag, "words": spoken.table(words.LAB_KEYS)}
    given = {
        "t": spoken,
        "personas": lab.personas,
        "hints": [_hint(hint, lab, spoken) for hint in words.HINTS],
        "settings": orjson.dumps(settings).decode(),
    }
    response = aiohttp_jinja2.render_template("lab.html", request, given)
    response.headers["Cache-Control"] = "no-store"
    sessions.remember_language(response, request)
    return response


async def tell_time(request: web.Request) -> web.Response:
    """Tell the demo's time."""
    _lab(request)
    return _time(request.app[SITE].now())


async def move_time(request: web.Request) -> web.Response:
    """Move the demo's clock forward by so many seconds, one mover at a time."""
    lab = _lab(request)
    sessions.same_origin(request)
    seconds = await _seconds(request)
    async with request.app[MOVING]:
        return _time(await lab.advance(seconds))


def _lab(request: web.Request) -> Lab:
    lab = request.app[SITE].lab
    if lab is None:
        raise web.HTTPNotFound
    return lab


def _hint(hint: words.Hint, lab: Lab, spoken: Words) -> dict[str, Any]:
    persona: Persona | None = lab.persona(hint.slug)
    return {
        "text": spoken(hint.key),
        "slug": persona.slug if persona else "",
        "say": spoken(hint.say) if hint.say else "",
    }


async def _seconds(request: web.Request) -> int:
    try:
        found = orjson.loads(await request.read())
        seconds = found["seconds"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise web.HTTPBadRequest from error
    if not isinstance(seconds, int) or not 0 < seconds <= LONGEST_SECONDS:
        raise web.HTTPBadRequest
    return seconds


def _time(at: datetime) -> web.Response:
    return web.json_response({"at": at.isoformat()}, headers={"Cache-Control": "no-store"})
