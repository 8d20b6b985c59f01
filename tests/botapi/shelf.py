"""Files: uploaded by the bot or sent by people, known by file id, fetched by path."""

import hashlib
import struct
from dataclasses import dataclass, field

from tests.botapi.shapes import Json, Upload, refused, wrong

LARGEST_DOWNLOAD = 20 * 1024 * 1024
LARGEST_PHOTO = 10 * 1024 * 1024
_THUMB_SIDE = 90
_MIDDLE_SIDE = 320
_LARGEST_SUM_OF_SIDES = 10_000
_MAGIC = (
    (b"\xff\xd8\xff", "jpg"),
    (b"\x89PNG", "png"),
    (b"RIFF", "webp"),
    (b"OggS", "ogg"),
    (b"%PDF", "pdf"),
)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file under one id."""

    file_id: str
    unique_id: str
    path: str
    content: bytes
    shown: Json  # the object of the kind it was sent as, for sending it again by its id
    kind: str

    def as_file(self) -> Json:
        """Return the File object."""
        return {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": len(self.content),
            "file_path": self.path,
        }


@dataclass(slots=True)
class Shelf:
    """Every file of this server."""

    by_id: dict[str, StoredFile] = field(default_factory=dict)
    by_path: dict[str, StoredFile] = field(default_factory=dict)
    photos: dict[str, list[Json]] = field(default_factory=dict)  # any size's file id → all sizes
    count: int = 0

    def add(self, kind: str, content: bytes, details: Json) -> Json:
        """Store a voice message or document and return its object."""
        return self._store(kind, content, details).shown

    def add_photo(self, content: bytes) -> list[Json]:
        """Store a photo in the sizes that Telegram makes of it."""
        width, height = _measure(content)
        longest = max(width, height)
        sizes = []
        for side in sorted({side for side in (_THUMB_SIDE, _MIDDLE_SIDE, longest) if side <= longest}):
            scale = side / longest
            shape = {"width": max(1, round(width * scale)), "height": max(1, round(height * scale))}
            sizes.append(self._store("photo", content, shape).shown)
        for size in sizes:
            self.photos[size["file_id"]] = sizes
        return sizes

    def resolve_photo(self, given: object) -> list[Json]:
        """Return the sizes of a photo that is being sent: a new file, a known id or an address."""
        if isinstance(given, Upload):
            if len(given.content) > LARGEST_PHOTO:
                raise wrong("file of size is too big for a photo; the maximum size is 10485760 bytes")
            return self.add_photo(given.content)
        if str(given) in self.photos:
            return self.photos[str(given)]
        raise wrong("wrong file identifier/HTTP URL specified")

    def resolve(self, kind: str, given: object, details: Json) -> Json:
        """Return the object of a voice message or document that is being sent."""
        if isinstance(given, Upload):
            if not given.content:
                raise wrong("file must be non-empty")
            named = {"file_name": given.name} if kind == "document" else {}
            return self.add(kind, given.content, {"mime_type": given.mime, **named, **details})
        known = self.by_id.get(str(given))
        if known is None or known.kind != kind:
            raise wrong("wrong file identifier/HTTP URL specified")
        return known.shown

    def find(self, file_id: str) -> StoredFile:
        """Return the file for getFile."""
        stored = self.by_id.get(file_id)
        if stored is None:
            raise wrong("wrong file_id or the file is temporarily unavailable")
        if len(stored.content) > LARGEST_DOWNLOAD:
            raise refused("file is too big")
        return stored

    def _store(self, kind: str, content: bytes, details: Json) -> StoredFile:
        self.count += 1
        shape = f"{kind}:{details.get('width')}".encode()
        unique = "AQAD" + hashlib.sha256(content + shape).hexdigest()[:12]
        file_id = f"AgAC{kind[:2].upper()}{self.count:08d}{unique}"
        path = f"{kind}s/file_{self.count}.{_extension(content, details)}"
        shown = {"file_id": file_id, "file_unique_id": unique, "file_size": len(content), **details}
        stored = StoredFile(file_id, unique, path, content, shown, kind)
        self.by_id[file_id] = stored
        self.by_path[path] = stored
        return stored


def _extension(content: bytes, details: Json) -> str:
    for magic, extension in _MAGIC:
        if content.startswith(magic):
            return extension
    _, dot, ending = str(details.get("file_name", "")).rpartition(".")
    return ending if dot else "bin"


def _measure(content: bytes) -> tuple[int, int]:
    """Return width and height of a picture, or refuse what is none."""
    size: tuple[int, int] | None = None
    if content.startswith(b"\x89PNG") and len(content) >= 24:
        size = struct.unpack(">II", content[16:24])
    elif content.startswith(b"\xff\xd8\xff"):
        size = _measure_jpeg(content)
    elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        size = (_MIDDLE_SIDE, _MIDDLE_SIDE)
    if size is None:
        raise wrong("IMAGE_PROCESS_FAILED")
    if min(size) < 1 or sum(size) > _LARGEST_SUM_OF_SIDES:
        raise wrong("PHOTO_INVALID_DIMENSIONS")
    return size


def _measure_jpeg(content: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(content):
        if content[at] != 0xFF:
            return None
        marker = content[at + 1]
        # start-of-frame markers hold the size; c4, c8 and cc mean other things
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + struct.unpack(">H", content[at + 2 : at + 4])[0]
    return None
