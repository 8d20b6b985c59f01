"""Who looks at a page: a signed random id in a cookie, or in the lab a persona; and in which language."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web
from itsdangerous import BadSignature, Signer

from bot.channels.web import Where
from bot.web.parts import SITE, Persona, Site
from services.messages import Channel
from services.texts import DEFAULT_LOCALE, LOCALES

COOKIE = "ownerline_page"
LANGUAGE_COOKIE = "ownerline_lang"
SALT = "ownerline.page"
COOKIE_SECONDS = 400 * 24 * 3600  # browsers keep none longer
TRADITIONAL = re.compile(r"^zh-(hant|tw|hk|mo)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose mailbox a request may read and write; `persona` when somebody is played in the lab."""

    where: Where
    persona: Persona | None = None


def visitor(request: web.Request) -> Visitor | None:
    """Return who asks: the persona named, else the page of the cookie; None when there is neither."""
    site = request.app[SITE]
    slug = request.query.get("persona")
    if slug is not None:
        return _played(site, slug)
    external = _unsigned(site, request.cookies.get(COOKIE, ""))
    return Visitor(Where(Channel.WEB, site.account, external)) if external else None


def known_visitor(request: web.Request) -> Visitor:
    """Return who asks, or answer that the page must be opened first."""
    found = visitor(request)
    if found is None:
        raise web.HTTPUnauthorized
    return found


def new_visitor(site: Site) -> Visitor:
    """Make up a page nobody else has."""
    return Visitor(Where(Channel.WEB, site.account, secrets.token_hex(16)))


def remember(response: web.StreamResponse, site: Site, who: Visitor) -> None:
    """Give the browser its cookie, anew with every visit so that it never runs out on a regular."""
    if who.persona is None:
        value = _signer(site).sign(who.where.external).decode()
        _set_cookie(response, site, COOKIE, value)


def same_origin(request: web.Request) -> None:
    """Refuse what a page of another site sends in the visitor's name."""
    origin = request.headers.get("Origin", "")
    ours = {request.host, urlsplit(request.app[SITE].origin).netloc} - {""}
    if urlsplit(origin).netloc not in ours:
        raise web.HTTPForbidden


def locale(request: web.Request) -> str:
    """Choose the page's language: asked for, remembered, or the browser's."""
    asked = (request.query.get("lang", ""), request.cookies.get(LANGUAGE_COOKIE, ""))
    accepted = (part.split(";")[0] for part in request.headers.get("Accept-Language", "").split(","))
    tags = (_as_locale(tag.strip()) for tag in (*asked, *accepted))
    return next((found for found in tags if found), DEFAULT_LOCALE)


def remember_language(response: web.StreamResponse, request: web.Request) -> None:
    """Keep the language that was asked for."""
    asked = _as_locale(request.query.get("lang", ""))
    if asked:
        _set_cookie(response, request.app[SITE], LANGUAGE_COOKIE, tag(asked))


def tag(name: str) -> str:
    """Return a locale as browsers write it."""
    return name.replace("_", "-")


def _played(site: Site, slug: str) -> Visitor | None:
    persona = site.lab.persona(slug) if site.lab else None
    return Visitor(persona.where, persona) if persona else None


def _as_locale(language: str) -> str | None:
    known = next((name for name in LOCALES if tag(name).lower() == language.lower()), None)
    if known:
        return known
    if TRADITIONAL.match(language):
        return "zh_Hant"
    return {"zh": "zh_Hans", "en": "en"}.get(language[:2].lower())


def _set_cookie(response: web.StreamResponse, site: Site, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=COOKIE_SECONDS, path="/", httponly=True, samesite="Lax", secure=site.secure
    )


def _signer(site: Site) -> Signer:
    return Signer(site.secret, salt=SALT)


def _unsigned(site: Site, value: str) -> str:
    try:
        return _signer(site).unsign(value).decode()
    except BadSignature:
        return ""
