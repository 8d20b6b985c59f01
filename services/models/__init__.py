"""Every table of the house, by area."""

from services.models.base import Base, table_of
from services.models.campaigns import Campaign, CampaignAnswer, CampaignPerson
from services.models.clocks import Deadline, Escalation, Pause
from services.models.content import Content, Media, MediaFile
from services.models.desk import DeskAct, DeskLink, DeskSession
from services.models.dialogue import Mailbox, Prompt, Relay
from services.models.digests import Digest
from services.models.estate import (
    Address,
    Building,
    ChannelAccount,
    Community,
    Duty,
    LinkCode,
    LinkRequest,
    Number,
    NumberView,
    Occupancy,
    Person,
    Place,
    Setting,
    Staff,
    Unit,
)
from services.models.household import CarCall, Party, ReleaseSlip, Vehicle
from services.models.money import Bill, Notice
from services.models.neighbours import Incident, IncidentHousehold, Joiner
from services.models.offers import Quote, TicketLink
from services.models.queues import Bucket, Card, ClockOffset, Event, Outgoing, Receipt, Replica, Timer
from services.models.roster import Handover, HandoverItem, TeamChat, WordingHit
from services.models.tickets import Counter, FollowUp, History, Holding, OutsideCase, Seal, Survey, Ticket

__all__ = [
    "Address",
    "Base",
    "Bill",
    "Bucket",
    "Building",
    "Campaign",
    "CampaignAnswer",
    "CampaignPerson",
    "CarCall",
    "Card",
    "ChannelAccount",
    "ClockOffset",
    "Community",
    "Content",
    "Counter",
    "Deadline",
    "DeskAct",
    "DeskLink",
    "DeskSession",
    "Digest",
    "Duty",
    "Escalation",
    "Event",
    "FollowUp",
    "Handover",
    "HandoverItem",
    "History",
    "Holding",
    "Incident",
    "IncidentHousehold",
    "Joiner",
    "LinkCode",
    "LinkRequest",
    "Mailbox",
    "Media",
    "MediaFile",
    "Notice",
    "Number",
    "NumberView",
    "Occupancy",
    "Outgoing",
    "OutsideCase",
    "Party",
    "Pause",
    "Person",
    "Place",
    "Prompt",
    "Quote",
    "Receipt",
    "Relay",
    "ReleaseSlip",
    "Replica",
    "Seal",
    "Setting",
    "Staff",
    "Survey",
    "TeamChat",
    "Ticket",
    "TicketLink",
    "Timer",
    "Unit",
    "Vehicle",
    "WordingHit",
    "table_of",
]
