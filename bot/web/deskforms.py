"""What is sent on the desk's page: one verb, one answer, once; a caller taken down; a number looked up or shown."""

from __future__ import annotations

from bot.web import deskviews
from bot.web.desk import HOME, KEY, Answer, BadForm, Go, Shown, Visit
from handlers import deskpage
from handlers.deskpage import Caller
from services import deskpass, residents
from services.models import DeskAct
from services.refusals import NotAllowed
from services.tickets import dossier


async def do(visit: Visit) -> Answer:
    """Press a button or answer a question; sent twice it acts once and shows the same answer."""
    row, fresh = await _row(visit)
    if fresh:
        ticket_id = visit.number("ticket")
        if ticket_id:
            row.ticket_id = (await dossier.find(visit.session, visit.turn.actor, ticket_id=ticket_id)).id
        await deskpage.act(visit.turn, row, given=visit.given)
        await visit.session.flush()
    return Go(_place(row))


async def take_down(visit: Visit) -> Answer:
    """Read what the desk typed for a caller and ask whether it is right."""
    row, fresh = await _row(visit)
    if fresh:
        form = visit.form
        caller = Caller(
            what=form.get("what", "").strip()[: deskpage.MOST_SAID],
            where=form.get("where", "").strip()[:100],
            phone=form.get("phone", "").strip()[:30],
            person_id=visit.number("person"),
            door=form.get("door", ""),
        )
        await deskpage.take_down(visit.turn, row, caller=caller)
        await visit.session.flush()
    return Go(_place(row))


async def calling(visit: Visit) -> Answer:
    """Somebody is on the phone: find him by his number."""
    typed = visit.form.get("phone", "")
    try:
        number, found = await residents.calling(
            visit.session, visit.turn.actor, typed=typed, region=visit.turn.world.region
        )
    except residents.NoSuchNumber as refused:
        return await deskviews.callers(visit, typed=typed, found=(), why=refused)
    if len(found) == 1:
        return Go(f"{HOME}/p/{found[0].id}")
    return await deskviews.callers(visit, typed=number, found=found, why=None)


async def reveal(visit: Visit) -> Answer:
    """Show a person's numbers in full, once, with a row for who saw them."""
    person_id = visit.number("person")
    try:
        numbers = await residents.reveal(visit.session, visit.turn.actor, person_id=person_id, now=visit.turn.now)
    except NotAllowed as refused:
        return await deskviews.person(visit, why=visit.say(refused.text))
    return await deskviews.person(visit, numbers=numbers)


async def said(visit: Visit) -> Answer:
    """Show an answer that belongs to no ticket yet: a caller's summary, a question."""
    row = await deskpass.act_of(visit.session, session_id=visit.session_id, act_id=visit.number("act"))
    if row is None:
        return Go(HOME)
    return Shown("desk_said.html", await deskviews.common(visit, said=await deskviews.panel(visit, row)))


async def search(visit: Visit) -> Answer:
    """Look for words in the queue; they travel in the form, never in an address."""
    return await deskviews.queue(visit)


async def _row(visit: Visit) -> tuple[DeskAct, bool]:
    """Return the row of this very form, and whether it is new."""
    key = visit.form.get("key", "")
    if not KEY.fullmatch(key):
        raise BadForm
    made = await deskpass.begin(visit.session, session_id=visit.session_id, key=key, now=visit.turn.now)
    if made is not None:
        return made, True
    known = await deskpass.act_of(visit.session, session_id=visit.session_id, key=key)
    if known is None:
        raise BadForm
    return known, False


def _place(row: DeskAct) -> str:
    return f"{HOME}/t/{row.ticket_id}?act={row.id}" if row.ticket_id else f"{HOME}/said/{row.id}"
