"""The date of birth is checked, as the models say, and appointments are found by their start alone."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE patients DROP CONSTRAINT IF EXISTS ck_patients_date_of_birth")
        op.execute(
            "ALTER TABLE patients ADD CONSTRAINT ck_patients_date_of_birth "
            "CHECK (date_of_birth BETWEEN '1900-01-01' AND '2099-12-31') NOT VALID"
        )
        op.execute("ALTER TABLE patients VALIDATE CONSTRAINT ck_patients_date_of_birth")
        op.drop_index("ix_appointments_starts_at", "appointments", if_exists=True, postgresql_concurrently=True)
        op.create_index("ix_appointments_starts_at", "appointments", ["starts_at", "id"], postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("ix_appointments_starts_at", "appointments", postgresql_concurrently=True)
    op.drop_constraint("ck_patients_date_of_birth", "patients")
