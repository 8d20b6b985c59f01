"""The environment of programs that a test starts: the tests' own, without its settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

TOP = Path(__file__).resolve().parents[2]
NOTHING: Mapping[str, str] = MappingProxyType({})


def surroundings(settings: Mapping[str, str] = NOTHING, *, measured: bool = False) -> dict[str, str]:
    """Return variables for a child process that may run anywhere; coverage looks on where `measured`.

    `settings` are ours, such as `{"telegram__enabled": "true"}`.
    """
    own = ("OWNERLINE_",) if measured else ("OWNERLINE_", "COVERAGE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    path = os.pathsep.join((str(TOP), kept.get("PYTHONPATH", "")))
    return kept | {"PYTHONPATH": path} | {f"OWNERLINE_{name.upper()}": value for name, value in settings.items()}
