"""What an operator wants to know: is the token good, does the bot hear its groups, does the webhook work."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from telegram import ChatMember, ChatMemberAdministrator, User
from telegram.error import TelegramError

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.webhook import path_of

_RECENT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: how it is, and how to mend it when it's not well."""

    name: str
    ok: bool
    words: str


async def check(channel: TelegramChannel, *, groups: Sequence[str] = (), public_url: str = "") -> list[Finding]:
    """Look at the token, the groups of staff, and the webhook; no public address means polling."""
    try:
        me = await channel.bot.get_me()
    except TelegramError as error:
        return [Finding("token", ok=False, words=f"{error.message}: check the token and the base_url")]
    found = [Finding("token", ok=True, words=f"@{me.username}")]
    for group in groups:
        found += [finding async for finding in _group(channel, me, group)]
    return [*found, await _webhook(channel, public_url)]


async def _group(channel: TelegramChannel, me: User, group: str) -> AsyncIterator[Finding]:
    name = f"group {group}"
    try:
        chat = await channel.bot.get_chat(int(group))
        member = await channel.bot.get_chat_member(int(group), me.id)
    except TelegramError as error:
        yield Finding(name, ok=False, words=f"{error.message}: add the bot to the group")
        return
    hears = bool(me.can_read_all_group_messages) or member.status == ChatMember.ADMINISTRATOR
    yield Finding(
        name,
        ok=hears,
        words="hears everything" if hears else "make the bot an administrator, or switch its privacy mode off",
    )
    if chat.is_forum:
        manages = isinstance(member, ChatMemberAdministrator) and bool(member.can_manage_topics)
        yield Finding(
            f"{name} topics",
            ok=manages,
            words="may open topics" if manages else "give the bot the right to manage topics",
        )


async def _webhook(channel: TelegramChannel, public_url: str) -> Finding:
    try:
        info = await channel.bot.get_webhook_info()
    except TelegramError as error:
        return Finding("webhook", ok=False, words=error.message)
    wanted = public_url.rstrip("/") + path_of(channel) if public_url else ""
    if info.url != wanted:
        words = f"is {info.url or 'not set'}, should be {wanted or 'not set'}: restart the service"
        return Finding("webhook", ok=False, words=words)
    if info.last_error_date and datetime.now(UTC) - info.last_error_date < _RECENT:
        return Finding("webhook", ok=False, words=f"{info.last_error_message}, {info.pending_update_count} waiting")
    return Finding("webhook", ok=True, words=f"{info.pending_update_count} waiting" if wanted else "not used, polling")
