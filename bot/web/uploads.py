"""Files of a page: taken in small, served only to whom they belong."""

from __future__ import annotations

from typing import Final

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from bot.web import sessions
from bot.web.parts import PACES, SITE
from services.messages import MediaKind

MOST_BYTES: Final = 10 * 1024 * 1024
CHUNK = 64 * 1024
KINDS: Final = {"image": MediaKind.PHOTO, "audio": MediaKind.VOICE}
DOCUMENT = "application/pdf"
# Pictures that may hold scripts are no pictures here.
REFUSED = frozenset({"image/svg+xml", "image/xml"})
UNDER_LOCK = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


async def take(request: web.Request) -> web.Response:
    """Keep an uploaded file and say under which id."""
    sessions.same_origin(request)
    who = sessions.known_visitor(request)
    if request.app[PACES].uploads.wait(":".join(who.where)) > 0:
        raise web.HTTPTooManyRequests
    part = await _file_part(request)
    mime = part.headers.get("Content-Type", "").split(";")[0].strip().lower()
    kind = kind_of(mime)
    if kind is None:
        raise web.HTTPUnsupportedMediaType
    name = (part.filename or "")[:200]
    content = await _content(part)
    file_id = await request.app[SITE].keep(who.where.external, name, mime, content)
    return web.json_response({"file_id": file_id, "kind": kind.value, "mime": mime, "size": len(content), "name": name})


async def show(request: web.Request) -> web.Response:
    """Serve a file to the page that may see it; to others it does not exist."""
    who = sessions.known_visitor(request)
    found = await request.app[SITE].open(who.where.external, request.match_info["file_id"])
    if found is None:
        raise web.HTTPNotFound
    mime, content = found
    headers = {"Cache-Control": "private, max-age=86400", "Content-Security-Policy": UNDER_LOCK}
    if kind_of(mime) is None:
        headers["Content-Disposition"] = "attachment"
    return web.Response(body=content, content_type=mime, headers=headers)


def kind_of(mime: str) -> MediaKind | None:
    """Tell what kind of file a type is; None when it is not taken."""
    if mime in REFUSED:
        return None
    if mime == DOCUMENT:
        return MediaKind.DOCUMENT
    return KINDS.get(mime.partition("/")[0])


async def _file_part(request: web.Request) -> BodyPartReader:
    if request.content_type != "multipart/form-data":
        raise web.HTTPUnsupportedMediaType
    if (request.content_length or 0) > MOST_BYTES + CHUNK:
        raise web.HTTPRequestEntityTooLarge(MOST_BYTES, request.content_length or 0)
    try:
        part = await (await request.multipart()).next()
    except (ValueError, HttpProcessingError) as error:
        raise web.HTTPBadRequest from error
    if not isinstance(part, BodyPartReader) or part.name != "file":
        raise web.HTTPBadRequest
    return part


async def _content(part: BodyPartReader) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(CHUNK):
        content += chunk
        if len(content) > MOST_BYTES:
            raise web.HTTPRequestEntityTooLarge(MOST_BYTES, len(content))
    if not content:
        raise web.HTTPBadRequest
    return bytes(content)
