"""Logs: structured, as lines for people or as JSON, with phones and names masked and nobody's words in them."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Literal, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

NAMES = frozenset(
    {
        "name",
        "person",
        "requester",
        "display_name",
        "first_name",
        "last_name",
        "full_name",
        "username",
        "requester_name",
    }
)
PHONES = frozenset({"phone", "number", "e164", "sender", "external", "to", "msisdn", "requester_phone", "mobile"})
WORDS = frozenset({"text", "words", "payload", "body", "matter", "message_text", "caption", "answers", "say"})
SHORTEST = 8  # digits after the country, else both ends are the whole

# In free text only what can hardly be anything else: +country and digits, or a mobile number of the mainland.
_PHONE = re.compile(r"(?<![\w+])(\+[1-9](?:[ -]?\d){7,14}|1[3-9]\d[ -]?\d{4}[ -]?\d{4})(?![\w-])")
_DIGITS = re.compile(r"\+?\d(?:[ -]?\d){4,}")
_TOKEN = re.compile(r"\d{3,}:[A-Za-z0-9_-]{20,}")  # a bot token, as in addresses of the Bot API
_PARAMETERS = re.compile(r"\[parameters: .*?\](?=\n|$)", re.DOTALL)  # of a failed statement: they hold words
_PASSWORD = re.compile(r"(?<=://)([^\s/:@]+):[^\s/@]+(?=@)")

QUIET = dict.fromkeys(("aiohttp.access", "alembic", "apscheduler", "telegram"), logging.WARNING)


def configure(
    level: str = "info", form: Literal["console", "json"] = "console", *, stream: TextIO | None = None
) -> None:
    """Set up logging of ours and of the libraries; again if need be."""
    out = stream or sys.stderr
    lowest = logging.getLevelNamesMapping()[level.upper()]
    shared = processors(shows_words=lowest <= logging.DEBUG)
    last = _renderer(form, out)
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared[1:], processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
    )
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(lowest)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(max(least, lowest))


def processors(*, shows_words: bool) -> list[Processor]:
    """Return what every line goes through before it is written."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        keep_words if shows_words else drop_words,
        mask,
    ]


def drop_words(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Leave out what people wrote: only its length is told."""
    for key in WORDS & line.keys():
        value = line[key]
        line[key] = f"({len(value)})" if isinstance(value, str | Sequence | Mapping) else "(1)"
    return line


def keep_words(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Let words pass, for somebody who looks for a fault with level "debug"."""
    return line


def mask(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Mask phone numbers wherever they stand, names under the keys that hold names, and tokens."""
    for key, value in line.items():
        if key not in {"timestamp", "level"}:
            line[key] = _masked(key, value)
    return line


def mask_phone(text: str) -> str:
    """Leave of a phone number the country, three digits and the last four: +86138****8000."""
    digits = re.sub(r"[ -]", "", text)
    country = 3 if digits.startswith("+") else 0
    if len(digits) < country + SHORTEST:
        return "*" * len(digits)
    return f"{digits[: country + 3]}****{digits[-4:]}"


def mask_name(text: str) -> str:
    """Leave of a name its first sign."""
    return text[:1] + "**" if text else text


def _masked(key: str, value: Any) -> Any:  # noqa: ANN401 - a line holds anything
    if isinstance(value, Mapping):
        return {inner: _masked(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(key, item) for item in value]
    if key in NAMES:
        return mask_name(str(value)) if value is not None else None
    if key in PHONES and value is not None:
        return _DIGITS.sub(lambda found: mask_phone(found.group()), str(value))
    if value is None or isinstance(value, bool | int | float):
        return value
    return _masked_text(str(value))


def _masked_text(text: str) -> str:
    text = _PARAMETERS.sub("[parameters: hidden]", text)
    text = _PHONE.sub(lambda found: mask_phone(found.group()), text)
    return _PASSWORD.sub(r"\1:***", _TOKEN.sub("***", text))


def _renderer(form: Literal["console", "json"], out: TextIO) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(serializer=_json)
    return structlog.dev.ConsoleRenderer(
        colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback, sort_keys=False
    )


def _json(line: MutableMapping[str, Any], **_: Any) -> str:  # noqa: ANN401
    return orjson.dumps(line, default=str).decode()
