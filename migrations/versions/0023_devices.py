"""Which browsers somebody has signed in with, and from where."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

COLUMNS = (sa.Column("device", sa.String(80)), sa.Column("place", sa.String(50)))


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("sessions", column._copy(), if_not_exists=True)
    op.create_table(
        "known_devices",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_known_devices_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", "id_hash", name=op.f("pk_known_devices")),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("known_devices")
    for column in COLUMNS:
        op.drop_column("sessions", column.name)
