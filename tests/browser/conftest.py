"""A demo that runs and a browser in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ViewportSize, async_playwright

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


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    """The demo, new with every module; its tests play people of their own."""
    async with Demo.started(tmp_path_factory.mktemp("demo")) as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
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


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, watch: Watch) -> AsyncIterator[OpenBrowser]:
    """Return how somebody comes with cookies of his own, watched."""
    contexts: list[BrowserContext] = []

    async def come(width: int, height: int, **more: Any) -> BrowserContext:
        size: ViewportSize = {"width": width, "height": height}
        still = more | {"reduced_motion": "reduce"}  # the processor draws every picture of what moves
        context = await browser.new_context(viewport=size, locale="zh-CN", **still)
        watch.over(context)
        contexts.append(context)
        return context

    yield come
    for context in contexts:
        await context.close()
