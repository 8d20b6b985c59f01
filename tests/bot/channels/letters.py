"""Builders: a few sentences, a reader, letters."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.channels.port import File, Letter
from services.messages import Channel, Choice, Keyboard, MediaKind, Say, T, Text, plain
from services.texts import LOCALES, Reader, Texts

NOON = datetime(2026, 4, 12, 4, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
_KEYS = {
    "menu.repair": "🔧 报修",
    "menu.mine": "📋 我的进度",
    "menu.fees": "💰 查费用",
    "menu.notices": "📣 通知",
    "menu.complaint": "💬 投诉建议",
    "menu.person": "☎️ 找人",
    "menu.share_number": "用手机号核对",
    "code": "我有验证码",
    "later": "先报修,回头再核对",
    "good": "满意",
    "fair": "一般",
    "bad": "不满意",
    "back": "返回",
    "call": "打电话",
    "bold": "单号 <b>{number}</b> 报好了",
    "flat": "{place} 的人",
    "marked": "<b>您好\n</b>电话",
    "phone.line": "电话{phone}",
}
_RESIDENTS = ("start", "my", "fees", "notices", "language", "help", "cancel")
_COMMANDS = (*_RESIDENTS, "new", "jobs", "ticket", "desk", "duty", "handover", "off")


def texts() -> Texts:
    """A catalogue that says the same in every language, but for the commands."""
    return Texts({locale: _sentences(locale) for locale in LOCALES})


def _sentences(locale: str) -> dict[tuple[str, str], str | tuple[str, ...]]:
    said: dict[tuple[str, str], str | tuple[str, ...]] = {("", key): words for key, words in _KEYS.items()}
    return said | {("", f"command.{name}"): f"{name} {locale}" for name in _COMMANDS}


def letter(text: Text | str = "您好", *rows: tuple[Choice, ...], **given: Any) -> Letter:
    """A letter to Wang Fang by Telegram, unless told otherwise."""
    channel = given.pop("channel", Channel.TELEGRAM)
    keyboard: Keyboard | None = given.pop("keyboard", None)
    said = plain(text) if isinstance(text, str) else text
    defaults: dict[str, Any] = {"key": "reply:1", "to": "11"}
    return Letter(
        say=Say(said, rows, keyboard),
        reader=Reader("zh_Hans", ZONE, NOON, channel),
        texts=texts(),
        **{**defaults, **given},
    )


def sms(text: Text | str = "您好", *rows: tuple[Choice, ...], **given: Any) -> Letter:
    """A letter by text message."""
    defaults: dict[str, Any] = {"to": "+8613800138000", "signature": "阳光花园物业", "phone": "0571-88880000"}
    return letter(text, *rows, channel=Channel.SMS, **{**defaults, **given})


def choice(key: str, tap: str = "", **given: Any) -> Choice:
    """A button whose tap is its key."""
    return Choice(T(key), tap or key, **given)


def file(kind: MediaKind = MediaKind.PHOTO, *, content: bytes = b"bytes", **given: Any) -> File:
    """A file with its bytes at hand."""

    async def read() -> bytes:
        return content

    defaults: dict[str, Any] = {"media_id": 1, "mime": "", "name": "", "file_id": ""}
    return File(kind=kind, read=read, **{**defaults, **given})
