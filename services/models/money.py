"""Money: the price list, what is charged, what was paid and for which charge; notices, to look at.

Sums are integer cents. Nothing that was written is changed: a correction, a refund, a reversal is a row of its own, and
the sums on `Bill` and `Payment` that follow from such rows are kept beside them in the same transaction.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, Code, Id, Ref, Words, partial

OPEN = text("paid_cents < cents + adjusted_cents")


class Tariff(Base):
    """A price of a community's price list 收费标准, for a stretch of days."""

    __tablename__ = "tariff"
    __table_args__ = (UniqueConstraint("community_id", "code", "unit_kind", "phase", "building", "since"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    code: Mapped[Code]  # management, parking: the same from year to year
    name: Mapped[str]  # 物业费: as owners read it, the `item` of bills
    way: Mapped[Code]  # area: per m² and month | fixed: per month | shared: a cost split by area
    rate: Mapped[int] = mapped_column(default=0)  # hundredths of a cent, per m² (area) or unit (fixed), and month
    months: Mapped[int] = mapped_column(SmallInteger, default=1)  # one bill is for so many; they begin in January
    due_days: Mapped[int] = mapped_column(SmallInteger, default=30)  # from the first day of the period
    unit_kind: Mapped[Code] = mapped_column(default="")  # "": every kind but parking
    phase: Mapped[Code] = mapped_column(default="")  # "": every one
    building: Mapped[Code] = mapped_column(default="")
    vacant_percent: Mapped[int] = mapped_column(SmallInteger, default=100)  # of the price, while nobody lives there
    vacant_after_months: Mapped[int] = mapped_column(SmallInteger, default=0)  # empty for so long before
    prepay_months: Mapped[int] = mapped_column(SmallInteger, default=0)  # paid so many ahead …
    prepay_percent: Mapped[int] = mapped_column(SmallInteger, default=100)  # … one pays this much of the price
    since: Mapped[date]
    until: Mapped[date | None]  # the last day


class SharedCost(Base):
    """What something cost a community in a period, to be split among units by area 公摊."""

    __tablename__ = "shared_cost"
    __table_args__ = (UniqueConstraint("community_id", "code", "period", "phase", "building"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    code: Mapped[Code]  # of the tariff
    period: Mapped[Code]  # 2026-03
    phase: Mapped[Code] = mapped_column(default="")
    building: Mapped[Code] = mapped_column(default="")
    cents: Mapped[int]
    words: Mapped[Words] = mapped_column(default="")  # what it was for, as owners read it
    run_id: Mapped[int | None]  # the run of bills that splits it; what follows is of that time
    units: Mapped[int] = mapped_column(default=0)  # among how many
    area_cm2: Mapped[int] = mapped_column(default=0)
    last_unit: Mapped[int] = mapped_column(default=0)  # gets what is left
    done_cm2: Mapped[int] = mapped_column(default=0)
    done_cents: Mapped[int] = mapped_column(default=0)
    split_at: Mapped[datetime | None]


class Discount(Base):
    """Somebody pays less for a stretch of days: paid ahead, an agreement, hardship."""

    __tablename__ = "discount"
    __table_args__ = (UniqueConstraint("unit_id", "code", "since", "why"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("unit.id"))
    code: Mapped[Code]
    why: Mapped[Code]  # prepaid | agreed
    percent: Mapped[int] = mapped_column(SmallInteger)  # of the price
    since: Mapped[date]
    until: Mapped[date]
    by_id: Mapped[int | None]  # staff
    at: Mapped[datetime]


class BillRun(Base):
    """The bills of a period being written, unit by unit; it goes on where it stopped."""

    __tablename__ = "bill_run"
    __table_args__ = (UniqueConstraint("community_id", "period"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    period: Mapped[Code]  # the month: 2026-12
    state: Mapped[Code] = mapped_column(default="running")  # running | done
    after_unit: Mapped[int] = mapped_column(default=0)
    bills: Mapped[int] = mapped_column(default=0)
    cents: Mapped[int] = mapped_column(default=0)
    begun_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class Bill(Base):
    """A charge for a unit and period: one line of what is due.

    What is open of it is `cents + adjusted_cents - paid_cents`.
    """

    __tablename__ = "bill"
    __table_args__ = (
        UniqueConstraint("community_id", "unit_id", "item", "period"),
        partial("ix_bill_open", "community_id", "due_on", "unit_id", where=OPEN),
        partial("ix_bill_payer_id", "payer_id", where=text("payer_id IS NOT NULL")),
        partial("ix_bill_open_unit", "unit_id", "due_on", where=OPEN),
        Index(None, "community_id", "due_on"),
    )

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("unit.id"), index=True)
    payer_id: Mapped[int | None]  # a person who left owing it; None: whoever pays for the unit now
    code: Mapped[Code] = mapped_column(
        default="", server_default=""
    )  # of the tariff; "" when the accounting system sent it
    item: Mapped[Code]
    period: Mapped[Code]  # as people read it
    from_on: Mapped[date | None]  # the days it is for
    to_on: Mapped[date | None]
    cents: Mapped[int]
    adjusted_cents: Mapped[int] = mapped_column(default=0, server_default="0")  # the sum of its adjustments
    paid_cents: Mapped[int] = mapped_column(default=0)  # the sum of its allocations
    reckoned: Mapped[str] = mapped_column(default="")  # how it was worked out, as people read it
    steps: Mapped[Any] = mapped_column(
        default=(), server_default="[]"
    )  # the same as figures: `services.money.reckoning.Step` packed
    due_on: Mapped[date]
    as_of: Mapped[datetime]  # when the source knew it so
    source: Mapped[Code] = mapped_column(default="import", server_default="import")  # run | import | desk
    paid_at: Mapped[datetime | None]  # when nothing was open any more


class Adjustment(Base):
    """A charge corrected or let off, in part or whole; the bill keeps its first sum."""

    __tablename__ = "adjustment"
    __table_args__ = (UniqueConstraint("key"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    bill_id: Mapped[Ref] = mapped_column(ForeignKey("bill.id"), index=True)
    key: Mapped[str]  # what it follows from: a repeat makes none
    cents: Mapped[int]  # less than 0: less is due
    why: Mapped[Code]  # wrong | waived | import
    words: Mapped[Words] = mapped_column(default="")
    by_id: Mapped[int | None]  # staff
    at: Mapped[datetime]


class Payment(Base):
    """Money that came in, or went back (`cents` below 0, with what it takes back); each has a receipt's number."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("community_id", "key"),
        UniqueConstraint("community_id", "year", "number"),
        Index(None, "unit_id", "paid_on"),
        Index(None, "community_id", "paid_on"),
        Index(None, "community_id", "landed_at"),
        partial("ix_payment_free", "unit_id", where=text("free_cents > 0")),
    )

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("unit.id"))
    key: Mapped[str]  # the provider's id, the file's row, the form's: the same money is written down once
    year: Mapped[int] = mapped_column(SmallInteger)
    number: Mapped[Code]  # of the receipt: 0603-031, day of the estate and count of the day
    cents: Mapped[int]
    free_cents: Mapped[int] = mapped_column(default=0)  # not yet for any bill: what is paid ahead
    kind: Mapped[Code] = mapped_column(default="payment")  # payment | refund | reversal
    reverses_id: Mapped[int | None] = mapped_column(index=True)  # the payment that a refund or reversal takes back
    way: Mapped[Code]  # cash | transfer | wechat | alipay | card | other
    source: Mapped[Code]  # collector | import | provider | desk
    paid_on: Mapped[date]  # in the estate's zone
    landed_at: Mapped[datetime]  # when we learned of it
    payer: Mapped[str] = mapped_column(default="")  # as the source names him
    taken_by: Mapped[int | None]  # staff, who took it
    credited_to: Mapped[int | None] = mapped_column(index=True)  # staff: the unit's collector on that day
    receipt: Mapped[Code] = mapped_column(default="")  # number of a paper receipt
    media_id: Mapped[int | None]
    words: Mapped[Words] = mapped_column(default="")


class Allocation(Base):
    """Which bill a payment paid, and how much of it; below 0 when it is taken back."""

    __tablename__ = "allocation"

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    payment_id: Mapped[Ref] = mapped_column(ForeignKey("payment.id"), index=True)
    bill_id: Mapped[Ref] = mapped_column(ForeignKey("bill.id"), index=True)
    cents: Mapped[int]
    at: Mapped[datetime]


class ProviderCall(Base):
    """What a payment provider told us, as it came; what fits no unit waits for finance."""

    __tablename__ = "provider_call"
    __table_args__ = (UniqueConstraint("community_id", "key"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    key: Mapped[str]  # the provider's id
    body: Mapped[Words]
    state: Mapped[Code]  # booked | unmatched
    why: Mapped[Code] = mapped_column(default="")  # unit | sum | payment: what did not fit
    payment_id: Mapped[int | None]
    at: Mapped[datetime]


class Deposit(Base):
    """Money held for somebody 押金: for renovation, a card, a key; back in whole or less a deduction."""

    __tablename__ = "deposit"
    __table_args__ = (UniqueConstraint("community_id", "key"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("unit.id"), index=True)
    key: Mapped[str]
    item: Mapped[str]  # as owners read it: 装修押金
    cents: Mapped[int]
    held_since: Mapped[date]
    back_from: Mapped[date | None]  # the day from which it can be had back
    back_cents: Mapped[int] = mapped_column(default=0)
    deducted_cents: Mapped[int] = mapped_column(default=0)
    deducted_why: Mapped[Words] = mapped_column(default="")
    back_on: Mapped[date | None]


class Balance(Base):
    """What is left on a prepaid meter or account, as its source said at a time; never replaced by an older one."""

    __tablename__ = "balance"
    __table_args__ = (UniqueConstraint("unit_id", "item"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("unit.id"))
    item: Mapped[Code]  # as people read it: 电费
    cents: Mapped[int]
    as_of: Mapped[datetime]
    warned_cents: Mapped[int | None]  # the threshold that was warned of last; None after it was filled up


class MeterReading(Base):
    """What a meter showed on a day, in thousandths of its unit."""

    __tablename__ = "meter_reading"
    __table_args__ = (UniqueConstraint("unit_id", "meter", "read_on"),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("unit.id"))
    meter: Mapped[Code]  # as people read it: 水表, 电表 2
    read_on: Mapped[date]
    thousandths: Mapped[int]
    as_of: Mapped[datetime]


class Matter(Base):
    """Something an owner says of his bills that finance must answer: paid already, this line is wrong, an invoice."""

    __tablename__ = "matter"
    __table_args__ = (partial("ix_matter_open", "unit_id", where=text("state = 'open'")),)

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"))
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("unit.id"), index=True)
    bill_id: Mapped[int | None] = mapped_column(index=True)  # the line in question; None: all that is open
    person_id: Mapped[int | None]
    address_id: Mapped[Ref]
    kind: Mapped[Code]  # paid | wrong | invoice | prepay
    state: Mapped[Code] = mapped_column(default="open")  # open | answered | lapsed | emptied
    words: Mapped[Words] = mapped_column(default="")
    given: Mapped[Any] = mapped_column(default=dict)  # an invoice's title, tax number, e-mail, bills
    media_id: Mapped[int | None]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]  # until then nobody is dunned for it
    answer: Mapped[Code] = mapped_column(
        default=""
    )  # found | missing | right | corrected | issued | refused | agreed | declined
    answer_words: Mapped[Words] = mapped_column(default="")  # the number of an invoice, the reason
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None]  # staff


class ProofCode(Base):
    """A one-time code that was sent to a number, to prove that its owner writes; only the digest is kept."""

    __tablename__ = "proof_code"
    __table_args__ = (UniqueConstraint("address_id"),)

    id: Mapped[Id]
    address_id: Mapped[Ref]
    digest: Mapped[Code]  # "": used, or given up
    expires_at: Mapped[datetime]
    wrong: Mapped[int] = mapped_column(SmallInteger, default=0)  # tries
    sent: Mapped[int] = mapped_column(SmallInteger, default=0)  # codes within a day …
    first_at: Mapped[datetime]  # … that began then
    rest_until: Mapped[datetime | None]  # no code before


class Notice(Base):
    """A text to the residents of a community."""

    __tablename__ = "notice"

    id: Mapped[Id]
    community_id: Mapped[Ref] = mapped_column(ForeignKey("community.id"), index=True)
    kind: Mapped[Code]
    title: Mapped[str]
    body: Mapped[Words]
    published_at: Mapped[datetime]
    valid_until: Mapped[datetime | None]
