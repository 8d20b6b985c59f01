"""Buttons under a message, and the keyboard below the input field."""

from __future__ import annotations

from typing import TypeAlias
from urllib.parse import urlsplit

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup

from bot.channels.port import Letter
from bot.channels.split import visible
from services.messages import Choice, Keyboard, T

Markup: TypeAlias = InlineKeyboardMarkup | ReplyKeyboardMarkup

MOST_BYTES_OF_DATA = 64
MENU = (
    (T("menu.repair"), T("menu.mine")),
    (T("menu.fees"), T("menu.notices")),
    (T("menu.complaint"), T("menu.person")),
)


class TapTooLong(Exception):  # noqa: N818 - reads as what happened
    """A button says more than Telegram carries: a mistake of ours, which no second try mends."""


def keyboard_of(letter: Letter) -> ReplyKeyboardMarkup | None:
    """Return the keyboard below the input field; a group gets none, since it would show to all.

    The menu gives way to buttons under the message: it stays where an earlier message put it. Only the request
    for a phone number can't be done without.
    """
    if letter.is_group or letter.edit:
        return None
    if letter.say.keyboard is Keyboard.CONTACT:
        return _contact(letter)
    return _menu(letter) if letter.say.keyboard is Keyboard.MENU and inline_of(letter) is None else None


def inline_of(letter: Letter) -> InlineKeyboardMarkup | None:
    """Return the buttons under a message; links that Telegram refuses are left out."""
    rows = [[_inline(letter, choice) for choice in row if _shows(choice)] for row in letter.say.choices]
    rows = [row for row in rows if row]
    return InlineKeyboardMarkup(rows) if rows else None


def _contact(letter: Letter) -> ReplyKeyboardMarkup:
    share = KeyboardButton(_label(letter, T("menu.share_number")), request_contact=True)
    return ReplyKeyboardMarkup([[share]], resize_keyboard=True, one_time_keyboard=True)


def _menu(letter: Letter) -> ReplyKeyboardMarkup:
    rows = [[KeyboardButton(_label(letter, text)) for text in row] for row in MENU]
    return ReplyKeyboardMarkup(rows, resize_keyboard=True, is_persistent=True)


def _inline(letter: Letter, choice: Choice) -> InlineKeyboardButton:
    label = _label(letter, choice.label)
    if choice.url:
        return InlineKeyboardButton(label, url=choice.url)
    if len(choice.tap.encode()) > MOST_BYTES_OF_DATA:
        raise TapTooLong(choice.tap)
    return InlineKeyboardButton(label, callback_data=choice.tap)


def _shows(choice: Choice) -> bool:
    return _is_public_link(choice.url) if choice.url else bool(choice.tap)


def _is_public_link(url: str) -> bool:
    link = urlsplit(url)
    # Telegram refuses tel: and names without a dot, and with them the whole message.
    return link.scheme == "tg" or (link.scheme in {"http", "https"} and "." in (link.hostname or ""))


def _label(letter: Letter, text: T) -> str:
    return visible(letter.texts.say(text, letter.reader))
