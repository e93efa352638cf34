"""Connected Google accounts, our events in them, and private feeds."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_connections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("google_sub", sa.String(length=255), nullable=False),
        sa.Column("google_email", sa.String(length=254), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("refresh_token", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=500), nullable=True),
        sa.Column("broken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token_leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("busy_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("busy_failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_busy_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('connected', 'broken', 'ended')", name=op.f("ck_calendar_connections_status")),
        sa.CheckConstraint(
            "status <> 'connected' OR refresh_token IS NOT NULL", name=op.f("ck_calendar_connections_refresh_token")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_calendar_connections_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_connections")),
    )
    op.create_index(
        "uq_calendar_connections_user",
        "calendar_connections",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'ended'"),
    )
    op.create_index("ix_calendar_connections_user_id", "calendar_connections", ["user_id"], unique=False)
    op.create_index(
        "ix_calendar_connections_busy",
        "calendar_connections",
        ["next_busy_at"],
        unique=False,
        postgresql_where=sa.text("status = 'connected'"),
    )
    op.create_table(
        "calendar_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), server_default="1", nullable=False),
        sa.Column("google_event_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("synced_version", sa.Integer(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("meet_url", sa.String(length=300), nullable=True),
        sa.CheckConstraint("state IN ('planned', 'there', 'removed')", name=op.f("ck_calendar_events_state")),
        sa.CheckConstraint("generation >= 1", name=op.f("ck_calendar_events_generation")),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["calendar_connections.id"],
            name=op.f("fk_calendar_events_connection_id_calendar_connections"),
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name=op.f("fk_calendar_events_appointment_id_appointments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_events")),
        sa.UniqueConstraint(
            "connection_id", "appointment_id", name=op.f("uq_calendar_events_connection_id_appointment_id")
        ),
    )
    op.create_index("ix_calendar_events_appointment_id", "calendar_events", ["appointment_id"], unique=False)
    op.create_table(
        "calendar_feeds",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_calendar_feeds_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_calendar_feeds")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_calendar_feeds_token_hash")),
    )


def downgrade() -> None:
    op.drop_table("calendar_feeds")
    op.drop_table("calendar_events")
    op.drop_table("calendar_connections")
