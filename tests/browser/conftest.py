"""A demo that runs and a browser in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright

from scripts import find_chromium
from tests.browser.demo import Demo
from tests.browser.screens import Watch

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

OpenBrowser: TypeAlias = Callable[..., Coroutine[Any, Any, BrowserContext]]


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Where Chromium is; a machine without one fails here and is told what to install."""
    found = find_chromium.find()
    if found is None:
        pytest.fail(find_chromium.MISSING)
    return found


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    """The demo, new."""
    async with Demo.started(tmp_path) as started:
        yield started


@pytest.fixture
async def browser(chromium: Path) -> AsyncIterator[Browser]:
    """A browser."""
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            yield launched
        finally:
            await launched.close()


@pytest.fixture
def watch() -> Watch:
    """What goes wrong in the browser."""
    return Watch()


@pytest.fixture
def visit(browser: Browser, watch: Watch) -> OpenBrowser:
    """Return how somebody comes with a browser of his own, watched."""

    async def come(width: int, height: int, *, locale: str = "zh-CN", **more: Any) -> BrowserContext:
        context = await browser.new_context(viewport={"width": width, "height": height}, locale=locale, **more)
        watch.over(context)
        return context

    return come
