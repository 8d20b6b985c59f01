"""How coverage is measured, test by test: not at all, following greenlets, or the quick way.

SQLAlchemy's calls run in greenlets. On PostgreSQL one rests in the middle of a statement while others go on; whoever
traces that asks at every call and every return which greenlet this is, and takes twice as long. On SQLite nobody
rests: a greenlet ends what it was called for before anything else goes on, as a function does.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache

import coverage
import pytest

from tests.support import report

ROOMS = ("services", "handlers", "bot")
LEFT = "services.migrations."  # run by name, and no part of what is measured
QUICK: Mapping[str, bool | Sequence[str]] = {
    "run:concurrency": ["thread"],
    "run:patch": [],  # programs that a test starts measure themselves as they are told to, whoever measures the test
    "run:sigterm": False,
    "run:disable_warnings": ["already-imported", "module-not-measured", "no-data-collected"],  # others measure that
}


@contextmanager
def collecting() -> Iterator[None]:
    """Load the program measured, and the tests unmeasured: finding some five thousand of them is no part of it."""
    for room in ROOMS:
        for module in pkgutil.walk_packages(importlib.import_module(room).__path__, f"{room}."):
            if not module.name.startswith(LEFT):
                importlib.import_module(module.name)
    thorough = coverage.Coverage.current()
    if thorough is None:
        yield
        return
    thorough.stop()
    try:
        yield
    finally:
        thorough.start()


@contextmanager
def of(item: pytest.Item) -> Iterator[None]:
    """Measure one test as it has to be, if anything is measured at all."""
    thorough = coverage.Coverage.current()
    unmeasured = report.unmeasured(item)
    if thorough is None or not (unmeasured or report.without_greenlets(item)):
        yield
        return
    thorough.stop()
    try:
        if unmeasured:
            yield
        else:
            with _quick().collect():
                yield
    finally:
        thorough.start()


def save() -> None:
    """Write down what was measured: with a second measurer about, the first no longer writes by itself."""
    thorough = coverage.Coverage.current()
    if thorough is not None:
        thorough.save()
    if _quick.cache_info().currsize:
        _quick().save()


@cache
def _quick() -> coverage.Coverage:
    made = coverage.Coverage()
    for name, value in QUICK.items():
        made.set_option(name, value)
    return made
