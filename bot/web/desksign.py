"""Signs what opens the desk's page: links, and the tokens that its forms carry."""

from __future__ import annotations

import hashlib
import hmac

from itsdangerous import BadSignature, Signer

from bot.settings import WebSection

SALT = "ownerline.desk"
FORM = b"ownerline.desk.form:"


def address(web: WebSection, secret: str, token: str) -> str:
    """Return the address of a link."""
    origin = web.public_url.rstrip("/") or f"http://{web.host}:{web.port}"
    return f"{origin}/desk/enter/{Signer(secret, salt=SALT).sign(token).decode()}"


def token_in(secret: str, signed: str) -> str:
    """Return the token of a link; empty when it is none of ours, so that guesses never reach the database."""
    try:
        return Signer(secret, salt=SALT).unsign(signed).decode()
    except (BadSignature, UnicodeDecodeError):
        return ""


def of_form(session_token: str) -> str:
    """Return what every form of a session carries: another site can't know it, and it opens nothing by itself."""
    return hmac.new(session_token.encode(), FORM, hashlib.sha256).hexdigest()


def is_of_form(session_token: str, given: str) -> bool:
    """Whether a form was made for this session."""
    return hmac.compare_digest(of_form(session_token).encode(), given.encode())
