"""Tables that finance sends in a chat: looked at first, brought in once somebody said so."""

from __future__ import annotations

from handlers.turn import Turn
from services import media
from services.imports import arrivals
from services.imports.arrivals import Over
from services.imports.columns import Kind
from services.messages import Attachment, MediaKind, Reply, T, lines, plain, reply

ENDINGS = (".xlsx", ".xlsm", ".xls", ".csv")


async def arrived(turn: Turn) -> Reply | None:
    """Take a table that somebody sent who may bring it in; None for anything else."""
    tables = [index for index, file in enumerate(turn.inbound.media) if _is_table(file)]
    if not tables or turn.inbound.group or not arrivals.may(turn.actor):
        return None
    kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
    for index in tables:
        name = turn.inbound.media[index].name
        await arrivals.receive(turn.session, turn.actor, media_id=kept[index], name=name, now=turn.now)
    return reply(lines(*(T("import.got", name=plain(turn.inbound.media[index].name)) for index in tables)))


def _is_table(file: Attachment) -> bool:
    return file.kind is MediaKind.DOCUMENT and file.name.lower().endswith(ENDINGS)


async def command(turn: Turn, rest: str) -> Reply:
    """Say how files come in, or decide on one that was looked at: `as 5 bills`, `apply 5`, `good 5`, `drop 5`."""
    verb, _, more = rest.partition(" ")
    number, _, kind = more.partition(" ")
    if not number.isdecimal():
        return reply(lines(T("import.how"), T("import.how_kinds")))
    job_id = int(number)
    match verb:
        case "as" if kind in set(Kind):
            await arrivals.called(turn.session, turn.actor, job_id=job_id, kind=Kind(kind))
            return reply(T("import.looking"))
        case "apply" | "good":
            await arrivals.apply(turn.session, turn.actor, job_id=job_id, skip_bad=verb == "good")
            return reply(T("import.begun"))
        case "drop":
            await arrivals.drop(turn.session, turn.actor, job_id=job_id)
            return reply(T("import.dropped"))
        case _:
            raise Over
