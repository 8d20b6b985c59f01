"""The calls of the Bot API that bring a letter to its reader, part by part."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from telegram import (
    Bot,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    LinkPreviewOptions,
    Message,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest, TelegramError

from bot.channels.port import File, Letter, Outcome, Sent
from bot.channels.split import clip
from bot.channels.telegram.errors import has_no_text, is_bad_file, meaning
from bot.channels.telegram.keyboards import TapTooLong, inline_of
from bot.channels.telegram.layout import LONGEST_CAPTION, LONGEST_TEXT, Part, parts_of, text_of
from services.messages import MediaKind

_NAMES = {
    MediaKind.PHOTO: "photo.jpg",
    MediaKind.VOICE: "voice.ogg",
    MediaKind.VIDEO: "video.mp4",
    MediaKind.DOCUMENT: "file",
}
_ALBUM_ITEMS = {
    MediaKind.PHOTO: InputMediaPhoto,
    MediaKind.VIDEO: InputMediaVideo,
    MediaKind.DOCUMENT: InputMediaDocument,
}
_GENERAL_TOPIC = "1"  # a forum's first topic is written to without naming it


@dataclass(slots=True)
class _Way:
    """How far a letter has come."""

    parts: int
    provider_id: str = ""
    files: tuple[tuple[int, str], ...] = ()

    def sent(self, result: Sent) -> Sent:
        """Add to a result what had arrived by then."""
        return replace(result, parts=self.parts, provider_id=self.provider_id, files=self.files)


async def send(bot: Bot, letter: Letter) -> Sent:
    """Send a letter from its first part that has not arrived, or change the message it names."""
    try:
        if letter.edit:
            return await _edit(bot, letter)
        parts = parts_of(letter)
    except TapTooLong:
        return Sent(Outcome.PERMANENT, code="button_data")
    if not parts:
        return Sent(Outcome.PERMANENT, code="empty")
    way = _Way(letter.parts_sent)
    try:
        for part in parts[letter.parts_sent :]:
            await _put(bot, letter, part, way)
    except TelegramError as error:
        return way.sent(meaning(error))
    return way.sent(Sent(Outcome.ACCEPTED))


async def _edit(bot: Bot, letter: Letter) -> Sent:
    try:
        if letter.files:
            await _edit_caption(bot, letter)
        else:
            await _edit_text(bot, letter)
    except TelegramError as error:
        result = meaning(error)
    else:
        result = Sent(Outcome.ACCEPTED)
    is_shown = result.outcome is Outcome.ACCEPTED
    return replace(result, provider_id=letter.edit, parts=1) if is_shown else result


async def _edit_text(bot: Bot, letter: Letter) -> None:
    try:
        await bot.edit_message_text(
            text=clip(text_of(letter), limit=LONGEST_TEXT, marked=not letter.plain),
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            **_target(letter),
        )
    except BadRequest as error:
        if not has_no_text(error):
            raise
        await _edit_caption(bot, letter)


async def _edit_caption(bot: Bot, letter: Letter) -> None:
    caption = clip(text_of(letter), limit=LONGEST_CAPTION, marked=not letter.plain)
    await bot.edit_message_caption(caption=caption, **_target(letter))


def _target(letter: Letter) -> dict[str, Any]:
    return {
        "chat_id": _chat(letter),
        "message_id": int(letter.edit),
        "parse_mode": _parse_mode(letter),
        "reply_markup": inline_of(letter),
    }


async def _put(bot: Bot, letter: Letter, part: Part, way: _Way) -> None:
    """Send one part; a file whose id is refused goes again as bytes."""
    try:
        messages = await _call(bot, letter, part, by_id=True)
    except BadRequest as error:
        if not (part.files and is_bad_file(error)):
            raise
        messages = await _call(bot, letter, part, by_id=False)
        uploaded = part.files
    else:
        uploaded = tuple(file for file in part.files if not file.file_id)
    way.parts += 1
    way.provider_id = str(messages[-1].message_id)
    way.files += tuple(
        (file.media_id, _file_id(message))
        for file, message in zip(part.files, messages, strict=False)
        if file in uploaded
    )


async def _call(bot: Bot, letter: Letter, part: Part, *, by_id: bool) -> Sequence[Message]:
    where = _where(letter)
    if not part.files:
        preview = LinkPreviewOptions(is_disabled=True)
        return [
            await bot.send_message(
                text=part.text,
                parse_mode=_parse_mode(letter),
                reply_markup=part.markup,
                link_preview_options=preview,
                **where,
            )
        ]
    contents = await asyncio.gather(*(_content(file, by_id=by_id) for file in part.files))
    if len(contents) > 1:
        return await _album(bot, letter, part, contents)
    return [await _single(bot, letter, part, contents[0])]


async def _single(bot: Bot, letter: Letter, part: Part, content: str | bytes) -> Message:
    file = part.files[0]
    given: dict[str, Any] = {
        **_where(letter),
        "caption": part.text or None,
        "parse_mode": _parse_mode(letter),
        "reply_markup": part.markup,
        "filename": _name(file),
    }
    match file.kind:
        case MediaKind.PHOTO:
            return await bot.send_photo(photo=content, **given)
        case MediaKind.VOICE:
            return await bot.send_voice(voice=content, **given)
        case MediaKind.VIDEO:
            return await bot.send_video(video=content, **given)
        case MediaKind.DOCUMENT:
            return await bot.send_document(document=content, **given)


async def _album(bot: Bot, letter: Letter, part: Part, contents: Sequence[str | bytes]) -> Sequence[Message]:
    items = [
        _ALBUM_ITEMS[file.kind](
            content,
            caption=part.text if at == 0 and part.text else None,
            parse_mode=_parse_mode(letter),
            filename=_name(file),
        )
        for at, (file, content) in enumerate(zip(part.files, contents, strict=True))
    ]
    return await bot.send_media_group(media=items, **_where(letter))


def _where(letter: Letter) -> dict[str, Any]:
    named = letter.topic and letter.topic != _GENERAL_TOPIC
    return {"chat_id": _chat(letter), "message_thread_id": int(letter.topic) if named else None}


def _chat(letter: Letter) -> int | str:
    return int(letter.to) if letter.to.lstrip("-").isdecimal() else letter.to


def _parse_mode(letter: Letter) -> str | None:
    return None if letter.plain else ParseMode.HTML


def _name(file: File) -> str:
    return file.name or _NAMES[file.kind]


async def _content(file: File, *, by_id: bool) -> str | bytes:
    return file.file_id if by_id and file.file_id else await file.read()


def _file_id(message: Message) -> str:
    sizes = message.photo
    file = sizes[-1] if sizes else message.voice or message.video or message.document
    return file.file_id if file else ""
