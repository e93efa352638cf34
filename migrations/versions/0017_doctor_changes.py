"""Changes of an approved doctor's name and specialty wait until an administrator has looked at them."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "doctor_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("full_name", sa.String(length=120), nullable=True),
        sa.Column("specialty_id", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decision", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.String(length=300), server_default="", nullable=False),
        sa.CheckConstraint(
            "full_name IS NOT NULL OR specialty_id IS NOT NULL", name=op.f("ck_doctor_changes_something")
        ),
        sa.CheckConstraint("(decided_at IS NULL) = (decision IS NULL)", name=op.f("ck_doctor_changes_decided")),
        sa.CheckConstraint(
            "decision IN ('approved', 'rejected', 'withdrawn', 'replaced')", name=op.f("ck_doctor_changes_decision")
        ),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_doctor_changes_doctor_id_doctors")),
        sa.ForeignKeyConstraint(
            ["specialty_id"], ["specialties.id"], name=op.f("fk_doctor_changes_specialty_id_specialties")
        ),
        sa.ForeignKeyConstraint(["decided_by_id"], ["users.id"], name=op.f("fk_doctor_changes_decided_by_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doctor_changes")),
    )
    op.create_index("ix_doctor_changes_doctor_id", "doctor_changes", ["doctor_id"], unique=False)
    op.create_index(
        "uq_doctor_changes_waiting",
        "doctor_changes",
        ["doctor_id"],
        unique=True,
        postgresql_where=sa.text("decided_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("doctor_changes")
