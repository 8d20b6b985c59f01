"""Read Telegram's HTML: the text that people see, and the entities laid over it."""

import re
from dataclasses import dataclass, field

from tests.botapi.shapes import Json, utf16_length, wrong

_NAMES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_ATTRIBUTES = {
    "span": {"class"},
    "a": {"href"},
    "code": {"class"},
    "blockquote": {"expandable"},
    "tg-emoji": {"emoji-id"},
}
_SYMBOLS = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"'}
_PIECE = re.compile(r"[^<&]+|&[^;&<\s]{1,10};|</?[^<>]*>|[<&]")
_TAG = re.compile(r"<([a-zA-Z][a-zA-Z-]*)((?:\s+[a-zA-Z-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?)*)\s*>")
_ATTRIBUTE = re.compile(r"([a-zA-Z-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
_NUMERIC = re.compile(r"&#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}));")
_HIGHEST_CODE_POINT = 0x10FFFF
# marks that Telegram does not allow inside one another
_ALONE = {"code", "pre"}


@dataclass(slots=True)
class _Open:
    tag: str
    start: int
    details: Json


@dataclass(slots=True)
class _Reading:
    shown: list[str] = field(default_factory=list)
    length: int = 0
    opened: list[_Open] = field(default_factory=list)
    entities: list[Json] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.shown.append(text)
        self.length += utf16_length(text)


def read_html(source: str) -> tuple[str, list[Json]]:
    """Return the plain text and its entities, or refuse with "can't parse entities"."""
    if "<" not in source and "&" not in source:
        return source, []
    reading = _Reading()
    for match in _PIECE.finditer(source):
        piece = match.group()
        if piece[0] == "&":
            reading.add(_symbol(piece, match.start()))
        elif piece[0] != "<":
            reading.add(piece)
        elif piece.startswith("</"):
            _close(reading, piece, match.start())
        else:
            _open(reading, piece, match.start())
    if reading.opened:
        raise _broken(f'Can\'t find end tag corresponding to start tag "{reading.opened[-1].tag}"')
    entities = sorted(reading.entities, key=lambda entity: (entity["offset"], -entity["length"]))
    return "".join(reading.shown), entities


def _broken(reason: str) -> Exception:
    return wrong(f"can't parse entities: {reason}")


def _symbol(piece: str, at: int) -> str:
    if piece in _SYMBOLS:
        return _SYMBOLS[piece]
    numeric = _NUMERIC.fullmatch(piece)
    if numeric is not None:
        code = int(numeric.group(1), 16) if numeric.group(1) else int(numeric.group(2))
        if 0 < code <= _HIGHEST_CODE_POINT:
            return chr(code)
    raise _broken(f'Unsupported or unescaped "&" at offset {at}')


def _open(reading: _Reading, piece: str, at: int) -> None:
    parsed = _TAG.fullmatch(piece)
    if parsed is None:
        raise _broken(f"Unclosed or unescaped start tag at offset {at}")
    tag = parsed.group(1).lower()
    if tag not in _NAMES:
        raise _broken(f'Unsupported start tag "{tag}" at offset {at}')
    given = {
        name.lower(): "".join(_unescaped(value, at) for value in values)
        for name, *values in _ATTRIBUTE.findall(parsed.group(2))
    }
    if unknown := set(given) - _ATTRIBUTES.get(tag, set()):
        raise _broken(f'Unsupported attribute "{min(unknown)}" of tag "{tag}" at offset {at}')
    inside = {entry.tag for entry in reading.opened}
    if inside & _ALONE and not (tag == "code" and inside == {"pre"}):
        raise _broken(f'Tag "{tag}" at offset {at} can\'t be inside pre or code')
    if tag == "blockquote" and "blockquote" in inside:
        raise _broken(f"Nested blockquote at offset {at}")
    reading.opened.append(_Open(tag, reading.length, _details(tag, given, at)))


def _unescaped(value: str, at: int) -> str:
    return re.sub(r"&[^;]*;?", lambda match: _symbol(match.group(), at), value)


def _details(tag: str, given: dict[str, str], at: int) -> Json:
    if tag == "span" and given.get("class") != "tg-spoiler":
        raise _broken(f'Tag "span" must have class "tg-spoiler" at offset {at}')
    if tag == "code" and not given.get("class", "language-").startswith("language-"):
        raise _broken(f'Class of tag "code" must start with "language-" at offset {at}')
    if tag == "a":
        return {"url": given.get("href", "")}
    if tag == "tg-emoji":
        if not given.get("emoji-id", "").isdigit():
            raise _broken(f'Tag "tg-emoji" must have an emoji-id at offset {at}')
        return {"custom_emoji_id": given["emoji-id"]}
    return {"expandable": True} if "expandable" in given else {}


def _close(reading: _Reading, piece: str, at: int) -> None:
    tag = piece[2:-1].strip().lower()
    if not reading.opened:
        raise _broken(f"Unexpected end tag at offset {at}")
    entry = reading.opened.pop()
    if tag not in ("", entry.tag):
        raise _broken(f'Unmatched end tag at offset {at}, expected "</{entry.tag}>", found "</{tag}>"')
    length = reading.length - entry.start
    if length == 0:
        return
    details = dict(entry.details)
    kind = "expandable_blockquote" if details.pop("expandable", False) else _NAMES[entry.tag]
    reading.entities.append({"type": kind, "offset": entry.start, "length": length, **details})
