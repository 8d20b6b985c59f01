"""The accounts of somebody's households on the desk's page, to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.web.desk import Visit
from handlers.places import unit_label
from handlers.takings import account_lines
from services import access
from services.access import Deed, Subject
from services.messages import Cents, T
from services.money import account
from services.residents import Dwelling


async def accounts(visit: Visit, homes: Sequence[Dwelling]) -> Sequence[Mapping[str, Any]]:
    """Return each household's account as lines; none to who does not work with accounts."""
    turn, own = visit.turn, {home.unit.id for home in homes}
    found = []
    for home in homes:
        unit = home.unit
        subject = Subject(unit.community_id, unit.id)
        if unit.attached_to in own or not access.may(turn.actor, Deed.SEE_ACCOUNT, subject):
            continue
        known = await account.looked_at(turn.session, turn.actor, unit_id=unit.id, now=turn.now)
        head = T("account.head", unit=unit_label(unit), due=Cents(known.due))
        found.append({"head": visit.say(head), "lines": [visit.say(one) for one in account_lines(known)]})
    return found
