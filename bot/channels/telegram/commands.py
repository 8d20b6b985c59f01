"""The list of commands that Telegram shows, per language and role.

Telegram takes two-letter language codes only, so that readers of zh-hant see the mainland's Chinese here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import structlog
from telegram import BotCommand, BotCommandScope, BotCommandScopeAllPrivateChats, BotCommandScopeChat
from telegram.error import TelegramError

from bot.channels.telegram.channel import TelegramChannel
from services.messages import T
from services.texts import DEFAULT_LOCALE, Texts

RESIDENTS = ("start", "my", "fees", "notices", "language", "help", "cancel")
STAFF = ("new", "jobs", "ticket", "desk", "duty", "handover", "off", "cancel")
LANGUAGES: Mapping[str, str] = MappingProxyType({"": DEFAULT_LOCALE, "zh": "zh_Hans", "en": "en"})

log = structlog.get_logger(__name__)


async def set_commands(channel: TelegramChannel, texts: Texts, *, staff_chats: Sequence[str] = ()) -> int:
    """Set the commands of residents, and of staff in the chats named; return how many calls failed."""
    failures = await _set(channel, texts, RESIDENTS, BotCommandScopeAllPrivateChats())
    for chat in staff_chats:
        failures += await _set(channel, texts, STAFF, BotCommandScopeChat(int(chat)))
    return failures


async def _set(channel: TelegramChannel, texts: Texts, names: Sequence[str], scope: BotCommandScope) -> int:
    failures = 0
    for language, locale in LANGUAGES.items():
        commands = [BotCommand(name, texts.label(T(f"command.{name}"), locale)) for name in names]
        try:
            await channel.bot.set_my_commands(commands, scope=scope, language_code=language)
        except TelegramError as error:
            failures += 1
            log.warning(
                "commands were not set",
                account=channel.account,
                scope=scope.type,
                language=language,
                why=error.message,
            )
    return failures
