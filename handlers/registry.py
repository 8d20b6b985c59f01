"""Every form by the name that its rows bear."""

from __future__ import annotations

from collections.abc import Mapping

from handlers import (
    cars,
    complaint,
    desk,
    emergency,
    gate,
    holdups,
    leading,
    linking,
    menu,
    mine,
    offers,
    quotes,
    rectify,
    repair,
    shift,
    slips,
    survey,
    takeover,
    telling,
    upstairs,
    wording,
    workforms,
)
from handlers.form import Form
from services.refusals import NotFound

FORMS: Mapping[str, type[Form]] = {
    form.name: form
    for form in (
        emergency.Emergency,
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
        quotes.MakeQuote,
        offers.Offer,
        offers.Decided,
        survey.TakeSurvey,
        survey.FollowedUp,
        workforms.HandOn,
        workforms.GiveBack,
        workforms.NotOurs,
        workforms.AskOwner,
        workforms.Done,
        workforms.Settle,
        holdups.ReportProblem,
        holdups.Pause,
        holdups.NoAccess,
        holdups.Extend,
        leading.Reopen,
        leading.Withdraw,
        leading.Judge,
        leading.Merge,
        leading.Link,
        desk.NewTicket,
        telling.Tell,
        wording.Wording,
        shift.GoingOff,
        takeover.HandOver,
        takeover.TakeOver,
        takeover.ShiftAnswer,
        upstairs.Upstairs,
        upstairs.ReachContact,
        upstairs.Sides,
        slips.AskForSlip,
        slips.Decide,
        slips.AnswerDesk,
        gate.CheckSlip,
        cars.MoveCar,
        cars.Keeper,
        rectify.WriteNotice,
        rectify.Rectified,
        rectify.Fail,
    )
}


def form_named(name: str) -> type[Form]:
    """Return a form by the name its rows bear; raises `NotFound` when a deploy removed it."""
    if name not in FORMS:
        raise NotFound
    return FORMS[name]
