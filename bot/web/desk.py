"""The desk's page: who may come in, from which browser, with which forms; what every page of it is wrapped in."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp_jinja2
from aiohttp import web

from bot.web import desksign, sessions
from bot.web.limits import Pace
from bot.web.parts import SITE, Site
from bot.web.words import Words
from handlers import deskpage
from handlers.turn import Turn
from services import deskpass
from services.db import Session, is_trouble
from services.deskpass import Pass
from services.messages import Channel, T, Text
from services.refusals import NotFound, Refused
from services.texts import Reader

COOKIE = "ownerline_desk"
HOME = "/desk"
KEY = re.compile(r"[\w-]{8,64}", re.ASCII)
NUMBER = re.compile(r"\d{1,18}", re.ASCII)
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


class BadForm(Refused):
    """The form is none of this session's."""

    key = "refused.desk_form"


class TooFast(Refused):
    """Too many pages or forms within a minute."""

    key = "refused.desk_pace"


class Away(Refused):
    """The database is in trouble."""

    key = "refused.desk_away"


STATUSES: Mapping[type[Refused], int] = {NotFound: 404, TooFast: 429, Away: 503}


@dataclass(frozen=True, slots=True)
class Paces:
    """How fast the page may be asked: pages and forms per browser, links per sender."""

    pages: Pace
    forms: Pace
    doors: Pace


PACES = web.AppKey("desk_paces", Paces)


def paces() -> Paces:
    """Return the page's paces, counted anew."""
    return Paces(pages=Pace(120, 60.0), forms=Pace(40, 60.0), doors=Pace(60, 300.0))


@dataclass(frozen=True, slots=True)
class Shown:
    """A page to be shown."""

    template: str
    given: Mapping[str, Any]
    status: int = 200


@dataclass(frozen=True, slots=True)
class Go:
    """Where the browser goes next, so that reloading never acts again."""

    path: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A file, as it is kept."""

    digest: str
    mime: str


Answer = Shown | Go | Sent


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is in."""

    turn: Turn
    site: Site
    session_id: int
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str] = field(default_factory=dict)
    given: deskpage.Given = deskpage.NOTHING

    @property
    def session(self) -> Session:
        """The request's transaction."""
        return self.turn.session

    def say(self, text: Text | None) -> str:
        """Say a text to the reader of the page, without markup."""
        house, actor = self.turn.house, self.turn.actor
        reader = Reader(actor.locale, house.zone, self.turn.now, Channel.CONSOLE)
        return self.site.texts.say(text, reader)

    def code(self, text: T) -> str:
        """Say what a code stands for; one that an estate made up itself is shown as it is."""
        known = text.key in self.site.texts.keys()  # noqa: SIM118 - not a mapping
        return self.say(text) if known else text.key.partition(".")[2]

    def number(self, name: str) -> int:
        """Return an id that the form, the query or the path carries; 0 when it is none."""
        found = self.form.get(name) or self.query.get(name) or self.path.get(name) or ""
        return int(found) if NUMBER.fullmatch(found) else 0


View = Callable[[Visit], Awaitable[Answer]]


