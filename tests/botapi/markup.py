"""Rules of keyboards that the description of the types cannot express."""

import re
from collections.abc import Iterator

from tests.botapi.shapes import Json, wrong

_TEXT_AND_LOOKS = {"text", "icon_custom_emoji_id", "style"}
_STYLES = {"danger", "success", "primary"}
_LINK = re.compile(r"(https?|tg)://[^\s/?#]+\S*|[\w-]+(\.[\w-]+)+(/\S*)?")
_MOST_BUTTONS = 100
_MOST_IN_A_ROW = 8
_MOST_BYTES_OF_DATA = 64
_LONGEST_PLACEHOLDER = 64


def check_markup(markup: Json, *, private: bool) -> None:
    """Refuse a keyboard that Telegram refuses."""
    if "inline_keyboard" in markup:
        for button in _buttons(markup["inline_keyboard"]):
            _check_inline(button)
    elif "keyboard" in markup:
        if not markup["keyboard"]:
            raise wrong("reply keyboard must have at least one row")
        for button in _buttons(markup["keyboard"]):
            _check_reply(button, private=private)
    elif markup.get("remove_keyboard", True) is not True or markup.get("force_reply", True) is not True:
        raise wrong("remove_keyboard and force_reply can only be true")
    placeholder = markup.get("input_field_placeholder")
    if placeholder is not None and not 1 <= len(placeholder) <= _LONGEST_PLACEHOLDER:
        raise wrong("input_field_placeholder must have 1-64 characters")


def _buttons(rows: list[list[Json]]) -> Iterator[Json]:
    count = 0
    for row in rows:
        if not 1 <= len(row) <= _MOST_IN_A_ROW:
            raise wrong(f"a row of buttons must have 1-{_MOST_IN_A_ROW} of them, got {len(row)}")
        for button in row:
            count += 1
            if not button["text"].strip():
                raise wrong("text buttons can't have an empty text")
            if button.get("style", "primary") not in _STYLES:
                raise wrong("unknown style of a button")
            yield button
    if count > _MOST_BUTTONS:
        raise wrong(f"reply markup is too long: {count} buttons")


def _check_inline(button: Json) -> None:
    actions = set(button) - _TEXT_AND_LOOKS
    if len(actions) != 1:
        raise wrong(f"an inline button must have exactly one action, this has {sorted(actions)}")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= _MOST_BYTES_OF_DATA:
        raise wrong("BUTTON_DATA_INVALID")
    if "url" in button and _LINK.fullmatch(button["url"]) is None:
        raise wrong("BUTTON_URL_INVALID")


def _check_reply(button: Json, *, private: bool) -> None:
    actions = set(button) - _TEXT_AND_LOOKS
    if len(actions) > 1:
        raise wrong(f"a reply button can have one action only, this has {sorted(actions)}")
    if not private and ("request_contact" in button or "request_location" in button):
        asked = "phone number" if "request_contact" in button else "location"
        raise wrong(f"{asked} can be requested in private chats only")
