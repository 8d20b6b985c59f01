"""A letter laid out as calls: files, captions, pieces of text, the buttons with the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from bot.channels.port import File, Letter
from bot.channels.split import fits, split, visible
from bot.channels.telegram.keyboards import Markup, inline_of, keyboard_of
from services.messages import MediaKind

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
_LARGEST_ALBUM = 10
_POINTER = "👇"  # what carries buttons when the text has one line only


@dataclass(frozen=True, slots=True)
class Part:
    """One call: a text, a file with a caption, or an album."""

    text: str = ""
    files: tuple[File, ...] = ()
    markup: Markup | None = None


def text_of(letter: Letter) -> str:
    """Render a letter's text: HTML, or plain words when markup was refused before."""
    rendered = letter.texts.say(letter.say.text, letter.reader)
    return visible(rendered) if letter.plain else rendered


def parts_of(letter: Letter) -> tuple[Part, ...]:
    """Lay a letter out; the same letter always gives the same parts, so that a second try can go on."""
    inline, keyboard, text = inline_of(letter), keyboard_of(letter), text_of(letter)
    files = [Part(files=group) for group in _groups(letter.files)]
    if inline and keyboard:
        # A message has room for one of them, so the last line goes by itself and takes the buttons along.
        head, tail = _last_line_apart(text)
        return (*files, *_texts(head, keyboard, letter), *_texts(tail, inline, letter))
    markup = inline or keyboard
    if _is_caption(text, files, markup, marked=not letter.plain):
        return (replace(files[0], text=text, markup=markup),)
    return (*files, *_texts(text, markup, letter))


def _texts(text: str, markup: Markup | None, letter: Letter) -> list[Part]:
    """Cut a text into parts, the buttons with the last."""
    pieces = split(text, limit=LONGEST_TEXT, marked=not letter.plain)
    parts = [Part(piece) for piece in pieces if visible(piece).strip()]
    if parts:
        parts[-1] = replace(parts[-1], markup=markup)
    return parts


def _last_line_apart(text: str) -> tuple[str, str]:
    head, _, tail = text.rstrip().rpartition("\n")
    is_whole = head.count("<b>") == head.count("</b>")
    return (head, tail) if visible(head).strip() and is_whole else (text, _POINTER)


def _is_caption(text: str, files: Sequence[Part], markup: Markup | None, *, marked: bool) -> bool:
    if len(files) != 1 or not fits(text, LONGEST_CAPTION, marked=marked):
        return False
    # An album has no buttons.
    return markup is None or len(files[0].files) == 1


def _groups(files: Sequence[File]) -> list[tuple[File, ...]]:
    """Put photos and videos together in albums, documents in theirs; a voice message stands alone."""
    groups: list[tuple[File, ...]] = []
    for album, some in groupby(files, key=_album_of):
        members = tuple(some)
        size = _LARGEST_ALBUM if album else 1
        groups += [members[at : at + size] for at in range(0, len(members), size)]
    return groups


def _album_of(file: File) -> str:
    if file.kind in {MediaKind.PHOTO, MediaKind.VIDEO}:
        return "pictures"
    return "documents" if file.kind is MediaKind.DOCUMENT else ""
