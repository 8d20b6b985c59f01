"""The ticket engine in full: deadlines, pauses, quotes, merging, shifts; groups keep their teams."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN_TICKET = sa.text("state NOT IN ('closed', 'cancelled', 'merged')")


def upgrade() -> None:
    _wording_hit()
    _deadline()
    _handover()
    _pause()
    _quote()
    _team_chat()
    _ticket_link()
    _escalation()
    _handover_item()
    _card()
    _duty()
    _holding()
    _outbox()
    _survey()
    _indexes_that_grow_slowly()
    _ticket()
    _ticket_lists()
    _groups_keep_their_teams()
    _settings_have_new_names()


def _indexes_that_grow_slowly() -> None:
    for name, table, worded in (
        ("ix_outbox_worded", "outbox", "payload <> '{}' AND state NOT IN ('pending', 'sending', 'held')"),
        ("ix_prompt_worded", "prompt", "state <> 'open' AND (given <> '{}' OR answers <> '[]' OR options <> '[]')"),
    ):
        where = sa.text(worded)
        op.create_index(name, table, ["created_at"], unique=False, sqlite_where=where, postgresql_where=where)


def _settings_have_new_names() -> None:
    for before, now in (
        ("tickets.accept_minutes", "deadlines.accept_minutes"),
        ("tickets.urgent_accept_minutes", "deadlines.urgent_accept_minutes"),
        ("tickets.urgent_arrive_minutes", "deadlines.urgent_arrive_minutes"),
        ("tickets.answer_hours", "deadlines.complaint_answer_hours"),
    ):
        op.execute(f"UPDATE setting SET key = '{now}' WHERE key = '{before}'")  # noqa: S608 - words of our own
    op.execute("DELETE FROM setting WHERE key IN ('desk.opens', 'desk.closes')")  # one text now: calendars.desk


def _groups_keep_their_teams() -> None:
    op.execute(
        "INSERT INTO team_chat (community_id, team, address_id, topic)"
        " SELECT address.community_id, address.team, address.id, address.topic FROM address"
        " JOIN (SELECT min(id) AS id FROM address WHERE is_group AND team <> '' AND gone_at IS NULL"
        "       AND community_id IS NOT NULL GROUP BY community_id, team) AS first ON first.id = address.id"
    )
    for table in ("card", "outbox"):
        op.execute(
            f"UPDATE {table} SET topic = (SELECT topic FROM address WHERE address.id = {table}.address_id)"  # noqa: S608
            " WHERE address_id IN (SELECT id FROM address WHERE is_group AND topic <> '')"
        )


def _wording_hit() -> None:
    op.create_table(
        "wording_hit",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=True),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("phrase", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wording_hit")),
    )
    op.create_index(op.f("ix_wording_hit_staff_id"), "wording_hit", ["staff_id"], unique=False)


def _deadline() -> None:
    op.create_table(
        "deadline",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("clock", sa.String(length=64), nullable=False),
        sa.Column("count", sa.SmallInteger(), nullable=False),
        sa.Column("calendar", sa.String(length=64), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moves", sa.SmallInteger(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("how", sa.String(length=64), nullable=False),
        sa.Column("staff_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_deadline_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline")),
        sa.UniqueConstraint("ticket_id", "clock", "count", name=op.f("uq_deadline_ticket_id_clock_count")),
    )
    op.create_index(
        "ix_deadline_running",
        "deadline",
        ["ticket_id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _handover() -> None:
    op.create_table(
        "handover",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("team", sa.String(length=64), nullable=False),
        sa.Column("from_staff_id", BIG, nullable=False),
        sa.Column("to_staff_id", BIG, nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("passes_on", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_handover_community_id")),
        sa.ForeignKeyConstraint(["from_staff_id"], ["staff.id"], name=op.f("fk_handover_from_staff_id")),
        sa.ForeignKeyConstraint(["to_staff_id"], ["staff.id"], name=op.f("fk_handover_to_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
    )
    op.create_index(op.f("ix_handover_community_id"), "handover", ["community_id"], unique=False)
    op.create_index(op.f("ix_handover_to_staff_id"), "handover", ["to_staff_id"], unique=False)
    op.create_index(
        "uq_handover_open",
        "handover",
        ["from_staff_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )


def _pause() -> None:
    op.create_table(
        "pause",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_pause_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause")),
    )
    op.create_index(op.f("ix_pause_ticket_id"), "pause", ["ticket_id"], unique=False)
    op.create_index(
        "uq_pause_open",
        "pause",
        ["ticket_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _quote() -> None:
    op.create_table(
        "quote",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("count", sa.SmallInteger(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("total_cents", BIG, nullable=False),
        sa.Column("guarantee_days", BIG, nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("staff_id", BIG, nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", BIG, nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_quote_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote")),
        sa.UniqueConstraint("ticket_id", "count", name=op.f("uq_quote_ticket_id_count")),
    )


def _team_chat() -> None:
    op.create_table(
        "team_chat",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("team", sa.String(length=64), nullable=False),
        sa.Column("address_id", BIG, nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_team_chat_address_id")),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_team_chat_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_chat")),
        sa.UniqueConstraint("community_id", "team", name=op.f("uq_team_chat_community_id_team")),
    )


def _ticket_link() -> None:
    op.create_table(
        "ticket_link",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("other_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["other_id"], ["ticket.id"], name=op.f("fk_ticket_link_other_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_link_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_link")),
        sa.UniqueConstraint("ticket_id", "other_id", "kind", name=op.f("uq_ticket_link_ticket_id_other_id_kind")),
    )
    op.create_index(op.f("ix_ticket_link_other_id"), "ticket_link", ["other_id"], unique=False)


def _escalation() -> None:
    op.create_table(
        "escalation",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("deadline_id", BIG, nullable=False),
        sa.Column("step", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["deadline_id"], ["deadline.id"], name=op.f("fk_escalation_deadline_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_escalation_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation")),
        sa.UniqueConstraint("deadline_id", "step", "due_at", name=op.f("uq_escalation_deadline_id_step_due_at")),
    )
    op.create_index(op.f("ix_escalation_ticket_id"), "escalation", ["ticket_id"], unique=False)


def _handover_item() -> None:
    op.create_table(
        "handover_item",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("handover_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["handover_id"], ["handover.id"], name=op.f("fk_handover_item_handover_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_handover_item_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_item")),
        sa.UniqueConstraint("handover_id", "ticket_id", name=op.f("uq_handover_item_handover_id_ticket_id")),
    )


def _card() -> None:
    op.add_column("card", sa.Column("topic", sa.String(length=64), server_default="", nullable=False))
    op.create_index(op.f("ix_card_address_id_message_id"), "card", ["address_id", "message_id"], unique=False)


def _duty() -> None:
    columns = ["staff_id", "ends_at", "starts_at"]
    op.create_index(op.f("ix_duty_staff_id_ends_at_starts_at"), "duty", columns, unique=False)


def _survey() -> None:
    op.create_index(
        "ix_survey_answered",
        "survey",
        ["staff_id", "score"],
        unique=False,
        sqlite_where=sa.text("state = 'answered'"),
        postgresql_where=sa.text("state = 'answered'"),
    )


def _holding() -> None:
    op.create_index(op.f("ix_holding_staff_id_since"), "holding", ["staff_id", "since"], unique=False)


def _outbox() -> None:
    op.add_column("outbox", sa.Column("topic", sa.String(length=64), server_default="", nullable=False))


def _ticket() -> None:
    op.add_column("ticket", sa.Column("grade", sa.String(length=64), server_default="", nullable=False))
    op.add_column("ticket", sa.Column("dispatch", sa.String(length=64), server_default="duty", nullable=False))
    op.add_column("ticket", sa.Column("follow_up", sa.String(length=64), server_default="unless_rated", nullable=False))
    op.execute("UPDATE ticket SET follow_up = 'never' WHERE kind <> 'repair'")
    op.add_column("ticket", sa.Column("agreed_cents", BIG, nullable=True))
    op.add_column("ticket", sa.Column("charged_cents", BIG, nullable=True))
    op.add_column("ticket", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("ticket", sa.Column("pause_reason", sa.String(length=64), server_default="", nullable=False))
    op.add_column("ticket", sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("ticket", sa.Column("signed_by", BIG, nullable=True))
    op.add_column("ticket", sa.Column("merged_into_id", BIG, nullable=True))
    op.add_column("ticket", sa.Column("merged_count", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("ticket", sa.Column("state_before", sa.String(length=64), server_default="", nullable=False))
    op.add_column("ticket", sa.Column("absences", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("ticket", sa.Column("no_shows", sa.SmallInteger(), server_default="0", nullable=False))
    op.create_index(
        "ix_ticket_merged",
        "ticket",
        ["merged_into_id"],
        unique=False,
        sqlite_where=sa.text("merged_into_id IS NOT NULL"),
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.create_index(
        "ix_ticket_open_category",
        "ticket",
        ["community_id", "category"],
        unique=False,
        sqlite_where=OPEN_TICKET,
        postgresql_where=OPEN_TICKET,
    )
    op.create_index(
        "ix_ticket_open_unit",
        "ticket",
        ["unit_id", "category"],
        unique=False,
        sqlite_where=OPEN_TICKET,
        postgresql_where=OPEN_TICKET,
    )


def _ticket_lists() -> None:
    """A merged ticket is none of the open ones; lists of a person's tickets don't go through all he ever had."""
    op.drop_index("ix_ticket_open_community", "ticket")
    op.drop_index("ix_ticket_open_holder", "ticket")
    op.drop_index(op.f("ix_ticket_requester_id"), "ticket")
    for name, columns, where in (
        ("ix_ticket_open_community", ["community_id", "state"], OPEN_TICKET),
        ("ix_ticket_open_holder", ["holder_id"], OPEN_TICKET),
        ("ix_ticket_open_requester", ["requester_id"], OPEN_TICKET),
        ("ix_ticket_of_stranger", ["requester_address_id"], sa.text("requester_id IS NULL")),
    ):
        op.create_index(name, "ticket", columns, unique=False, sqlite_where=where, postgresql_where=where)
    by_number = ["community_id", "number", "year"]
    op.create_index(op.f("ix_ticket_community_id_number_year"), "ticket", by_number, unique=False)
    op.create_index(op.f("ix_ticket_requester_id_closed_at"), "ticket", ["requester_id", "closed_at"], unique=False)
