"""Small files that people send: a grey picture of 16 × 12 points and a silent recording."""

import base64

_GREY = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71"
    "////m8H////6/+b9//j/wAALCAAMABABAREA/8QAFQABAQAAAAAAAAAAAAAAAAAAAAL/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/9oA"
    "CAEBAAA/AJAf/9k="
)
_SILENCE = b"OggS" + bytes(60)
_START_OF_IMAGE = b"\xff\xd8"
_COMMENT = b"\xff\xfe"


def picture(label: str = "") -> bytes:
    """Return a real JPEG; different labels make different files of the same look."""
    note = label.encode()
    segment = _COMMENT + (len(note) + 2).to_bytes(2, "big") + note if note else b""
    return _START_OF_IMAGE + segment + _GREY.removeprefix(_START_OF_IMAGE)


def recording() -> bytes:
    """Return what stands for a voice message."""
    return _SILENCE
