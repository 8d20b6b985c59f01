"""Every form by the name that its rows bear."""

from __future__ import annotations

from collections.abc import Mapping

from handlers import complaint, desk, linking, menu, mine, repair, survey, workforms
from handlers.form import Form
from services.refusals import NotFound

FORMS: Mapping[str, type[Form]] = {
    form.name: form
    for form in (
        repair.FileRepair,
        complaint.FileComplaint,
        menu.AskDesk,
        linking.WhichPerson,
        linking.WhichCommunity,
        linking.Review,
        mine.Note,
        mine.CallOff,
        mine.Return,
        mine.Reschedule,
        mine.AnswerStaff,
        mine.Verdict,
        survey.TakeSurvey,
        survey.FollowedUp,
        workforms.HandOn,
        workforms.NotOurs,
        workforms.ReportProblem,
        workforms.AskOwner,
        workforms.Done,
        workforms.Settle,
        desk.NewTicket,
    )
}


def form_named(name: str) -> type[Form]:
    """Return a form by the name its rows bear; raises `NotFound` when a deploy removed it."""
    if name not in FORMS:
        raise NotFound
    return FORMS[name]
