"""neighbours and incidents."""

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
    _incident_household()
    _joiner()
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


def _ticket() -> None:
    op.add_column("ticket", sa.Column("joined_count", sa.SmallInteger(), server_default="0", nullable=False))
