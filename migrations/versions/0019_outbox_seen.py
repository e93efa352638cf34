"""When somebody last looked at the outbox, on which timeline, and since when it has had no older messages."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

COLUMNS = (
    sa.Column("timeline", sa.String(8)),
    sa.Column("seen_at", sa.DateTime(timezone=True)),
    sa.Column("began_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("outbox_state", column._copy(), if_not_exists=True)
    op.execute(
        "UPDATE outbox_state SET began_at = now() WHERE NOT EXISTS (SELECT FROM outbox_messages) AND began_at IS NULL"
    )


def downgrade() -> None:
    for column in COLUMNS:
        op.drop_column("outbox_state", column.name)
