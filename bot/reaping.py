"""What dead workers and senders left: events and letters return to their queues; what kills workers is set aside."""

from __future__ import annotations

from datetime import datetime

import structlog

from bot.work import Ports
from handlers import setaside
from services import inbox, outbox
from services.db import Session
from services.inbox import Claimed
from services.messages import Inbound

log = structlog.get_logger(__name__)


def read(event: Claimed, ports: Ports) -> Inbound | None:
    """Read a stored event; None when its channel is off or its payload can't be read: others must not wait for it."""
    port = ports.get((event.channel, event.account))
    try:
        return port.read(event.payload) if port is not None else None
    except Exception:
        log.exception("an event can't be read", channel=event.channel, event_id=event.event_id)
        return None


async def reap(session: Session, ports: Ports, *, now: datetime, all_leases: bool = False) -> None:
    """Return what nobody works at any more; `all_leases` at start-up of the only process."""
    for event in await inbox.doomed(session, all_leases=all_leases):
        message = read(event, ports)
        if message is not None:
            await setaside.apologise(session, message, now=now)
            await setaside.page_if_danger(session, message, now=now)
    await inbox.reap(session, all_leases=all_leases)
    await outbox.reap(session, desk_now=now, all_leases=all_leases)
