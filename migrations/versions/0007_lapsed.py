"""Times that passed without a booking leave the indexes of what can be booked; a nightly job marks them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("slots", sa.Column("lapsed", sa.Boolean(), server_default="false", nullable=False))
    _make_indexes("status = 'free' AND NOT lapsed")


def downgrade() -> None:
    _make_indexes("status = 'free'")
    op.drop_column("slots", "lapsed")


def _make_indexes(those: str) -> None:
    for name, others in (("ix_slots_free", ""), ("ix_slots_free_online", " AND mode <> 'in-person'")):
        op.drop_index(name, "slots")
        op.create_index(name, "slots", ["doctor_id", "starts_at"], postgresql_where=sa.text(those + others))
