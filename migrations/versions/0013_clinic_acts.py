"""The clinic itself can change an appointment: a line of the history without an account behind it."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

DOCTORS = """
    UPDATE appointment_changes SET actor_id = doctors.user_id
    FROM appointments JOIN doctors ON doctors.id = appointments.doctor_id
    WHERE appointments.id = appointment_changes.appointment_id AND actor_id IS NULL
"""


def upgrade() -> None:
    op.alter_column("appointment_changes", "actor_id", nullable=True)


def downgrade() -> None:
    op.execute(DOCTORS)
    op.alter_column("appointment_changes", "actor_id", nullable=False)
