"""Which core a worker runs on: its database server, which it waits for, is started on the same one.

Two that take turns wait for each other half as long on one core as on two that have to wake each other.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

import pytest

ALL = frozenset(os.sched_getaffinity(0)) if sys.platform == "linux" else frozenset[int]()


def settle(config: pytest.Config) -> None:
    """Give a worker a core of its own, where there is one for each."""
    given = getattr(config, "workerinput", None)
    if given is not None and 1 < given["workercount"] <= len(ALL):
        _stay_on({sorted(ALL)[int(given["workerid"].removeprefix("gw"))]})


def spread() -> None:
    """Take all cores from now on: what runs last starts programs of its own."""
    _stay_on(ALL)


def _stay_on(cores: Iterable[int]) -> None:
    if sys.platform == "linux":
        os.sched_setaffinity(0, cores)
