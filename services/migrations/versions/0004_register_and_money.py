"""Register and money."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.migrations import unchangeable

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _company()
    _link_log()
    _proof_code()
    _bill_run()
    _data_view()
    _import_job()
    _provider_call()
    _shared_cost()
    _tariff()
    _balance()
    _deposit()
    _discount()
    _dunning_attempt()
    _import_row()
    _link_try()
    _matter()
    _meter_reading()
    _payment()
    _promise()
    _sparing()
    _adjustment()
    _allocation()
    _instalment()
    _letter()
    _letter_handing()
    _bill()
    _building()
    _community()
    _link_code()
    _link_request()
    _occupancy()
    _person()
    _unit()
    _vehicle()
    unchangeable.keep("link_log")


def _company() -> None:
    op.create_table(
        "company",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company")),
        sa.UniqueConstraint("slug", name=op.f("uq_company_slug")),
    )


def _link_log() -> None:
    op.create_table(
        "link_log",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=True),
        sa.Column("address_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("how", sa.String(length=64), nullable=False),
        sa.Column("by_id", BIG, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_log")),
    )
    op.create_index(op.f("ix_link_log_address_id"), "link_log", ["address_id"], unique=False)
    op.create_index(op.f("ix_link_log_person_id"), "link_log", ["person_id"], unique=False)


def _proof_code() -> None:
    op.create_table(
        "proof_code",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("address_id", BIG, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wrong", sa.SmallInteger(), nullable=False),
        sa.Column("sent", sa.SmallInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rest_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proof_code")),
        sa.UniqueConstraint("address_id", name=op.f("uq_proof_code_address_id")),
    )


def _bill_run() -> None:
    op.create_table(
        "bill_run",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("period", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("after_unit", BIG, nullable=False),
        sa.Column("bills", BIG, nullable=False),
        sa.Column("cents", BIG, nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_bill_run_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bill_run")),
        sa.UniqueConstraint("community_id", "period", name=op.f("uq_bill_run_community_id_period")),
    )


def _data_view() -> None:
    op.create_table(
        "data_view",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("viewer_id", BIG, nullable=True),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("unit_id", BIG, nullable=True),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("table", sa.String(length=64), nullable=False),
        sa.Column("rows", BIG, nullable=True),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_data_view_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_view")),
    )
    op.create_index(op.f("ix_data_view_person_id"), "data_view", ["person_id"], unique=False)
    op.create_index(op.f("ix_data_view_unit_id"), "data_view", ["unit_id"], unique=False)


def _import_job() -> None:
    op.create_table(
        "import_job",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("skip_bad", sa.Boolean(), nullable=False),
        sa.Column("rows", BIG, nullable=False),
        sa.Column("bad", BIG, nullable=False),
        sa.Column("after_row", BIG, nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("by_id", BIG, nullable=True),
        sa.Column("address_id", BIG, nullable=True),
        sa.Column("media_id", BIG, nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_import_job_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_job")),
    )


def _provider_call() -> None:
    op.create_table(
        "provider_call",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("why", sa.String(length=64), nullable=False),
        sa.Column("payment_id", BIG, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_provider_call_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_call")),
        sa.UniqueConstraint("community_id", "key", name=op.f("uq_provider_call_community_id_key")),
    )


def _shared_cost() -> None:
    op.create_table(
        "shared_cost",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=64), nullable=False),
        sa.Column("phase", sa.String(length=64), nullable=False),
        sa.Column("building", sa.String(length=64), nullable=False),
        sa.Column("cents", BIG, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("run_id", BIG, nullable=True),
        sa.Column("units", BIG, nullable=False),
        sa.Column("area_cm2", BIG, nullable=False),
        sa.Column("last_unit", BIG, nullable=False),
        sa.Column("done_cm2", BIG, nullable=False),
        sa.Column("done_cents", BIG, nullable=False),
        sa.Column("split_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_shared_cost_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_cost")),
        sa.UniqueConstraint(
            "community_id",
            "code",
            "period",
            "phase",
            "building",
            name=op.f("uq_shared_cost_community_id_code_period_phase_building"),
        ),
    )


def _tariff() -> None:
    op.create_table(
        "tariff",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("way", sa.String(length=64), nullable=False),
        sa.Column("rate", BIG, nullable=False),
        sa.Column("months", sa.SmallInteger(), nullable=False),
        sa.Column("due_days", sa.SmallInteger(), nullable=False),
        sa.Column("unit_kind", sa.String(length=64), nullable=False),
        sa.Column("phase", sa.String(length=64), nullable=False),
        sa.Column("building", sa.String(length=64), nullable=False),
        sa.Column("vacant_percent", sa.SmallInteger(), nullable=False),
        sa.Column("vacant_after_months", sa.SmallInteger(), nullable=False),
        sa.Column("prepay_months", sa.SmallInteger(), nullable=False),
        sa.Column("prepay_percent", sa.SmallInteger(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_tariff_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff")),
        sa.UniqueConstraint(
            "community_id",
            "code",
            "unit_kind",
            "phase",
            "building",
            "since",
            name=op.f("uq_tariff_community_id_code_unit_kind_phase_building_since"),
        ),
    )


def _balance() -> None:
    op.create_table(
        "balance",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("unit_id", BIG, nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("cents", BIG, nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("warned_cents", BIG, nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_balance_community_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_balance_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_balance")),
        sa.UniqueConstraint("unit_id", "item", name=op.f("uq_balance_unit_id_item")),
    )


def _deposit() -> None:
    op.create_table(
        "deposit",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("unit_id", BIG, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("item", sa.String(length=255), nullable=False),
        sa.Column("cents", BIG, nullable=False),
        sa.Column("held_since", sa.Date(), nullable=False),
        sa.Column("back_from", sa.Date(), nullable=True),
        sa.Column("back_cents", BIG, nullable=False),
        sa.Column("deducted_cents", BIG, nullable=False),
        sa.Column("deducted_why", sa.Text(), nullable=False),
        sa.Column("back_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_deposit_community_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_deposit_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposit")),
        sa.UniqueConstraint("community_id", "key", name=op.f("uq_deposit_community_id_key")),
    )
    op.create_index(op.f("ix_deposit_unit_id"), "deposit", ["unit_id"], unique=False)


def _discount() -> None:
    op.create_table(
        "discount",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("unit_id", BIG, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("why", sa.String(length=64), nullable=False),
        sa.Column("percent", sa.SmallInteger(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("by_id", BIG, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_discount_community_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_discount_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discount")),
        sa.UniqueConstraint("unit_id", "code", "since", "why", name=op.f("uq_discount_unit_id_code_since_why")),
    )


def _dunning_attempt() -> None:
    op.create_table(
        "dunning_attempt",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("unit_id", BIG, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("list", sa.String(length=64), nullable=False),
        sa.Column("step", sa.String(length=64), nullable=False),
        sa.Column("way", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bills", sa.Text(), nullable=False),
        sa.Column("cents", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("outbox_key", sa.String(length=255), nullable=False),
        sa.Column("staff_id", BIG, nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("content_id", BIG, nullable=True),
        sa.Column("next_step", sa.String(length=64), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("visit_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("visit_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_dunning_attempt_community_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_dunning_attempt_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dunning_attempt")),
        sa.UniqueConstraint("key", name=op.f("uq_dunning_attempt_key")),
    )
    op.create_index(op.f("ix_dunning_attempt_community_id_at"), "dunning_attempt", ["community_id", "at"], unique=False)
    op.create_index(op.f("ix_dunning_attempt_person_id_at"), "dunning_attempt", ["person_id", "at"], unique=False)
    op.create_index(
        "ix_dunning_attempt_task",
        "dunning_attempt",
        ["community_id", "staff_id"],
        unique=False,
        sqlite_where=sa.text("state = 'task'"),
        postgresql_where=sa.text("state = 'task'"),
    )
    op.create_index(op.f("ix_dunning_attempt_unit_id_at"), "dunning_attempt", ["unit_id", "at"], unique=False)


def _import_row() -> None:
    op.create_table(
        "import_row",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("job_id", BIG, nullable=False),
        sa.Column("n", BIG, nullable=False),
        sa.Column("sheet", sa.String(length=255), nullable=False),
        sa.Column("row", BIG, nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["import_job.id"], name=op.f("fk_import_row_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_row")),
        sa.UniqueConstraint("job_id", "n", name=op.f("uq_import_row_job_id_n")),
    )


def _link_try() -> None:
    op.create_table(
        "link_try",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("address_id", BIG, nullable=False),
        sa.Column("wrong", BIG, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_link_try_address_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_try")),
        sa.UniqueConstraint("address_id", name=op.f("uq_link_try_address_id")),
    )


def _matter() -> None:
    op.create_table(
        "matter",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("unit_id", BIG, nullable=False),
        sa.Column("bill_id", BIG, nullable=True),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("address_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("given", sa.Text(), nullable=False),
        sa.Column("media_id", BIG, nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(length=64), nullable=False),
        sa.Column("answer_words", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", BIG, nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_matter_community_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_matter_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matter")),
    )
    op.create_index(op.f("ix_matter_bill_id"), "matter", ["bill_id"], unique=False)
    op.create_index(
        "ix_matter_open",
        "matter",
        ["unit_id"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(op.f("ix_matter_unit_id"), "matter", ["unit_id"], unique=False)


def _meter_reading() -> None:
    op.create_table(
        "meter_reading",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("unit_id", BIG, nullable=False),
        sa.Column("meter", sa.String(length=64), nullable=False),
        sa.Column("read_on", sa.Date(), nullable=False),
        sa.Column("thousandths", BIG, nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_meter_reading_community_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_meter_reading_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meter_reading")),
        sa.UniqueConstraint("unit_id", "meter", "read_on", name=op.f("uq_meter_reading_unit_id_meter_read_on")),
    )


def _payment() -> None:
    op.create_table(
        "payment",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("unit_id", BIG, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("cents", BIG, nullable=False),
        sa.Column("free_cents", BIG, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("reverses_id", BIG, nullable=True),
        sa.Column("way", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("landed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payer", sa.String(length=255), nullable=False),
        sa.Column("taken_by", BIG, nullable=True),
        sa.Column("credited_to", BIG, nullable=True),
        sa.Column("receipt", sa.String(length=64), nullable=False),
        sa.Column("media_id", BIG, nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_payment_community_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_payment_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("community_id", "key", name=op.f("uq_payment_community_id_key")),
        sa.UniqueConstraint("community_id", "year", "number", name=op.f("uq_payment_community_id_year_number")),
    )
    op.create_index(op.f("ix_payment_community_id_landed_at"), "payment", ["community_id", "landed_at"], unique=False)
    op.create_index(op.f("ix_payment_community_id_paid_on"), "payment", ["community_id", "paid_on"], unique=False)
    op.create_index(op.f("ix_payment_credited_to"), "payment", ["credited_to"], unique=False)
    op.create_index(
        "ix_payment_free",
        "payment",
        ["unit_id"],
        unique=False,
        sqlite_where=sa.text("free_cents > 0"),
        postgresql_where=sa.text("free_cents > 0"),
    )
    op.create_index(op.f("ix_payment_reverses_id"), "payment", ["reverses_id"], unique=False)
    op.create_index(op.f("ix_payment_unit_id_paid_on"), "payment", ["unit_id", "paid_on"], unique=False)


def _promise() -> None:
    op.create_table(
        "promise",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("unit_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("taken_by", BIG, nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_promise_community_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_promise_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
    )
    op.create_index(op.f("ix_promise_community_id"), "promise", ["community_id"], unique=False)
    op.create_index(
        "ix_promise_open",
        "promise",
        ["unit_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )


def _sparing() -> None:
    op.create_table(
        "sparing",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("unit_id", BIG, nullable=False),
        sa.Column("why", sa.String(length=64), nullable=False),
        sa.Column("content_id", BIG, nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("set_by", BIG, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", BIG, nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_sparing_community_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_sparing_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sparing")),
    )
    op.create_index(
        "ix_sparing_open",
        "sparing",
        ["unit_id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _adjustment() -> None:
    op.create_table(
        "adjustment",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("bill_id", BIG, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("cents", BIG, nullable=False),
        sa.Column("why", sa.String(length=64), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("by_id", BIG, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["bill_id"], ["bill.id"], name=op.f("fk_adjustment_bill_id")),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_adjustment_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adjustment")),
        sa.UniqueConstraint("key", name=op.f("uq_adjustment_key")),
    )
    op.create_index(op.f("ix_adjustment_bill_id"), "adjustment", ["bill_id"], unique=False)


def _allocation() -> None:
    op.create_table(
        "allocation",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("payment_id", BIG, nullable=False),
        sa.Column("bill_id", BIG, nullable=False),
        sa.Column("cents", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["bill_id"], ["bill.id"], name=op.f("fk_allocation_bill_id")),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_allocation_community_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_allocation_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation")),
    )
    op.create_index(op.f("ix_allocation_bill_id"), "allocation", ["bill_id"], unique=False)
    op.create_index(op.f("ix_allocation_payment_id"), "allocation", ["payment_id"], unique=False)


def _instalment() -> None:
    op.create_table(
        "instalment",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("promise_id", BIG, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("cents", BIG, nullable=False),
        sa.ForeignKeyConstraint(["promise_id"], ["promise.id"], name=op.f("fk_instalment_promise_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instalment")),
        sa.UniqueConstraint("promise_id", "due_on", name=op.f("uq_instalment_promise_id_due_on")),
    )


def _letter() -> None:
    op.create_table(
        "letter",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("unit_id", BIG, nullable=False),
        sa.Column("attempt_id", BIG, nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("batch", sa.String(length=255), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("tie", sa.String(length=64), nullable=False),
        sa.Column("list", sa.String(length=64), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("cents", BIG, nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["dunning_attempt.id"], name=op.f("fk_letter_attempt_id")),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_letter_community_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_letter_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("attempt_id", name=op.f("uq_letter_attempt_id")),
        sa.UniqueConstraint("community_id", "year", "number", name=op.f("uq_letter_community_id_year_number")),
    )
    op.create_index(op.f("ix_letter_community_id_batch"), "letter", ["community_id", "batch"], unique=False)
    op.create_index(op.f("ix_letter_unit_id"), "letter", ["unit_id"], unique=False)


def _letter_handing() -> None:
    op.create_table(
        "letter_handing",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("letter_id", BIG, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("way", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("result", sa.String(length=64), nullable=False),
        sa.Column("result_on", sa.Date(), nullable=True),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", BIG, nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_letter_handing_community_id")),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_letter_handing_letter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_handing")),
        sa.UniqueConstraint("key", name=op.f("uq_letter_handing_key")),
    )
    op.create_index(op.f("ix_letter_handing_letter_id"), "letter_handing", ["letter_id"], unique=False)


def _bill() -> None:
    op.add_column("bill", sa.Column("payer_id", BIG, nullable=True))
    op.add_column("bill", sa.Column("code", sa.String(length=64), server_default="", nullable=False))
    op.add_column("bill", sa.Column("from_on", sa.Date(), nullable=True))
    op.add_column("bill", sa.Column("to_on", sa.Date(), nullable=True))
    op.add_column("bill", sa.Column("adjusted_cents", BIG, server_default="0", nullable=False))
    op.add_column("bill", sa.Column("steps", sa.Text(), server_default="[]", nullable=False))
    op.add_column("bill", sa.Column("source", sa.String(length=64), server_default="import", nullable=False))
    op.add_column("bill", sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_bill_community_id_due_on"), "bill", ["community_id", "due_on"], unique=False)
    op.create_index(
        "ix_bill_open",
        "bill",
        ["community_id", "due_on", "unit_id"],
        unique=False,
        sqlite_where=sa.text("paid_cents < cents + adjusted_cents"),
        postgresql_where=sa.text("paid_cents < cents + adjusted_cents"),
    )
    op.create_index(
        "ix_bill_open_unit",
        "bill",
        ["unit_id", "due_on"],
        unique=False,
        sqlite_where=sa.text("paid_cents < cents + adjusted_cents"),
        postgresql_where=sa.text("paid_cents < cents + adjusted_cents"),
    )
    op.create_index(
        "ix_bill_payer_id",
        "bill",
        ["payer_id"],
        unique=False,
        sqlite_where=sa.text("payer_id IS NOT NULL"),
        postgresql_where=sa.text("payer_id IS NOT NULL"),
    )


def _building() -> None:
    op.add_column("building", sa.Column("collector_id", BIG, nullable=True))


def _community() -> None:
    op.add_column("community", sa.Column("company_id", BIG, nullable=True))


def _link_code() -> None:
    op.add_column("link_code", sa.Column("invited", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("link_code", sa.Column("uses", BIG, server_default="0", nullable=False))
    op.add_column("link_code", sa.Column("most_uses", BIG, server_default="1", nullable=False))
    op.add_column("link_code", sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("link_code", sa.Column("revoked_by", BIG, nullable=True))


def _link_request() -> None:
    op.add_column("link_request", sa.Column("media", sa.Text(), server_default="[]", nullable=False))
    op.add_column("link_request", sa.Column("reason", sa.Text(), server_default="", nullable=False))


def _occupancy() -> None:
    op.add_column("occupancy", sa.Column("for_person_id", BIG, nullable=True))
    op.add_column("occupancy", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("occupancy", sa.Column("ended_by", BIG, nullable=True))
    op.add_column("occupancy", sa.Column("ended_why", sa.String(length=64), server_default="", nullable=False))


def _person() -> None:
    op.add_column("person", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))


def _unit() -> None:
    op.add_column("unit", sa.Column("kind", sa.String(length=64), server_default="flat", nullable=False))
    op.add_column("unit", sa.Column("attached_to", BIG, nullable=True))
    op.add_column("unit", sa.Column("payer", sa.String(length=64), server_default="owner", nullable=False))
    op.add_column("unit", sa.Column("collector_id", BIG, nullable=True))
    op.add_column("unit", sa.Column("takeover", sa.String(length=64), server_default="done", nullable=False))
    op.create_index(op.f("ix_unit_attached_to"), "unit", ["attached_to"], unique=False)


def _vehicle() -> None:
    op.add_column("vehicle", sa.Column("until", sa.Date(), nullable=True))
    with op.batch_alter_table("vehicle", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_vehicle_community_id_plate"), type_="unique")
    op.create_index(
        "uq_vehicle_kept",
        "vehicle",
        ["community_id", "plate"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
