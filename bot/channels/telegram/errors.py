"""What an error of the Bot API means for a letter."""

from __future__ import annotations

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
    TimedOut,
)

from bot.channels.port import Outcome, Sent
from bot.channels.telegram.request import SlowDown

_LONGEST_CODE = 100
_REFUSALS = (
    ("message is not modified", Outcome.ACCEPTED, ""),
    ("message to edit not found", Outcome.NEEDS_FIX, "no_message"),
    ("message can't be edited", Outcome.NEEDS_FIX, "no_message"),
    ("message_id_invalid", Outcome.NEEDS_FIX, "no_message"),
    ("can't parse entities", Outcome.NEEDS_FIX, "markup"),
    ("message thread not found", Outcome.NEEDS_FIX, "no_topic"),
    ("topic_deleted", Outcome.NEEDS_FIX, "no_topic"),
    ("topic_closed", Outcome.NEEDS_FIX, "no_topic"),
    ("chat not found", Outcome.GONE, "chat not found"),
    ("user not found", Outcome.GONE, "user not found"),
    ("peer_id_invalid", Outcome.GONE, "chat not found"),
)
_BAD_FILES = ("wrong file identifier", "wrong remote file identifier", "file reference", "wrong file_id")
_NO_TEXT = "no text in the message"


def meaning(error: TelegramError) -> Sent:
    """Tell what became of the letter whose call ended with the error."""
    match error:
        case SlowDown(seconds=seconds):
            return Sent(Outcome.THROTTLED, retry_after=seconds, code="429")
        case ChatMigrated(new_chat_id=chat):
            return Sent(Outcome.NEEDS_FIX, code="migrated", new_address=str(chat))
        case InvalidToken():
            return Sent(Outcome.TRANSIENT, code="token")
        case Forbidden():
            return Sent(Outcome.GONE, code=_code(error))
        case BadRequest():
            return _refusal(error)
        case TimedOut():
            return Sent(Outcome.AMBIGUOUS, code=_code(error))
        case NetworkError():
            return Sent(Outcome.TRANSIENT, code=_code(error))
    # What is left is an agreeing answer that could not be read, or a class that came with a newer library.
    return Sent(Outcome.AMBIGUOUS, code=_code(error))


def is_bad_file(error: BadRequest) -> bool:
    """Whether a file's id was refused, so that its bytes may be sent instead."""
    return _holds(error, *_BAD_FILES)


def has_no_text(error: BadRequest) -> bool:
    """Whether the message to edit is a file with a caption."""
    return _holds(error, _NO_TEXT)


def _refusal(error: BadRequest) -> Sent:
    for words, outcome, code in _REFUSALS:
        if _holds(error, words):
            return Sent(outcome, code=code)
    return Sent(Outcome.PERMANENT, code=_code(error))


def _holds(error: BadRequest, *words: str) -> bool:
    said = error.message.lower()
    return any(word in said for word in words)


def _code(error: TelegramError) -> str:
    return error.message[:_LONGEST_CODE]