def inside(view: View, *, acts: bool = False) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Let only those see a page who are in; what is sent comes from a page of theirs; what does not act only reads."""

    async def handler(request: web.Request) -> web.StreamResponse:
        token = request.cookies.get(COOKIE, "")
        try:
            _slow_down(request, token)
            form = await _form(request, token) if request.method == "POST" else {}
            answer = await (_acted if acts else _looked)(request, token, form, view)
        except Refused as refused:
            return _closed(request, refused)
        except Exception as error:
            if not is_trouble(error):
                raise
            return _closed(request, Away())
        return outside(request, 401) if answer is None else await _answered(request, token, answer)

    return handler


async def _acted(request: web.Request, token: str, form: Mapping[str, str], view: View) -> Answer | None:
    """Do what a form asks for, in one transaction with the look at who asks."""

    async def act(session: Session) -> Answer | None:
        entered = await _entered(session, request, token, form)
        return await view(await _visit(session, request, entered, form)) if entered is not None else None

    return await request.app[SITE].db.run(act)


async def _looked(request: web.Request, token: str, form: Mapping[str, str], view: View) -> Answer | None:
    """Show a page beside whatever is written meanwhile."""
    db = request.app[SITE].db
    entered = await db.run(lambda session: _entered(session, request, token, form))
    if entered is None:
        return None
    async with db.reading() as session:
        return await view(await _visit(session, request, entered, form))


async def _form(request: web.Request, token: str) -> Mapping[str, str]:
    """Return what a form says; one that is not from a page of this very session is refused."""
    sessions.same_origin(request)
    posted = await request.post()
    form = {name: value for name, value in posted.items() if isinstance(value, str)}
    if token and not desksign.is_of_form(token, form.get("csrf", "")):
        raise BadForm
    return form


def _slow_down(request: web.Request, token: str) -> None:
    pace = request.app[PACES].forms if request.method == "POST" else request.app[PACES].pages
    if pace.wait(deskpass.digest_of(token) if token else request.remote or "") > 0:
        raise TooFast


async def _entered(session: Session, request: web.Request, token: str, form: Mapping[str, str]) -> Pass | None:
    now, key = request.app[SITE].now(), form.get("key", "")
    event_id = key if KEY.fullmatch(key) else ""
    return await deskpass.enter(session, token=token, device=device(request), event_id=event_id, now=now)


async def _visit(session: Session, request: web.Request, entered: Pass, form: Mapping[str, str]) -> Visit:
    site = request.app[SITE]
    if site.world is None:
        raise NotFound
    chosen = "lang" in request.query or sessions.LANGUAGE_COOKIE in request.cookies
    actor = dataclasses.replace(entered.actor, locale=sessions.locale(request)) if chosen else entered.actor
    given = _given(form)
    turn = await deskpage.turn_of(session, actor, now=site.now(), world=site.world, given=given)
    return Visit(turn, site, entered.session_id, request.match_info, request.query, form, given)


def _given(form: Mapping[str, str]) -> deskpage.Given:
    """Return what a form asks for."""
    prompt = form.get("prompt", "")
    return deskpage.Given(
        tap=form.get("tap", ""),
        words=form.get("words", "").strip(),
        prompt_id=int(prompt) if NUMBER.fullmatch(prompt) else 0,
        step=form.get("step", ""),
        note="note" in form,
    )


def device(request: web.Request) -> str:
    """Return what the browser says that it is."""
    return request.headers.get("User-Agent", "")


async def _answered(request: web.Request, token: str, answer: Answer) -> web.StreamResponse:
    if isinstance(answer, Go):
        raise web.HTTPSeeOther(answer.path)
    if isinstance(answer, Sent):
        return await _file(request.app[SITE], answer)
    given = {**answer.given, "csrf": desksign.of_form(token)}
    return render(request, answer.template, given, status=answer.status)


async def _file(site: Site, sent: Sent) -> web.StreamResponse:
    if site.stored is None:
        raise web.HTTPNotFound
    headers = {"Cache-Control": "private, no-store", "Content-Security-Policy": "default-src 'none'"}
    if not sent.mime.startswith(("image/", "audio/")) or "svg" in sent.mime:
        headers["Content-Disposition"] = "attachment"
    body = await site.stored(sent.digest)
    return web.Response(body=body, content_type=sent.mime or "application/octet-stream", headers=headers)


def render(request: web.Request, template: str, given: Mapping[str, Any], *, status: int = 200) -> web.Response:
    """Show a page that nobody keeps: not the browser, not a proxy, not another site's frame."""
    response = aiohttp_jinja2.render_template(template, request, dict(given), status=status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = POLICY
    sessions.remember_language(response, request)
    return response


def outside(request: web.Request, status: int) -> web.Response:
    """Say how one gets in."""
    spoken = Words(request.app[SITE].texts, sessions.locale(request))
    response = render(request, "desk_outside.html", {"t": spoken, "why": "", "settings": None}, status=status)
    response.del_cookie(COOKIE, path=HOME)
    return response


def _closed(request: web.Request, refused: Refused) -> web.StreamResponse:
    """Say what can't be shown; what is not theirs to see is not there."""
    site = request.app[SITE]
    spoken = Words(site.texts, sessions.locale(request))
    status = next((code for kind, code in STATUSES.items() if isinstance(refused, kind)), 403)
    given = {"t": spoken, "why": spoken.label(refused.text), "settings": None}
    return render(request, "desk_outside.html", given, status=status)


async def knock(request: web.Request) -> web.StreamResponse:
    """Show the button that uses a link up: chat apps look at links, and looking must not use them up."""
    site = request.app[SITE]
    token = _token(request, site)
    async with site.db.reading() as session:
        waits = bool(token) and await deskpass.waits(session, token=token, now=site.now())
    if not waits:
        return outside(request, 410)
    spoken = Words(site.texts, sessions.locale(request))
    return render(request, "desk_enter.html", {"t": spoken, "settings": None})


async def come_in(request: web.Request) -> web.StreamResponse:
    """Use the link up and let this browser in."""
    sessions.same_origin(request)
    site = request.app[SITE]
    token = _token(request, site)
    if not token or site.world is None:
        return outside(request, 410)
    now, what, policies = site.now(), device(request), site.world.policies
    try:
        made, hours = await site.db.run(
            lambda session: deskpass.redeem(session, token=token, device=what, now=now, policies=policies)
        )
    except Refused:
        return outside(request, 410)
    response = web.Response(status=303, headers={"Location": HOME, "Cache-Control": "no-store"})
    response.set_cookie(
        COOKIE, made, max_age=hours * 3600, path=HOME, httponly=True, samesite="Strict", secure=site.secure
    )
    return response


def _token(request: web.Request, site: Site) -> str:
    if request.app[PACES].doors.wait(request.remote or "") > 0:
        raise web.HTTPTooManyRequests
    return desksign.token_in(site.secret, request.match_info["token"])


async def leave(request: web.Request) -> web.StreamResponse:
    """Sign off at this browser."""
    token = request.cookies.get(COOKIE, "")
    await _form(request, token)
    site = request.app[SITE]
    if token:
        await site.db.run(lambda session: deskpass.end(session, token=token, now=site.now()))
    return outside(request, 200)
