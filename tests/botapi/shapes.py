"""What every module of the stand-in shares: JSON objects, refusals, parameters, small measures."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

DESCRIPTION = Path(__file__).with_name("methods.json")


class Blame(StrEnum):
    """Whose doing a refusal is."""

    CALLER = "violation"  # the request is wrong in itself, whatever the world looks like
    WORLD = "refusal"  # a correct request met a state that a correct bot must live with


@dataclass
class ApiError(Exception):
    """A call that is answered with `ok: false`."""

    code: int
    description: str
    blame: Blame = Blame.WORLD
    parameters: Json | None = None

    def body(self) -> Json:
        """Return the answer in Telegram's own form."""
        answer: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters is not None:
            answer["parameters"] = self.parameters
        return answer


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with the request."""

    field: str
    name: str
    mime: str
    content: bytes


def wrong(reason: str) -> ApiError:
    """A request that no state of the world would make right."""
    return ApiError(400, f"Bad Request: {reason}", Blame.CALLER)


def refused(reason: str) -> ApiError:
    """A request that was right in form and came to nothing."""
    return ApiError(400, f"Bad Request: {reason}")


def utf16_length(text: str) -> int:
    """Length as Telegram counts it: characters beyond the basic plane count twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
