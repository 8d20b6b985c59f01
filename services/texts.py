"""Sentences for keys: catalogues in three languages, rendered for a reader, a zone and a channel."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from services import languages
from services.messages import Cents, Channel, Lines, Param, Style, T, Text, When

LOCALES = ("zh_Hans", "zh_Hant", "en")
DEFAULT_LOCALE = "zh_Hans"
HOME = Path(__file__).parent / "locale"
NEAR_DAYS = {0: "day.today", 1: "day.tomorrow", -1: "day.yesterday"}
PLAIN_TEXT = "plain"  # the key of a person's own words
NOTHING = "\u200b"  # a sentence that says nothing on this channel

_TAG = re.compile(r"</?b>")


class UnknownTextError(KeyError):
    """A key that no catalogue has: a mistake of ours, not of the reader."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: language, zone, channel, and the moment that "today" is seen from."""

    locale: str
    zone: ZoneInfo
    now: datetime
    channel: Channel = Channel.WEB

    @property
    def marks_up(self) -> bool:
        """Whether bold shows on the channel (and angle brackets must be escaped)."""
        return self.channel in {Channel.TELEGRAM, Channel.WEB}


class Texts:
    """The catalogues, read once at start-up."""

    def __init__(self, sentences: Mapping[str, Mapping[tuple[str, str], str | tuple[str, ...]]]) -> None:
        """Take sentences by locale and (context, key)."""
        self._sentences = sentences

    @classmethod
    def load(cls, home: Path = HOME) -> Texts:
        """Read every catalogue below the folder."""
        return cls({locale: _sentences(home / locale / "LC_MESSAGES" / "ownerline.po") for locale in LOCALES})

    @staticmethod
    def locale_of(code: str) -> str:
        """Return the locale for a channel's language code; the first language for what is unknown."""
        return languages.of_code(code) or DEFAULT_LOCALE

    def keys(self) -> frozenset[str]:
        """Return the keys of the first catalogue."""
        return frozenset(key for _, key in self._sentences[DEFAULT_LOCALE])

    def say(self, text: Text | None, reader: Reader) -> str:
        """Render a text for a reader, with `<b>` and escaping where the channel marks up."""
        rendered = self._render(text, reader)
        return rendered if reader.marks_up else _TAG.sub("", rendered)

    def label(self, text: Text, locale: str, zone: ZoneInfo | None = None, now: datetime | None = None) -> str:
        """Render a short label without any markup."""
        zone = zone or ZoneInfo("UTC")
        return self.say(text, Reader(locale, zone, now or datetime.now(UTC), Channel.CONSOLE))

    def all_labels(self, text: Text) -> frozenset[str]:
        """Return the label in every language: what people may type for it."""
        return frozenset(self.label(text, locale) for locale in LOCALES)

    def variants(self, text: Text, zone: ZoneInfo, now: datetime) -> frozenset[str]:
        """Return the label in every language and for every channel: what may have been on somebody's screen."""
        channels = (Channel.CONSOLE, Channel.SMS)
        readers = (Reader(locale, zone, now, channel) for locale in LOCALES for channel in channels)
        return frozenset(self.say(text, reader) for reader in readers)

    def _render(self, text: Text | None, reader: Reader) -> str:
        if text is None:
            return ""
        if isinstance(text, Lines):
            return text.between.join(part for part in (self._render(t, reader) for t in text.parts) if part)
        if text.key == PLAIN_TEXT:
            return self._param(text.params["words"], reader)
        sentence = self._sentence(text.key, reader, text.params)
        if sentence == NOTHING:
            return ""
        return sentence.format_map({name: self._param(value, reader) for name, value in text.params.items()})

    def _sentence(self, key: str, reader: Reader, params: Mapping[str, Param]) -> str:
        catalogue = self._sentences[reader.locale]
        context = "sms" if reader.channel is Channel.SMS else ""
        found = catalogue.get((context, key)) or catalogue.get(("", key))
        if found is None:
            raise UnknownTextError(key)
        if isinstance(found, tuple):
            count = params.get("count", 1)
            return found[0] if count == 1 or len(found) == 1 else found[1]
        return found

    def _param(self, value: Param, reader: Reader) -> str:
        if value is None:
            return ""
        if isinstance(value, T | Lines):
            return self._render(value, reader)
        if isinstance(value, When):
            return self._when(value, reader)
        if isinstance(value, Cents):
            return format_decimal(value.amount / 100, format="#,##0.00", locale="en")
        return html.escape(str(value), quote=False) if reader.marks_up else str(value)

    def _when(self, value: When, reader: Reader) -> str:
        local, today = value.at.astimezone(reader.zone), reader.now.astimezone(reader.zone).date()
        clock = f"{local:%H:%M}"
        if value.style is Style.CLOCK:
            return clock
        days = (local.date() - today).days
        style = value.style
        near = NEAR_DAYS.get(days) if style in {Style.NEAR, Style.WEEK} else None
        day = self._render(T(near or "day.date", month=local.month, day=local.day), reader)
        if style is Style.DATE and local.year != today.year:
            return self._render(T("day.year", year=local.year, month=local.month, day=local.day), reader)
        if style in {Style.DAY, Style.DATE}:
            return day
        if style is Style.WEEK and near is None:
            weekday = self._render(T(f"digest.weekday.{local.weekday()}"), reader)
            day = self._render(T("day.week", day=day, weekday=weekday), reader)
        return self._render(T("day.at", day=day, clock=clock), reader)


@cache  # reading one takes a tenth of a second
def _sentences(path: Path) -> dict[tuple[str, str], str | tuple[str, ...]]:
    with path.open("rb") as file:
        catalogue: Catalog = read_po(file)
    return {
        (str(message.context or ""), _key(message.id)): message.string
        if isinstance(message.string, str)
        else tuple(message.string)
        for message in catalogue
        if message.id and message.string
    }


def _key(message_id: str | list[str] | tuple[str, ...]) -> str:
    return message_id if isinstance(message_id, str) else message_id[0]
