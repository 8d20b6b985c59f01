"""The keys of the pages' own words: what scripts say, and what the lab suggests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.web import sessions
from services.messages import T
from services.texts import Texts

CHAT_KEYS = (
    "page.chat.online",
    "page.chat.connecting",
    "page.chat.offline",
    "page.chat.mine",
    "page.chat.theirs",
    "page.chat.waiting",
    "page.chat.refused",
    "page.chat.busy",
    "page.chat.failed",
    "page.chat.too_big",
    "page.chat.wrong_type",
    "page.chat.picture",
    "page.chat.audio",
    "page.chat.document",
    "page.chat.remove",
    "page.chat.voice.refused",
)
LAB_KEYS = ("lab.clock.moving", "lab.clock.failed", "lab.news")


@dataclass(frozen=True, slots=True)
class Hint:
    """Something to try in the lab: what, in whose pane, and the words to put into its field."""

    key: str
    slug: str
    say: str = ""  # key of the words


HINTS = (
    Hint("lab.try.file", "owner", "lab.try.file.words"),
    Hint("lab.try.confirm", "owner"),
    Hint("lab.try.accept", "engineer"),
    Hint("lab.try.done", "engineer"),
    Hint("lab.try.rate", "owner"),
    Hint("lab.try.sms", "phone", "lab.try.sms.words"),
    Hint("lab.try.late", "supervisor"),
)


class Words:
    """The catalogues in one language, as templates ask them."""

    def __init__(self, texts: Texts, locale: str) -> None:
        """Take the catalogues and the language."""
        self._texts = texts
        self.locale = locale

    @property
    def tag(self) -> str:
        """The language as browsers write it."""
        return sessions.tag(self.locale)

    def __call__(self, key: str, **params: str) -> str:
        """Say a key."""
        return self._texts.label(T(key, **params), self.locale)

    def label(self, text: Any) -> str:  # noqa: ANN401 - templates are not typed
        """Say a text that came as data."""
        return self._texts.label(text, self.locale)

    def own_name(self, tag: str) -> str:
        """Say what a language calls itself."""
        return self(f"page.language.{tag}")

    def table(self, keys: Iterable[str]) -> dict[str, str]:
        """Return sentences by key, for a script."""
        return {key: self(key) for key in keys}
