"""The payment provider's hook: check the signature, keep the call and book it, and only then say that it arrived."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from services.db import Database, Session, is_trouble
from services.models import ProviderCall
from services.money import provider
from services.money.provider import Call

PATH = "/pay/{community}"
SIGNATURE_HEADER = "X-Ownerline-Signature"
LARGEST_BODY = 64 * 1024
MOST_BILLS = 100
_WAIT_SECONDS = "5"

log = structlog.get_logger(__name__)


class _Body(BaseModel):
    """What a call must say, and may."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: str = Field(min_length=1, max_length=100)
    cents: int = Field(gt=0, le=10**12)
    paid_at: AwareDatetime
    unit: str = Field("", max_length=60)
    way: str = Field("other", pattern="^[a-z]{1,20}$")
    payer: str = Field("", max_length=100)
    bills: list[int] = Field([], max_length=MOST_BILLS)
    refund_of: str = Field("", max_length=100)


def signature(secret: str, body: bytes, *, at: int) -> str:
    """Return the header for a body at a Unix time: `t=…,v1=…`, HMAC-SHA256 over "<t>.<body>" in hex."""
    return f"t={at},v1={hmac.new(secret.encode(), b'%d.%b' % (at, body), sha256).hexdigest()}"


def is_signed(secret: str, header: str, body: bytes, *, now: datetime, tolerance: timedelta) -> bool:
    """Whether a header is ours for the body, and not old."""
    at = dict(part.partition("=")[::2] for part in header.split(",")).get("t", "")
    if not (at.isascii() and at.isdigit() and len(at) <= len("9999999999")):
        return False
    fresh = abs(now.timestamp() - int(at)) <= tolerance.total_seconds()
    return hmac.compare_digest(signature(secret, body, at=int(at)).encode(), header.encode()) and fresh


def receiver(
    db: Database,
    *,
    secret: str,
    tolerance: timedelta,
    machine: Callable[[], datetime],
    now: Callable[[], datetime],
) -> Handler:
    """Make the handler of the provider's calls; `machine` judges how old a call is, `now` is desk time."""
    if not secret:
        raise ValueError("a hook without a secret would book money from anybody")

    async def receive(request: web.Request) -> web.Response:
        body = await request.clone(client_max_size=LARGEST_BODY).read()
        header = request.headers.get(SIGNATURE_HEADER, "")
        if not is_signed(secret, header, body, now=machine(), tolerance=tolerance):
            return _said(401, error="signature")
        try:
            said = _Body.model_validate_json(body)
        except ValidationError as error:
            return _said(400, error=".".join(str(part) for part in error.errors()[0]["loc"]) or "body")
        slug = request.match_info["community"]
        try:
            kept = await db.run(lambda session: _take(session, slug, said, body, now()))
        except (OSError, SQLAlchemyError) as error:
            if not is_trouble(error):
                raise
            log.warning("a payment was put off", why=type(error).__name__)
            return web.Response(status=503, headers={"Retry-After": _WAIT_SECONDS})
        if kept is None:
            return _said(404, error="community")
        return _said(200, state=kept[0], why=kept[1])

    return receive


async def _take(session: Session, slug: str, said: _Body, body: bytes, now: datetime) -> tuple[str, str] | None:
    call = Call(
        key=said.id,
        body=body.decode(errors="replace"),
        cents=said.cents,
        paid_at=said.paid_at,
        unit=said.unit,
        way=said.way,
        payer=said.payer,
        bills=tuple(said.bills),
        refund_of=said.refund_of,
    )
    kept: ProviderCall | None = await provider.take(session, slug=slug, call=call, now=now)
    return None if kept is None else (kept.state, kept.why)


def _said(status: int, **what: Any) -> web.Response:  # noqa: ANN401
    return web.Response(status=status, body=orjson.dumps(what), content_type="application/json")
