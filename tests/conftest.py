"""What every test may ask for: databases of both kinds, and the report by kind of test."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import coverage
import hypothesis
import pytest

from tests.support import cores, report

hypothesis.settings.register_profile("gate", deadline=None, derandomize=True, database=None, max_examples=60)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=2000)
hypothesis.settings.load_profile("gate")

pytest_plugins = ["tests.support.databases", "tests.support.estate"]


def pytest_configure(config: pytest.Config) -> None:
    """Declare the kinds of tests, give each worker its core and, where results come together, count them."""
    for marker in report.markers():
        config.addinivalue_line("markers", marker)
    cores.settle(config)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(report.Report(), "report-by-kind")


@pytest.hookimpl(tryfirst=True)  # before the plugin that spreads tests over workers looks at their groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test its kind, and every kind its place."""
    report.sort_and_mark(items)


@pytest.hookimpl(tryfirst=True)  # before fixtures start anything
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave its core when the tests begin that run alone."""
    if report.kind_of(item.nodeid).alone:
        cores.spread()


def pytest_collection_finish() -> None:
    """What is here now stays: garbage collection need not go through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Measure coverage once: what was measured on one database, or by other tests, runs at full speed.

    Tracing makes everything take twice as long. Whatever only the server does is measured there; programs that a test
    starts measure themselves.
    """
    measured = coverage.Coverage.current() if report.unmeasured(item) else None
    if measured is None:
        return (yield)
    measured.stop()
    try:
        return (yield)
    finally:
        measured.start()
