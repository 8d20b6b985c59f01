"""What every test may ask for: databases of both kinds, and the report by kind of test."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.support import cores, report, tracing

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


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Measure the program as it is loaded, but not how tests are found; who only hands tests out loads nothing."""
    if session.config.pluginmanager.hasplugin("dsession"):
        return (yield)
    with tracing.collecting():
        return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test its kind, and every kind its place."""
    report.sort_and_mark(items)


@pytest.hookimpl(tryfirst=True)  # before fixtures start anything
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave its core when the tests begin that start programs."""
    if report.kind_of(item.nodeid).last:
        cores.spread()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Spread single tests over the workers, and whole files where `report` wants it."""
    return Spread(config, log)


class Spread(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Gives each worker what it should do in one go."""

    def _split_scope(self, nodeid: str) -> str:
        return report.group_of(nodeid)


def pytest_collection_finish() -> None:
    """What is here now stays: garbage collection need not go through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Measure coverage once: what was measured on one database, or by other tests, runs at full speed."""
    with tracing.of(item):
        return (yield)


def pytest_unconfigure() -> None:
    """Keep what was measured."""
    tracing.save()
