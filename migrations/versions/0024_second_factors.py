"""The code of an app, recovery codes, and until when staff may do without."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("factor_due_at", sa.DateTime(timezone=True)), if_not_exists=True)
    op.create_table(
        "authenticator_apps",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("last_step", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_authenticator_apps_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_authenticator_apps")),
        if_not_exists=True,
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
        if_not_exists=True,
    )
    with op.get_context().autocommit_block():
        op.create_index(
            op.f("ix_recovery_codes_user_id"),
            "recovery_codes",
            ["user_id"],
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    op.drop_table("recovery_codes")
    op.drop_table("authenticator_apps")
    op.drop_column("users", "factor_due_at")
