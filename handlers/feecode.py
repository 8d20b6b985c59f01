"""Amounts by text message: only to a number that proved itself by a code."""

from __future__ import annotations

from handlers.turn import Turn
from services.messages import Reply, T, reply
from services.money import proving


async def needed(turn: Turn) -> Reply | None:
    """Send the actor's number a code where one would help; None when amounts may be named, or no code helps."""
    if not proving.can_prove(turn.actor):
        return None
    code = await proving.send(turn.session, turn.actor, now=turn.now, policy=turn.policy)
    return reply(T("proof.sent", code=code, minutes=turn.policy.fees.code_minutes))
