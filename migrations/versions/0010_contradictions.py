"""Booking rules that contradict each other, with which nobody could ever book or cancel online, are refused.

Such rules that a clinic has by now let nobody book at all; the notice and the window become as long as bookings open.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

RULES = {
    "ck_booking_policies_notice_within_horizon": "minimum_notice_minutes <= horizon_days * 1440",
    "ck_booking_policies_cancellation_within_horizon": "cancellation_hours <= horizon_days * 24",
}
SHORTEN = """
    UPDATE booking_policies SET
        minimum_notice_minutes = CASE WHEN minimum_notice_minutes > horizon_days * 1440
            THEN horizon_days * 1440 ELSE minimum_notice_minutes END,
        cancellation_hours = CASE WHEN cancellation_hours > horizon_days * 24
            THEN horizon_days * 24 ELSE cancellation_hours END
    WHERE minimum_notice_minutes > horizon_days * 1440 OR cancellation_hours > horizon_days * 24
"""


def upgrade() -> None:
    for name, rule in RULES.items():
        op.execute(f"ALTER TABLE booking_policies ADD CONSTRAINT {name} CHECK ({rule}) NOT VALID")
    op.execute(SHORTEN)
    for name in RULES:
        op.execute(f"ALTER TABLE booking_policies VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    for name in RULES:
        op.execute(f"ALTER TABLE booking_policies DROP CONSTRAINT {name}")
