"""The audit log: events that nothing changes, the batches that seal them, and the two ends of the chain."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

REFUSE = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('hms.audit_removal', true) = 'whole batches' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'The audit log is append-only: % of % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$
"""
# Runs with the rights of its owner, so that a role without DELETE can remove whole batches from the old end, and
# nothing else. What it removes without the audit key is noticed: the anchor is missing then.
REMOVE = """
CREATE FUNCTION audit_remove_through(last_number bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE removed bigint;
BEGIN
    PERFORM set_config('hms.audit_removal', 'whole batches', true);
    DELETE FROM audit_events WHERE id IN
        (SELECT unnest(event_ids) FROM audit_batches WHERE number <= last_number);
    GET DIAGNOSTICS removed = ROW_COUNT;
    DELETE FROM audit_batches WHERE number <= last_number;
    PERFORM set_config('hms.audit_removal', '', true);
    RETURN removed;
END
$$
"""
GUARDED = ("audit_events", "audit_batches")


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(12), nullable=False),
        sa.Column("actor_id", sa.Uuid()),
        sa.Column("actor_role", sa.String(20)),
        sa.Column("os_user", sa.String(64)),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject_kind", sa.String(20)),
        sa.Column("subject_id", sa.Uuid()),
        sa.Column("patient_id", sa.Uuid()),
        sa.Column("endpoint", sa.String(80)),
        sa.Column("request_id", sa.String(32)),
        sa.Column("address_prefix", sa.String(50)),
        sa.Column("details", JSONB(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    for column in ("actor_id", "patient_id", "subject_id"):
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_audit_events_{column}", "audit_events", [column, "id"], postgresql_where=where)
    op.create_index("ix_audit_events_action", "audit_events", ["action", "id"])
    op.create_table(
        "audit_unsealed",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_audit_unsealed")),
    )
    op.create_table(
        "audit_batches",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_ids", ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("seal", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_batches")),
    )
    op.create_table(
        "audit_marks",
        sa.Column("name", sa.String(10), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("batch_seal", sa.LargeBinary(32), nullable=False),
        sa.Column("seal", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_audit_marks")),
    )
    op.execute(REFUSE)
    op.execute(REMOVE)
    op.execute("REVOKE EXECUTE ON FUNCTION audit_remove_through(bigint) FROM PUBLIC")
    for table in GUARDED:
        op.execute(
            f"CREATE TRIGGER {table}_rows BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION audit_refuse()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
        )


def downgrade() -> None:
    for table in ("audit_marks", "audit_batches", "audit_unsealed", "audit_events"):
        op.drop_table(table)
    op.execute("DROP FUNCTION audit_remove_through(bigint)")
    op.execute("DROP FUNCTION audit_refuse()")
