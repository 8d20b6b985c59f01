"""Folders for what need not outlive the tests: in memory where there is room, for a disk makes every commit wait."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of a name nobody knows is made in it
ROOM = 4 * 1024**3  # bytes free that leave enough for others; a container often has 64 MB in all


def folder(name: str) -> Path:
    """Make a folder whose name begins so; whoever asks for it removes it."""
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=MEMORY if _has_room() else None))


def _has_room() -> bool:
    return os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
