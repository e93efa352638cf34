"""Appointments can be moved: rules about it, the times in the history, and what an appointment says of its end and fee.

What is known of earlier appointments is filled in batch after batch: who cancelled, the doctor's fee as it is now, and
when the last change was made. Old code goes on beside the new columns.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

BATCH = 2000
NIL = "00000000-0000-0000-0000-000000000000"
CLINIC = "doctor_id IS NOT NULL OR num_nulls({}) = 0"
RULES = "minimum_notice_minutes, horizon_days, cancellation_hours, gap_minutes"
CHECKS = {
    "ck_booking_policies_change_window_minutes": "change_window_minutes BETWEEN 0 AND 43200",
    "ck_booking_policies_most_changes": "most_changes BETWEEN 0 AND 100",
    "ck_booking_policies_change_within_horizon": "change_window_minutes <= horizon_days * 1440",
    "ck_booking_policies_clinic": CLINIC.format(f"{RULES}, change_window_minutes"),
}
APPOINTMENT_CHECKS = {
    "ck_appointments_cancelled_by": "cancelled_by IS NULL"
    " OR (cancelled_by IN ('patient', 'clinic') AND status = 'cancelled')",
    "ck_appointments_fee": "(fee_minor IS NULL) = (fee_currency IS NULL)"
    " AND fee_minor >= 0 AND fee_currency ~ '^[A-Z]{3}$'",
}
COLUMNS = {
    "booking_policies": [sa.Column("change_window_minutes", sa.Integer()), sa.Column("most_changes", sa.Integer())],
    "appointments": [
        sa.Column("cancelled_by", sa.String(10)),
        sa.Column("fee_minor", sa.Integer()),
        sa.Column("fee_currency", sa.String(3)),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    ],
    "appointment_changes": [
        sa.Column("moved_from_at", sa.DateTime(timezone=True)),
        sa.Column("moved_to_at", sa.DateTime(timezone=True)),
        sa.Column("idempotency_key", sa.String(64)),
    ],
}
AS_CANCELLING = """
    UPDATE booking_policies SET change_window_minutes = cancellation_hours * 60,
        most_changes = CASE WHEN doctor_id IS NULL THEN 3 END
    WHERE change_window_minutes IS NULL AND most_changes IS NULL
"""
FILL = """
    UPDATE appointments SET
        updated_at = known.changed_at,
        fee_minor = known.fee_minor,
        fee_currency = known.fee_currency,
        cancelled_by = known.cancelled_by
    FROM (
        SELECT one.id, coalesce(last.changed_at, one.created_at) AS changed_at, doctors.fee_minor,
            CASE WHEN doctors.fee_minor IS NOT NULL THEN doctors.fee_currency END AS fee_currency,
            CASE WHEN one.status <> 'cancelled' THEN NULL
                WHEN last.actor_id = patients.user_id THEN 'patient' ELSE 'clinic' END AS cancelled_by
        FROM appointments AS one
        JOIN doctors ON doctors.id = one.doctor_id
        JOIN patients ON patients.id = one.patient_id
        LEFT JOIN LATERAL (
            SELECT changed_at, actor_id FROM appointment_changes WHERE appointment_id = one.id
            ORDER BY changed_at DESC, id DESC LIMIT 1
        ) AS last ON true
        WHERE one.id = ANY(:ids)
        ORDER BY one.id FOR NO KEY UPDATE OF one
    ) AS known
    WHERE appointments.id = known.id
"""
NEXT = "SELECT id FROM appointments WHERE id > :last ORDER BY id LIMIT :batch"


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for column in columns:
            op.add_column(table, column._copy(), if_not_exists=True)
    op.execute(AS_CANCELLING)
    with op.get_context().autocommit_block():
        for table, checks in (("booking_policies", CHECKS), ("appointments", APPOINTMENT_CHECKS)):
            for name, rule in checks.items():
                op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
                op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({rule}) NOT VALID")
                op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
        _fill()


def _fill() -> None:
    """Batch after batch, each a transaction of its own: those who cancel or book meanwhile wait a moment at most."""
    connection, last = op.get_bind(), NIL
    while ids := connection.execute(sa.text(NEXT), {"last": last, "batch": BATCH}).scalars().all():
        connection.execute(sa.text(FILL).bindparams(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))), {"ids": ids})
        last = ids[-1]


def downgrade() -> None:
    old = f"ALTER TABLE booking_policies ADD CONSTRAINT ck_booking_policies_clinic CHECK ({CLINIC.format(RULES)})"
    for name in CHECKS:
        op.execute(f"ALTER TABLE booking_policies DROP CONSTRAINT {name}")
    for table, columns in COLUMNS.items():
        for column in columns:
            op.drop_column(table, column.name)
    op.execute(old)
