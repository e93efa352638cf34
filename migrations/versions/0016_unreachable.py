"""Addresses from which mail comes back."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unreachable_addresses",
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("since_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("email", name=op.f("pk_unreachable_addresses")),
    )


def downgrade() -> None:
    op.drop_table("unreachable_addresses")
