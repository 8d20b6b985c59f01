"""Updates as Telegram posts them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Post:
    """Makes updates with ids of their own."""

    ids: Iterator[int] = field(default_factory=lambda: count(1))

    def words(self, person: int, text: str) -> bytes:
        """Somebody writes."""
        message = self._message(person, text)
        if text.startswith("/"):
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text)}]
        return self._update({"message": message})

    def tap(self, person: int, message_id: int, data: str) -> bytes:
        """Somebody presses a button."""
        number = next(self.ids)
        shown = self._message(person, "") | {"message_id": message_id}
        query = {"id": str(number), "from": _face(person), "message": shown, "chat_instance": "1", "data": data}
        return self._update({"callback_query": query})

    def _message(self, person: int, text: str) -> dict[str, Any]:
        return {
            "message_id": next(self.ids),
            "date": int(time.time()),
            "from": _face(person),
            "chat": {"id": person, "type": "private", "first_name": f"P{person}"},
            "text": text,
        }

    def _update(self, content: Mapping[str, Any]) -> bytes:
        return orjson.dumps({"update_id": next(self.ids), **content})


def _face(person: int) -> dict[str, Any]:
    return {"id": person, "is_bot": False, "first_name": f"P{person}", "language_code": "zh-hans"}
