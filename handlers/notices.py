"""Read the notices that hold now."""

from __future__ import annotations

from handlers.turn import Turn
from services import notices
from services.messages import Reply, Style, T, When, lines, reply


async def show(turn: Turn) -> Reply:
    """List title, text and day of each."""
    found = await notices.current(turn.session, community_id=turn.house.id, now=turn.now)
    if not found:
        return reply(T("notices.none"))
    parts = [
        lines(
            T("notices.title", title=notice.title),
            T("notices.body", body=notice.body),
            T("notices.signed", estate=turn.house.name, day=When(notice.published_at, Style.DAY)),
        )
        for notice in found
    ]
    return reply(lines(*parts))
