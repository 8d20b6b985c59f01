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
    _incident()
    _desk_link()
    _incident_household()
    _joiner()
    _outside_case()
    _desk_session()
    _desk_act()
    _ticket()


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
