"""Whether messages are held, and the place where that was written: a restored database is another place."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("database_oid", sa.BigInteger(), nullable=False),
        sa.Column("table_oid", sa.BigInteger(), nullable=False),
        sa.Column("system_identifier", sa.String(30)),
        sa.Column("held_at", sa.DateTime(timezone=True)),
        sa.Column("held_because", sa.String(200)),
        sa.CheckConstraint("id = 1", name=op.f("ck_outbox_state_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_state")),
    )
    op.execute(
        """
        INSERT INTO outbox_state (id, database_oid, table_oid)
        SELECT 1, oid, 'outbox_state'::regclass::oid FROM pg_database WHERE datname = current_database()
        """
    )


def downgrade() -> None:
    op.drop_table("outbox_state")
