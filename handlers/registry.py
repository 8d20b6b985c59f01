"""Every form by the name that its rows bear."""

from __future__ import annotations

from collections.abc import Mapping

from handlers import (
    appeals,
    calls,
    campaign,
    complaint,
    desk,
    emergency,
    grievances,
    holdups,
    leading,
    linking,
    losses,
    menu,
    mine,
    neighbours,
    offers,
    outages,
    quotes,
    repair,
    shift,
    survey,
    takeover,
    telling,
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
        appeals.Unsettled,
        appeals.Settled,
        grievances.SignOff,
        grievances.Concern,
        grievances.Rally,
        grievances.ReplyOutside,
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
        calls.FollowedUp,
        campaign.TakeCampaign,
        campaign.CallMe,
        campaign.StartCampaign,
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
        neighbours.JoinIn,
        neighbours.Joined,
        outages.OpenIncident,
        outages.ChangeIncident,
        outages.EndIncident,
        losses.Loss,
        losses.TakeLoss,
        losses.Settle,
        telling.Tell,
        wording.Wording,
        shift.GoingOff,
        takeover.HandOver,
        takeover.TakeOver,
        takeover.ShiftAnswer,
    )
}


def form_named(name: str) -> type[Form]:
    """Return a form by the name its rows bear; raises `NotFound` when a deploy removed it."""
    if name not in FORMS:
        raise NotFound
    return FORMS[name]
