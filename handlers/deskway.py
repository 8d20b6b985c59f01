"""The way to the desk's page: a one-time link, and the end of its sessions."""

from __future__ import annotations

from handlers.turn import Turn
from services import deskpass
from services.messages import Channel, Choice, Reply, T, plain, reply

OFF = "off"


async def link(turn: Turn, rest: str) -> Reply:
    """Hand out a one-time link to the page; `/desk off` ends every session, `/desk off 08` a colleague's."""
    words = rest.split()
    if words[:1] == [OFF]:
        badge = " ".join(words[1:])
        name, count = await deskpass.end_all(turn.session, turn.actor, badge=badge, now=turn.now)
        return reply(T("desk.page.off", name=plain(name), count=count))
    token = await deskpass.issue(turn.session, turn.actor, now=turn.now, policy=turn.policy)
    url = turn.world.desk_link(token)
    figures = {"minutes": turn.policy.desk.link_minutes, "hours": turn.policy.desk.session_hours}
    opens = [Choice(T("desk.page.open"), url=url)] if turn.inbound.channel is Channel.WEB else []
    return reply(T("desk.page.link", url=url, **figures), opens)
