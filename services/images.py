"""Pictures: without what they should not tell, where they were taken; and square codes drawn of words."""

from __future__ import annotations

import io

EXIF_FORMATS = {"JPEG", "WEBP", "PNG"}


def without_place(data: bytes, mime: str) -> bytes:
    """Return the picture without its EXIF data (GPS, device), upright; what is no picture stays as it is."""
    if mime and not mime.startswith("image/"):
        return data
    from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415 - heavy, and only for pictures

    try:
        with Image.open(io.BytesIO(data)) as picture:
            kind = picture.format or ""
            if kind not in EXIF_FORMATS or not picture.getexif():
                return data
            upright = ImageOps.exif_transpose(picture)
            out = io.BytesIO()
            upright.save(out, format=kind, quality=90)
            return out.getvalue()
    except (UnidentifiedImageError, OSError):
        return data


def square_code(words: str) -> bytes:
    """Return a QR code of the words as a PNG picture; it takes some milliseconds."""
    import segno  # noqa: PLC0415 - only for slips

    out = io.BytesIO()
    segno.make(words, error="m", micro=False).save(out, kind="png", scale=8, border=4)
    return out.getvalue()
