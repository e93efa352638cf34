"""Weekly hours, time off, closures, busy times and booking policies; how slots came to be and why they are hidden."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FINITE = "isfinite(starts_at) AND isfinite(ends_at) AND starts_at >= '2000-01-01+00' AND ends_at < '2101-01-01+00'"


def upgrade() -> None:
    _describe_slots()
    _add_schedules()
    _add_what_takes_times_out()
    _add_policies()


def _describe_slots() -> None:
    op.add_column("slots", sa.Column("mode", sa.String(length=20), server_default="in-person", nullable=False))
    op.add_column("slots", sa.Column("origin", sa.String(length=20), server_default="hand", nullable=False))
    op.add_column("slots", sa.Column("blocked_by", sa.String(length=20), nullable=True))
    op.execute("UPDATE slots SET blocked_by = 'doctor' WHERE status = 'busy-unavailable'")
    op.create_check_constraint(op.f("ck_slots_mode"), "slots", "mode IN ('in-person', 'online', 'both')")
    op.create_check_constraint(op.f("ck_slots_origin"), "slots", "origin IN ('hand', 'schedule')")
    op.create_check_constraint(
        op.f("ck_slots_blocked_by"), "slots", "blocked_by IN ('doctor', 'time-off', 'closure', 'calendar')"
    )
    op.create_check_constraint(
        op.f("ck_slots_blocked"), "slots", "(blocked_by IS NOT NULL) = (status = 'busy-unavailable')"
    )
    op.create_index(
        "ix_slots_free_online",
        "slots",
        ["doctor_id", "starts_at"],
        postgresql_where=sa.text("status = 'free' AND mode <> 'in-person'"),
    )
    op.add_column("appointments", sa.Column("mode", sa.String(length=20), server_default="in-person", nullable=False))
    op.create_check_constraint(op.f("ck_appointments_mode"), "appointments", "mode IN ('in-person', 'online')")


def _add_schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=True),
        sa.CheckConstraint("valid_from BETWEEN '2000-01-01' AND '2099-12-31'", name=op.f("ck_schedules_valid_from")),
        sa.CheckConstraint("valid_until BETWEEN valid_from AND '2099-12-31'", name=op.f("ck_schedules_valid_until")),
        postgresql.ExcludeConstraint(
            (sa.column("doctor_id"), "="),
            (sa.text("daterange(valid_from, valid_until, '[]')"), "&&"),
            using="gist",
            name="ex_schedules_doctor_overlap",
        ),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_schedules_doctor_id_doctors")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
    )
    op.create_table(
        "schedule_hours",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("end_minute", sa.Integer(), nullable=False),
        sa.Column("visit_minutes", sa.Integer(), nullable=False),
        sa.Column("gap_minutes", sa.Integer(), nullable=True),
        sa.Column("mode", sa.String(length=20), server_default="in-person", nullable=False),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_schedule_hours_weekday")),
        sa.CheckConstraint(
            "0 <= start_minute AND start_minute < end_minute AND end_minute <= 1440",
            name=op.f("ck_schedule_hours_minutes"),
        ),
        sa.CheckConstraint("visit_minutes BETWEEN 5 AND 480", name=op.f("ck_schedule_hours_visit_minutes")),
        sa.CheckConstraint("gap_minutes BETWEEN 0 AND 480", name=op.f("ck_schedule_hours_gap_minutes")),
        sa.CheckConstraint("mode IN ('in-person', 'online', 'both')", name=op.f("ck_schedule_hours_mode")),
        postgresql.ExcludeConstraint(
            (sa.column("schedule_id"), "="),
            (sa.column("weekday"), "="),
            (sa.text("int4range(start_minute, end_minute)"), "&&"),
            using="gist",
            name="ex_schedule_hours_overlap",
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["schedules.id"],
            name=op.f("fk_schedule_hours_schedule_id_schedules"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_hours")),
    )
    op.create_table(
        "doctor_plans",
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("planned_to", sa.Date(), nullable=True),
        sa.Column("stale_since", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_doctor_plans_doctor_id_doctors")),
        sa.PrimaryKeyConstraint("doctor_id", name=op.f("pk_doctor_plans")),
    )
    op.create_index(
        "ix_doctor_plans_stale", "doctor_plans", ["stale_since"], postgresql_where=sa.text("stale_since IS NOT NULL")
    )


def _add_what_takes_times_out() -> None:
    op.create_table(
        "time_off",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), server_default="", nullable=False),
        sa.Column("single", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_time_off_ends_after_start")),
        sa.CheckConstraint(FINITE, name=op.f("ck_time_off_finite")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_time_off_doctor_id_doctors")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_off")),
    )
    op.create_index("ix_time_off_doctor_ends_at", "time_off", ["doctor_id", "ends_at"])
    op.create_table(
        "closures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.CheckConstraint("first_day BETWEEN '2000-01-01' AND '2099-12-31'", name=op.f("ck_closures_first_day")),
        sa.CheckConstraint("last_day BETWEEN first_day AND '2099-12-31'", name=op.f("ck_closures_last_day")),
        sa.CheckConstraint("name <> ''", name=op.f("ck_closures_name")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closures")),
    )
    op.create_index("ix_closures_last_day", "closures", ["last_day"])
    op.create_table(
        "busy_times",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_busy_times_ends_after_start")),
        sa.CheckConstraint(FINITE, name=op.f("ck_busy_times_finite")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_busy_times_doctor_id_doctors")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_busy_times")),
    )
    op.create_index("ix_busy_times_doctor_ends_at", "busy_times", ["doctor_id", "ends_at"])


def _add_policies() -> None:
    op.create_table(
        "booking_policies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=True),
        sa.Column("minimum_notice_minutes", sa.Integer(), nullable=True),
        sa.Column("horizon_days", sa.Integer(), nullable=True),
        sa.Column("cancellation_hours", sa.Integer(), nullable=True),
        sa.Column("most_future_bookings", sa.Integer(), nullable=True),
        sa.Column("gap_minutes", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "minimum_notice_minutes BETWEEN 0 AND 43200", name=op.f("ck_booking_policies_minimum_notice_minutes")
        ),
        sa.CheckConstraint("horizon_days BETWEEN 1 AND 730", name=op.f("ck_booking_policies_horizon_days")),
        sa.CheckConstraint("cancellation_hours BETWEEN 0 AND 720", name=op.f("ck_booking_policies_cancellation_hours")),
        sa.CheckConstraint(
            "most_future_bookings BETWEEN 1 AND 1000", name=op.f("ck_booking_policies_most_future_bookings")
        ),
        sa.CheckConstraint("gap_minutes BETWEEN 0 AND 480", name=op.f("ck_booking_policies_gap_minutes")),
        sa.CheckConstraint(
            "doctor_id IS NOT NULL"
            " OR num_nulls(minimum_notice_minutes, horizon_days, cancellation_hours, gap_minutes) = 0",
            name=op.f("ck_booking_policies_clinic"),
        ),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_booking_policies_doctor_id_doctors")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_policies")),
        sa.UniqueConstraint("doctor_id", name=op.f("uq_booking_policies_doctor_id")),
    )
    op.create_index(
        "uq_booking_policies_clinic",
        "booking_policies",
        [sa.text("(true)")],
        unique=True,
        postgresql_where=sa.text("doctor_id IS NULL"),
    )
    op.execute(
        "INSERT INTO booking_policies (id, minimum_notice_minutes, horizon_days, cancellation_hours, gap_minutes)"
        " VALUES (gen_random_uuid(), 60, 60, 24, 0)"
    )


def downgrade() -> None:
    for table in (
        "booking_policies",
        "busy_times",
        "closures",
        "time_off",
        "doctor_plans",
        "schedule_hours",
        "schedules",
    ):
        op.drop_table(table)
    op.drop_index("ix_slots_free_online", "slots")
    for name in ("ck_slots_blocked", "ck_slots_blocked_by", "ck_slots_origin", "ck_slots_mode"):
        op.drop_constraint(name, "slots")
    for column in ("blocked_by", "origin", "mode"):
        op.drop_column("slots", column)
    op.drop_constraint("ck_appointments_mode", "appointments")
    op.drop_column("appointments", "mode")
