"""Messages that fail know whose fault it is and since when, and what is old or too much is found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_outbox_messages_finished_at": (["finished_at"], "status IN ('sent', 'dropped')"),
    "ix_outbox_messages_fault": (["kind", "status", "fault", "finished_at"], "fault IS NOT NULL"),
    "ix_outbox_messages_sent_to": (
        [sa.text("(payload ->> 'to')"), "finished_at"],
        "status = 'sent' AND kind = 'email'",
    ),
}


def upgrade() -> None:
    op.add_column("outbox_messages", sa.Column("fault", sa.String(20)), if_not_exists=True)
    unanswered = sa.Column("unanswered", sa.Integer(), server_default="0", nullable=False)
    op.add_column("outbox_messages", unanswered, if_not_exists=True)
    op.add_column("outbox_messages", sa.Column("first_tried_at", sa.DateTime(timezone=True)), if_not_exists=True)
    with op.get_context().autocommit_block():
        for name, (columns, those) in INDEXES.items():
            op.create_index(
                name,
                "outbox_messages",
                columns,
                postgresql_where=sa.text(those),
                postgresql_concurrently=True,
                if_not_exists=True,
            )


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "outbox_messages")
    for name in ("first_tried_at", "unanswered", "fault"):
        op.drop_column("outbox_messages", name)
