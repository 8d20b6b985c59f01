"""First-time fixes: counted on a small scene by hand, shown to who leads and to each man himself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services import reports_people
from services.models import TicketLink
from services.refusals import NotAllowed
from services.reports import Share
from services.tickets.rules import Action, State
from tests.support import estate
from tests.support.line import Line


async def test_a_repair_is_right_at_once_unless_it_came_back_in_any_way(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, wang, liu, lead = [
            await estate.actor_of(session, line, await estate.web_of(session, name))
            for name in ("王芳", "王师傅", "刘师傅", "老赵")
        ]
        filed = [await estate.filed(session, line, owner, matter=f"漏水{number}") for number in range(5)]
        for ticket in filed:
            await estate.act(session, line, wang, Action.ACCEPT, ticket.id)
        for ticket in filed[:4]:
            await estate.act(session, line, wang, Action.DONE, ticket.id, words="好了")
        await estate.act(session, line, owner, Action.OWNER_RETURNS, filed[0].id)
        await estate.act(session, line, wang, Action.DONE, filed[0].id, words="又修了")
        for ticket in filed[:3]:
            await estate.act(session, line, owner, Action.OWNER_ACCEPTS, ticket.id)
        await estate.act(session, line, lead, Action.CANCEL, filed[4].id)
        tied: dict[str, Any] = {"community_id": filed[1].community_id, "kind": "rework", "at": line.now}
        session.add(TicketLink(ticket_id=filed[1].id, other_id=filed[3].id, **tied))
        await session.flush()
        assert filed[3].state == State.DONE
        span: dict[str, Any] = {"start": line.now, "end": line.now + timedelta(days=1)}
        staff = wang.staff
        if staff is None:
            raise LookupError(wang.name)
        right = {staff.staff_id: Share(1, 3)}  # not what came back, not what was done again
        assert await reports_people.first_time_fixes(session, lead, **span) == right
        assert await reports_people.first_time_fixes(session, wang, **span) == right
        assert await reports_people.first_time_fixes(session, liu, **span) == {}
        past: dict[str, Any] = {"start": line.now - timedelta(days=1), "end": line.now}
        assert await reports_people.first_time_fixes(session, lead, **past) == {}
        with pytest.raises(NotAllowed):
            await reports_people.first_time_fixes(session, owner, **span)
