"""The site put together: routes, templates, static files, headers, the end of its sockets."""

from __future__ import annotations

import asyncio
import hashlib
import re
from functools import partial
from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import web

from bot.web import chat, desk, deskforms, deskviews, lab, sessions, uploads
from bot.web.limits import Pace
from bot.web.parts import PACES, SITE, Estate, Kind, Lab, Paces, Persona, Site
from bot.web.words import Words

__all__ = ["Estate", "Kind", "Lab", "Persona", "Site", "build", "mount"]

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
A_YEAR = "public, max-age=31536000, immutable"
HOST = re.compile(r"[\w.\-:\[\]]+", re.ASCII)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(self), microphone=(self)",
}


def build(site: Site) -> web.Application:
    """Build an application of the pages alone."""
    app = web.Application()
    mount(app, site)
    return app


def mount(app: web.Application, site: Site) -> None:
    """Put the pages into an application that may serve other things too."""
    app[SITE] = site
    app[PACES] = Paces(frames=Pace(30, 20.0), uploads=Pace(30, 300.0))
    app[chat.SOCKETS] = chat.Sockets()
    app[desk.PACES] = desk.paces()
    app[lab.MOVING] = asyncio.Lock()
    static = f"/static/{_digest(STATIC)}"
    env = aiohttp_jinja2.setup(app, loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    env.globals["static"] = static
    own = desk_routes() if site.world is not None else []
    app.add_routes([*routes(), *own, web.static(static, STATIC)])
    app.on_response_prepare.append(partial(_guard, static))
    app.on_shutdown.append(chat.hang_up)


def routes() -> list[web.RouteDef]:
    """List the pages and what they talk to."""
    return [
        web.get("/", _landing),
        web.get("/chat", chat.show),
        web.get("/chat/ws", chat.socket),
        web.post("/chat/media", uploads.take),
        web.get("/chat/media/{file_id}", uploads.show),
        web.get("/lab", lab.show),
        web.get("/lab/clock", lab.tell_time),
        web.post("/lab/clock", lab.move_time),
    ]


def desk_routes() -> list[web.RouteDef]:
    """List the pages of the desk."""
    return [
        web.get("/desk/enter/{token}", desk.knock),
        web.post("/desk/enter/{token}", desk.come_in),
        web.post("/desk/leave", desk.leave),
        web.get("/desk", desk.inside(deskviews.queue)),
        web.post("/desk", desk.inside(deskforms.search)),
        web.get("/desk/t/{ticket}", desk.inside(deskviews.ticket)),
        web.get("/desk/t/{ticket}/file/{media}", desk.inside(deskviews.file)),
        web.get("/desk/p/{person}", desk.inside(deskviews.person, acts=True)),
        web.post("/desk/p/{person}", desk.inside(deskforms.reveal, acts=True)),
        web.get("/desk/caller", desk.inside(deskviews.caller)),
        web.post("/desk/caller", desk.inside(deskforms.calling)),
        web.get("/desk/new", desk.inside(deskviews.new)),
        web.post("/desk/new", desk.inside(deskforms.take_down, acts=True)),
        web.post("/desk/do", desk.inside(deskforms.do, acts=True)),
        web.get("/desk/said/{act}", desk.inside(deskforms.said)),
    ]


async def _landing(request: web.Request) -> web.StreamResponse:
    site = request.app[SITE]
    who = sessions.visitor(request)
    estate = await site.estate(who.where.external if who else "")
    given = {
        "t": Words(site.texts, sessions.locale(request)),
        "estate": estate,
        "dial": chat.dialled(estate),
        "lab": site.lab is not None,
    }
    response = aiohttp_jinja2.render_template("home.html", request, given)
    sessions.remember_language(response, request)
    return response


async def _guard(static: str, request: web.Request, response: web.StreamResponse) -> None:
    if isinstance(response, web.Response) and response.body is None:  # nothing that a browser could misread
        return
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.path.startswith(static):
        response.headers["Cache-Control"] = A_YEAR
    if response.content_type == "text/html":
        response.headers.setdefault("Content-Security-Policy", _policy(request.host))


def _policy(host: str) -> str:
    """Allow what comes from here and nothing else; older browsers don't count a socket as "self"."""
    sockets = f" ws://{host} wss://{host}" if HOST.fullmatch(host) else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
        "img-src 'self' blob: data:; media-src 'self' blob:; frame-src 'self'; form-action 'self'; "
        f"base-uri 'none'; frame-ancestors 'self'; connect-src 'self'{sockets}"
    )


def _digest(folder: Path) -> str:
    """Name the static files by what is in them, so that browsers may keep them for ever."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
