"""What a page sends: frames of JSON, checked before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from bot.channels.port import RawEvent
from bot.channels.web import Where
from services.messages import Channel, MediaKind

MOST_BYTES = 16 * 1024
MOST_WORDS = 4000
MOST_FILES = 9
TAP_BYTES = 64
START = re.compile(r"[\w-]{0,64}", re.ASCII)
ID = re.compile(r"[\w-]{8,64}", re.ASCII)
FILE_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)


class BadFrame(Exception):  # noqa: N818 - reads as what happened
    """A frame that can't be read; `frame_id` when at least that could."""

    def __init__(self, why: str, frame_id: str = "") -> None:
        """Say why."""
        super().__init__(why)
        self.frame_id = frame_id


@dataclass(frozen=True, slots=True)
class Named:
    """A file that was uploaded before and goes along now."""

    file_id: str
    name: str
    kind: MediaKind
    mime: str
    size: int


@dataclass(frozen=True, slots=True)
class Frame:
    """One thing a person does on a page: words, a tap, files, a start; or a look at what was earlier."""

    id: str = ""
    text: str = ""
    tap: str = ""
    message: int = 0  # the mailbox id of the message whose button was tapped
    media: tuple[Named, ...] = field(default=())
    start: str | None = None
    before: int = 0  # show what came before this message


def read(words: str) -> Frame:
    """Read a frame; raises `BadFrame`."""
    try:
        found = orjson.loads(words)
    except orjson.JSONDecodeError as error:
        raise BadFrame("not JSON") from error
    frame_id = found.get("id", "") if isinstance(found, dict) else None
    if not isinstance(frame_id, str) or (frame_id and not ID.fullmatch(frame_id)):
        raise BadFrame("no id")
    try:
        return _read(frame_id, found) if frame_id else Frame(before=_number(found, "before"))
    except (KeyError, TypeError, ValueError) as error:
        raise BadFrame(str(error), frame_id) from error


def _read(frame_id: str, found: Mapping[str, Any]) -> Frame:
    if "start" in found:
        return Frame(frame_id, start=_matching(START, found["start"]))
    if "tap" in found:
        return Frame(frame_id, tap=_tap(found["tap"]), message=_number(found, "message"))
    text, media = found.get("text", ""), tuple(_named(one) for one in found.get("media", ()))
    if not isinstance(text, str) or len(text) > MOST_WORDS or len(media) > MOST_FILES:
        raise ValueError("too much")
    text = text.replace("\x00", "").strip()
    if not text and not media:
        raise ValueError("nothing in it")
    return Frame(frame_id, text=text, media=media)


def _named(one: Mapping[str, Any]) -> Named:
    kind, mime, size, name = one["kind"], str(one["mime"])[:100], int(one["size"]), str(one["name"])[:200]
    return Named(_matching(FILE_ID, one["file_id"]), name, MediaKind(kind), mime, size)


def _tap(tap: object) -> str:
    if not isinstance(tap, str) or not 0 < len(tap.encode()) <= TAP_BYTES:
        raise ValueError("not a tap")
    return tap


def _matching(pattern: re.Pattern[str], words: object) -> str:
    if not isinstance(words, str) or not pattern.fullmatch(words):
        raise ValueError("not well formed")
    return words


def _number(found: Mapping[str, Any], name: str) -> int:
    number = found[name]
    if not isinstance(number, int) or not 0 <= number < 2**53:
        raise ValueError(f"no number in {name}")
    return number


def event(where: Where, frame: Frame, *, language: str) -> RawEvent:
    """Return the event to store for a frame of a page; sent again, it has the same id."""
    payload: dict[str, Any] = {"id": frame.id, "from": where.external, "language": language}
    if frame.start is not None:
        payload["start"] = frame.start
    elif frame.tap:
        payload |= {"tap": frame.tap, "message": frame.message}
    else:
        payload |= {"text": frame.text, "media": frame.media}
    return _raw(where, frame, payload)


def text_message(where: Where, frame: Frame, *, at: datetime) -> RawEvent:
    """Return the event to store for a text message typed on the demo's phone."""
    payload = {
        "id": f"{where.external}:{frame.id}",
        "from": where.external,
        "to": where.account,
        "text": frame.text,
        "at": at.isoformat(),
    }
    return _raw(where, frame, payload)


def _raw(where: Where, frame: Frame, payload: Mapping[str, Any]) -> RawEvent:
    channel, account, external = where
    lane = f"{Channel(channel).value}:{account}:{external}"
    return RawEvent(channel, account, f"{external}:{frame.id}", lane, orjson.dumps(payload).decode())
