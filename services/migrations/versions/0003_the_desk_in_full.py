"""the desk in full."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _campaign()
    _car_call()
    _incident()
    _vehicle()
    _campaign_answer()
    _campaign_person()
    _desk_link()
    _digest()
    _incident_household()
    _joiner()
    _outside_case()
    _party()
    _release_slip()
    _desk_session()
    _desk_act()
    _follow_up()
    _ticket()


def _campaign() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("questions", sa.Text(), nullable=False),
        sa.Column("started_by", BIG, nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_to", BIG, server_default="0", nullable=False),
        sa.Column("reminded_to", BIG, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_campaign_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
    )
    op.create_index(op.f("ix_campaign_community_id"), "campaign", ["community_id"], unique=False)
    op.create_index(
        "uq_campaign_running",
        "campaign",
        ["community_id"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )


def _car_call() -> None:
    op.create_table(
        "car_call",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("plate", sa.String(length=64), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("asker_id", BIG, nullable=True),
        sa.Column("asker_address_id", BIG, nullable=False),
        sa.Column("keeper_id", BIG, nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ticket_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_car_call_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_car_call")),
    )
    op.create_index(
        "uq_car_call_open",
        "car_call",
        ["asker_address_id", "plate"],
        unique=True,
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )


def _incident() -> None:
    op.create_table(
        "incident",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("categories", sa.Text(), nullable=False),
        sa.Column("buildings", sa.Text(), nullable=False),
        sa.Column("planned", sa.Boolean(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_incident_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index(
        "ix_incident_holds",
        "incident",
        ["community_id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _vehicle() -> None:
    op.create_table(
        "vehicle",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("plate", sa.String(length=64), nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_vehicle_community_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_vehicle_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicle")),
        sa.UniqueConstraint("community_id", "plate", name=op.f("uq_vehicle_community_id_plate")),
    )
    op.create_index(op.f("ix_vehicle_person_id"), "vehicle", ["person_id"], unique=False)


def _campaign_answer() -> None:
    op.create_table(
        "campaign_answer",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("campaign_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_answer_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_answer")),
        sa.UniqueConstraint(
            "campaign_id", "person_id", "question", name=op.f("uq_campaign_answer_campaign_id_person_id_question")
        ),
    )
    op.create_index(
        op.f("ix_campaign_answer_campaign_id_question_score"),
        "campaign_answer",
        ["campaign_id", "question", "score"],
        unique=False,
    )


def _campaign_person() -> None:
    op.create_table(
        "campaign_person",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("campaign_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("building", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_person_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_person")),
        sa.UniqueConstraint("campaign_id", "person_id", name=op.f("uq_campaign_person_campaign_id_person_id")),
    )


def _desk_link() -> None:
    op.create_table(
        "desk_link",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("locale", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_desk_link_community_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_desk_link_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_link")),
        sa.UniqueConstraint("digest", name=op.f("uq_desk_link_digest")),
    )
    op.create_index(op.f("ix_desk_link_staff_id"), "desk_link", ["staff_id"], unique=False)


def _digest() -> None:
    op.create_table(
        "digest",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("address_id", BIG, nullable=False),
        sa.Column("team", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_digest_address_id")),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_digest_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest")),
        sa.UniqueConstraint("key", name=op.f("uq_digest_key")),
    )
    op.create_index(
        "ix_digest_wanted",
        "digest",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'wanted'"),
        postgresql_where=sa.text("state = 'wanted'"),
    )


def _incident_household() -> None:
    op.create_table(
        "incident_household",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("incident_id", BIG, nullable=False),
        sa.Column("unit_id", BIG, nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_how", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("loss_words", sa.Text(), nullable=True),
        sa.Column("loss_media", sa.Text(), nullable=False),
        sa.Column("loss_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_cents", BIG, nullable=True),
        sa.Column("settled_words", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", BIG, nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_incident_household_incident_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_incident_household_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_household")),
        sa.UniqueConstraint("incident_id", "unit_id", name=op.f("uq_incident_household_incident_id_unit_id")),
    )


def _joiner() -> None:
    op.create_table(
        "joiner",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("address_id", BIG, nullable=True),
        sa.Column("unit_id", BIG, nullable=True),
        sa.Column("place", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("asks", sa.SmallInteger(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("own_ticket_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_joiner_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joiner")),
        sa.UniqueConstraint("ticket_id", "address_id", name=op.f("uq_joiner_ticket_id_address_id")),
        sa.UniqueConstraint("ticket_id", "person_id", name=op.f("uq_joiner_ticket_id_person_id")),
    )
    op.create_index(op.f("ix_joiner_address_id"), "joiner", ["address_id"], unique=False)
    op.create_index(op.f("ix_joiner_person_id"), "joiner", ["person_id"], unique=False)


def _outside_case() -> None:
    op.create_table(
        "outside_case",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("office", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=255), nullable=False),
        sa.Column("contact_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_outside_case_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_case")),
        sa.UniqueConstraint(
            "community_id", "office", "number", name=op.f("uq_outside_case_community_id_office_number")
        ),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_outside_case_ticket_id")),
    )
    op.create_index(
        "ix_outside_case_unanswered",
        "outside_case",
        ["community_id", "due_at"],
        unique=False,
        sqlite_where=sa.text("replied_at IS NULL"),
        postgresql_where=sa.text("replied_at IS NULL"),
    )


def _party() -> None:
    op.create_table(
        "party",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("unit_id", BIG, nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("how", sa.String(length=64), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("allowed", sa.String(length=64), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_party_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party")),
        sa.UniqueConstraint("ticket_id", "role", name=op.f("uq_party_ticket_id_role")),
    )
    op.create_index(op.f("ix_party_unit_id"), "party", ["unit_id"], unique=False)


def _release_slip() -> None:
    op.create_table(
        "release_slip",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("unit_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("address_id", BIG, nullable=False),
        sa.Column("goods", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", BIG, nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by", BIG, nullable=True),
        sa.Column("media_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_release_slip_community_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_release_slip_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_slip")),
        sa.UniqueConstraint("community_id", "year", "number", name=op.f("uq_release_slip_community_id_year_number")),
    )
    op.create_index(op.f("ix_release_slip_unit_id"), "release_slip", ["unit_id"], unique=False)


def _desk_session() -> None:
    op.create_table(
        "desk_session",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("address_id", BIG, nullable=False),
        sa.Column("link_id", BIG, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_desk_session_address_id")),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_desk_session_community_id")),
        sa.ForeignKeyConstraint(["link_id"], ["desk_link.id"], name=op.f("fk_desk_session_link_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_desk_session_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_session")),
        sa.UniqueConstraint("digest", name=op.f("uq_desk_session_digest")),
        sa.UniqueConstraint("link_id", name=op.f("uq_desk_session_link_id")),
    )
    op.create_index(
        "ix_desk_session_open",
        "desk_session",
        ["staff_id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _desk_act() -> None:
    op.create_table(
        "desk_act",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("session_id", BIG, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("ticket_id", BIG, nullable=True),
        sa.Column("prompt_id", BIG, nullable=True),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["desk_session.id"], name=op.f("fk_desk_act_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_act")),
        sa.UniqueConstraint("session_id", "key", name=op.f("uq_desk_act_session_id_key")),
    )
    op.create_index(op.f("ix_desk_act_at"), "desk_act", ["at"], unique=False)


def _follow_up() -> None:
    with op.batch_alter_table("follow_up", schema=None) as batch_op:
        batch_op.alter_column("ticket_id", existing_type=sa.INTEGER(), nullable=True)
    with op.batch_alter_table("follow_up", schema=None) as batch_op:
        batch_op.alter_column("outcome", existing_type=sa.VARCHAR(length=255), type_=sa.Text(), existing_nullable=False)
    op.add_column("follow_up", sa.Column("cycle", sa.SmallInteger(), server_default="1", nullable=False))
    op.add_column("follow_up", sa.Column("campaign_id", BIG, nullable=True))
    op.add_column("follow_up", sa.Column("person_id", BIG, nullable=True))
    op.add_column("follow_up", sa.Column("topics", sa.String(length=64), server_default="", nullable=False))
    op.add_column("follow_up", sa.Column("why", sa.String(length=64), server_default="", nullable=False))
    op.add_column("follow_up", sa.Column("result", sa.String(length=64), server_default="", nullable=False))
    op.add_column("follow_up", sa.Column("next_step", sa.String(length=64), server_default="", nullable=False))
    op.add_column("follow_up", sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False))
    op.create_index(
        "ix_follow_up_open",
        "follow_up",
        ["community_id", "due_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index(
        "uq_follow_up_campaign",
        "follow_up",
        ["campaign_id", "person_id"],
        unique=True,
        sqlite_where=sa.text("campaign_id IS NOT NULL"),
        postgresql_where=sa.text("campaign_id IS NOT NULL"),
    )
    op.create_index(
        "uq_follow_up_task",
        "follow_up",
        ["ticket_id", "cycle", "why"],
        unique=True,
        sqlite_where=sa.text("why <> ''"),
        postgresql_where=sa.text("why <> ''"),
    )


def _ticket() -> None:
    op.add_column("ticket", sa.Column("anonymous", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("ticket", sa.Column("about_staff_id", BIG, nullable=True))
    op.add_column("ticket", sa.Column("about_team", sa.String(length=64), server_default="", nullable=False))
    op.add_column("ticket", sa.Column("about_unit_id", BIG, nullable=True))
    op.add_column("ticket", sa.Column("serious", sa.String(length=64), server_default="", nullable=False))
    op.add_column("ticket", sa.Column("tier", sa.String(length=64), server_default="", nullable=False))
    op.add_column("ticket", sa.Column("appeals", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("ticket", sa.Column("answered_by", BIG, nullable=True))
    op.add_column("ticket", sa.Column("outcome", sa.String(length=64), server_default="", nullable=False))
    op.add_column("ticket", sa.Column("responders", sa.String(length=255), server_default="", nullable=False))
    op.add_column("ticket", sa.Column("joined_count", sa.SmallInteger(), server_default="0", nullable=False))
