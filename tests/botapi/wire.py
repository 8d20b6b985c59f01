"""The line to the side door, and waiting by condition and deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import orjson

_PAUSE = 0.02

Found = TypeVar("Found")


class WishRefusedError(AssertionError):
    """The stand-in cannot do what the test asks for."""


@dataclass(frozen=True, slots=True)
class Wire:
    """Calls to the control API of one stand-in."""

    address: str
    session: aiohttp.ClientSession

    async def ask(self, verb: str, **given: object) -> Any:
        """Perform a verb of the control API."""
        async with self.session.post(f"{self.address}/_control/{verb}", data=orjson.dumps(given)) as answer:
            said = orjson.loads(await answer.read())
            if answer.status != 200:
                raise WishRefusedError(f"{verb} {given}: {said.get('error')}")
            return said


async def until(look: Callable[[], Awaitable[Found | None]], *, within: float) -> Found | None:
    """Look again and again until something is found; None when the time is over."""
    deadline = time.monotonic() + within
    while True:
        found = await look()
        if found is not None or time.monotonic() >= deadline:
            return found
        await asyncio.sleep(_PAUSE)
