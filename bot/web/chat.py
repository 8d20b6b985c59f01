"""The chat: its page and its socket."""

from __future__ import annotations

import re
from typing import Any

import aiohttp_jinja2
import orjson
from aiohttp import WSCloseCode, web

from bot.web import frames, sessions, uploads, words
from bot.web.line import Line
from bot.web.parts import PACES, SITE, Estate, Kind, Site
from bot.web.sessions import Visitor
from bot.web.words import Words

MOST_SOCKETS = 8  # tabs of one page
HEARTBEAT_SECONDS = 25.0
NOT_DIALLED = re.compile(r"[^\d+]")


class Sockets(set[web.WebSocketResponse]):
    """The sockets that are open in this process."""


SOCKETS = web.AppKey("sockets", Sockets)


async def show(request: web.Request) -> web.StreamResponse:
    """Show the chat, giving a new browser its identity."""
    site = request.app[SITE]
    who = sessions.visitor(request)
    if who is None:
        if "persona" in request.query:
            raise web.HTTPNotFound
        who = sessions.new_visitor(site)
    spoken = Words(site.texts, sessions.locale(request))
    given = await _given(site, request, who, spoken)
    template = "phone.html" if given["phone"] else "chat.html"
    response = aiohttp_jinja2.render_template(template, request, given)
    response.headers["Cache-Control"] = "no-store"
    sessions.remember(response, site, who)
    sessions.remember_language(response, request)
    return response


async def _given(site: Site, request: web.Request, who: Visitor, spoken: Words) -> dict[str, Any]:
    estate = await site.estate(who.where.external)
    kind = who.persona.kind if who.persona else Kind.CHAT
    payload = request.query.get("p", "")
    settings = {
        "page": who.persona.slug if who.persona else "own",
        "query": f"?persona={who.persona.slug}" if who.persona else "",
        "start": payload if frames.START.fullmatch(payload) else "",
        "kind": kind.value,
        "zone": site.zone.key,
        "language": spoken.tag,
        "most_bytes": uploads.MOST_BYTES,
        "words": spoken.table(words.CHAT_KEYS),
    }
    return {
        "t": spoken,
        "estate": estate,
        "dial": dialled(estate),
        "persona": who.persona,
        "phone": kind is Kind.PHONE,
        "settings": orjson.dumps(settings).decode(),
    }


async def socket(request: web.Request) -> web.StreamResponse:
    """Serve a page's socket until it closes."""
    site = request.app[SITE]
    sessions.same_origin(request)
    who = sessions.known_visitor(request)
    if site.pages.count(who.where) >= MOST_SOCKETS:
        raise web.HTTPTooManyRequests
    response = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=frames.MOST_BYTES)
    await response.prepare(request)
    request.app[SOCKETS].add(response)
    try:
        with site.pages.opened(who.where) as page:
            language = sessions.locale(request)
            await Line(site, request.app[PACES], response, who, page, language=language).run()
    except ConnectionError:
        pass  # the page went away in the middle of a sentence: it will come back
    finally:
        request.app[SOCKETS].discard(response)
    return response


async def hang_up(app: web.Application) -> None:
    """Close every socket, so that the pages come back to whoever serves next."""
    sockets = app[SOCKETS]
    for open_socket in tuple(sockets):
        await open_socket.close(code=WSCloseCode.GOING_AWAY)


def dialled(estate: Estate) -> str:
    """Return the estate's number as a telephone dials it."""
    return NOT_DIALLED.sub("", estate.phone)
