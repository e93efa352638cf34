"""Reception finds patients by parts of their names, the end of a telephone number and their birthday."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name in ("ix_patients_phone", "ix_patients_date_of_birth"):
            op.drop_index(name, "patients", if_exists=True, postgresql_concurrently=True)
        op.drop_index("ix_users_name", "users", if_exists=True, postgresql_concurrently=True)
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_users_name ON users USING gin (lower(full_name) gin_trgm_ops)"
            " WITH (fastupdate = off)"
        )
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_patients_phone ON patients USING gin (phone gin_trgm_ops)"
            " WITH (fastupdate = off)"
        )
        op.create_index("ix_patients_date_of_birth", "patients", ["date_of_birth"], postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in ("ix_patients_phone", "ix_patients_date_of_birth"):
            op.drop_index(name, "patients", postgresql_concurrently=True)
        op.drop_index("ix_users_name", "users", postgresql_concurrently=True)
