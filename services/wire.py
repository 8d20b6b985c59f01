"""Texts and says as JSON, for the outbox and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.messages import Cents, Choice, Keyboard, Lines, Param, Say, Style, T, Text, When


def pack_say(say: Say) -> dict[str, Any]:
    """Turn a say into plain JSON data."""
    packed: dict[str, Any] = {"text": pack(say.text)}
    if say.choices:
        packed["rows"] = [[[pack(c.label), c.tap, c.url, c.digit] for c in row] for row in say.choices]
    if say.keyboard:
        packed["keyboard"] = say.keyboard.value
    if say.media:
        packed["media"] = list(say.media)
    return packed


def read_say(data: Mapping[str, Any]) -> Say:
    """Turn the JSON data back into a say."""
    return Say(
        text=read_text(data["text"]),
        choices=tuple(
            tuple(Choice(read_label(label), tap, url, digit) for label, tap, url, digit in row)
            for row in data.get("rows", ())
        ),
        keyboard=Keyboard(data["keyboard"]) if "keyboard" in data else None,
        media=tuple(data.get("media", ())),
    )


def pack(value: Param) -> Any:  # noqa: ANN401 - JSON
    """Turn a text or a param into JSON data."""
    if isinstance(value, T):
        return {"t": value.key, "p": {name: pack(item) for name, item in value.params.items()}}
    if isinstance(value, Lines):
        return {"lines": [pack(part) for part in value.parts], "by": value.between}
    if isinstance(value, When):
        return {"at": value.at.isoformat(), "as": value.style.value}
    if isinstance(value, Cents):
        return {"cents": value.amount}
    return value


def read_text(data: Any) -> Text:  # noqa: ANN401 - JSON
    """Turn JSON data back into a text."""
    value = read(data)
    if not isinstance(value, T | Lines):
        msg = f"not a text: {data!r}"
        raise TypeError(msg)
    return value


def read(data: Any) -> Param:  # noqa: ANN401 - JSON
    """Turn JSON data back into a text or a param."""
    if not isinstance(data, Mapping):
        return data  # type: ignore[no-any-return]
    if "t" in data:
        return T(data["t"], **{name: read(item) for name, item in data["p"].items()})
    if "lines" in data:
        return Lines(tuple(None if part is None else read_text(part) for part in data["lines"]), data["by"])
    if "at" in data:
        return When(datetime.fromisoformat(data["at"]), Style(data["as"]))
    return Cents(data["cents"])


def read_label(data: Any) -> T:  # noqa: ANN401 - JSON
    """Turn JSON data back into a label."""
    value = read(data)
    if not isinstance(value, T):
        msg = f"not a label: {data!r}"
        raise TypeError(msg)
    return value


def refilled(text: Text, own: Mapping[str, Param]) -> Text:
    """Say the same about something else: wherever the text names what `own` has, that stands there."""
    if isinstance(text, Lines):
        return Lines(tuple(refilled(part, own) if part is not None else None for part in text.parts), text.between)
    return T(text.key, **{name: own.get(name, _within(value, own)) for name, value in text.params.items()})


def _within(value: Param, own: Mapping[str, Param]) -> Param:
    return refilled(value, own) if isinstance(value, T | Lines) else value
