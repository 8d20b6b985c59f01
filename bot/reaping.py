"""What dead workers and senders left: events and letters return to their queues; what kills workers is set aside."""

from __future__ import annotations

from datetime import datetime

from bot.work import Ports
from handlers import setaside
from services import inbox, outbox
from services.db import Session


async def reap(session: Session, ports: Ports, *, now: datetime, all_leases: bool = False) -> None:
    """Return what nobody works at any more; `all_leases` at start-up of the only process."""
    for event in await inbox.doomed(session, all_leases=all_leases):
        port = ports.get((event.channel, event.account))
        if port is not None:
            message = port.read(event.payload)
            await setaside.apologise(session, message, now=now)
            await setaside.page_if_danger(session, message, now=now)
    await inbox.reap(session, all_leases=all_leases)
    await outbox.reap(session, desk_now=now, all_leases=all_leases)
