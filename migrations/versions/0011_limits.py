"""What pages were refused that asked for a time; five appointments to come where nobody has touched the rules."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

COLUMNS = ("minimum_notice_minutes", "horizon_days", "cancellation_hours", "most_future_bookings", "gap_minutes")
RULES = sa.table("booking_policies", sa.column("doctor_id"), *(sa.column(name, sa.Integer) for name in COLUMNS))
UNTOUCHED = (
    RULES.c.doctor_id.is_(None),
    RULES.c.minimum_notice_minutes == 60,
    RULES.c.horizon_days == 60,
    RULES.c.cancellation_hours == 24,
    RULES.c.gap_minutes == 0,
)


def upgrade() -> None:
    op.create_table(
        "refused_bookings",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=64), nullable=False),
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_refused_bookings_patient_id_patients")),
        sa.PrimaryKeyConstraint("patient_id", "idempotency_key", "slot_id", name=op.f("pk_refused_bookings")),
    )
    op.add_column("doctor_plans", sa.Column("problem", sa.String(length=300), nullable=True))
    # Who has changed any rule has seen this one too, and "any number" is their choice.
    _set(before=None, after=5)


def downgrade() -> None:
    _set(before=5, after=None)
    op.drop_column("doctor_plans", "problem")
    op.drop_table("refused_bookings")


def _set(*, before: int | None, after: int | None) -> None:
    own = RULES.c.most_future_bookings.is_not_distinct_from(before)
    op.execute(sa.update(RULES).where(*UNTOUCHED, own).values(most_future_bookings=after))
