"""Faults that a test asks for: the next calls fail in a chosen way."""

from dataclasses import dataclass, field
from enum import StrEnum

from tests.botapi.limits import too_many
from tests.botapi.shapes import ApiError


class FaultKind(StrEnum):
    """What goes wrong."""

    THROTTLE = "throttle"  # 429 with `seconds` as retry_after
    ERROR = "error"  # 500
    BAD_GATEWAY = "bad_gateway"  # 502 with a page that is not JSON
    FORBIDDEN = "forbidden"  # 403, as if the user had blocked the bot
    HANG = "hang"  # the call counts, its answer comes after `seconds`
    STALL = "stall"  # nothing counts, the connection ends after `seconds`
    DROP_AFTER = "drop_after"  # the call counts, the connection ends without an answer
    DROP_BEFORE = "drop_before"  # nothing counts, the connection ends


REFUSALS = {FaultKind.THROTTLE, FaultKind.ERROR, FaultKind.FORBIDDEN}


@dataclass(slots=True)
class Fault:
    """One order: the next `times` calls that match."""

    kind: FaultKind
    method: str | None
    chat_id: int | None
    times: int
    seconds: float
    met: int = 0

    def refusal(self) -> ApiError:
        """Return the answer of a fault that Telegram itself would give."""
        if self.kind is FaultKind.THROTTLE:
            return too_many(int(self.seconds))
        if self.kind is FaultKind.FORBIDDEN:
            return ApiError(403, "Forbidden: bot was blocked by the user")
        return ApiError(500, "Internal Server Error: test fault")


@dataclass(slots=True)
class Faults:
    """The orders, oldest first."""

    orders: list[Fault] = field(default_factory=list)

    def take(self, method: str, chat_id: object) -> Fault | None:
        """Return the fault that this call meets, if any, and count it."""
        for fault in self.orders:
            if (
                fault.met < fault.times
                and fault.method in (None, method)
                and fault.chat_id in (None, chat_id)
                and (fault.method is not None or method != "getUpdates")
            ):
                fault.met += 1
                return fault
        return None
