"""Accounts, the people behind them, and their sessions."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SPECIALTIES = (
    "Cardiology",
    "Dentistry",
    "Dermatology",
    "Ear, nose and throat",
    "Endocrinology",
    "Gastroenterology",
    "General practice",
    "Gynaecology",
    "Internal medicine",
    "Nephrology",
    "Neurology",
    "Oncology",
    "Ophthalmology",
    "Orthopaedics",
    "Paediatrics",
    "Physiotherapy",
    "Psychiatry",
    "Psychology",
    "Pulmonology",
    "Radiology",
    "Rheumatology",
    "Surgery",
    "Urology",
)


def _slug(name: str) -> str:
    return name.lower().replace(",", "").replace(" ", "-")


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("full_name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('patient', 'doctor', 'receptionist', 'admin')", name=op.f("ck_users_role")),
        sa.CheckConstraint("length(btrim(full_name)) > 0", name=op.f("ck_users_full_name")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_index(
        "ix_users_full_name_trgm",
        "users",
        ["full_name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"full_name": "gin_trgm_ops"},
    )
    op.create_index("uq_users_email", "users", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "specialties",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_specialties")),
        sa.UniqueConstraint("name", name=op.f("uq_specialties_name")),
        sa.UniqueConstraint("slug", name=op.f("uq_specialties_slug")),
    )
    op.create_table(
        "patients",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("phone", sa.String(length=40), server_default="", nullable=False),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column("address", sa.String(length=500), server_default="", nullable=False),
        sa.Column("emergency_contact_name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("emergency_contact_phone", sa.String(length=40), server_default="", nullable=False),
        sa.Column("wants_reminders", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_patients_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patients")),
        sa.UniqueConstraint("user_id", name=op.f("uq_patients_user_id")),
    )
    op.create_table(
        "doctors",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("specialty_id", sa.Uuid(), nullable=False),
        sa.Column("licence_number", sa.String(length=60), nullable=False),
        sa.Column("years_of_experience", sa.Integer(), server_default="0", nullable=False),
        sa.Column("bio", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("phone", sa.String(length=40), server_default="", nullable=False),
        sa.Column("room", sa.String(length=120), server_default="", nullable=False),
        sa.Column("languages", sa.String(length=200), server_default="", nullable=False),
        sa.Column("visit_minutes", sa.Integer(), server_default="20", nullable=False),
        sa.Column("fee_minor", sa.Integer(), nullable=True),
        sa.Column("fee_currency", sa.String(length=3), server_default="GBP", nullable=False),
        sa.Column("photo_version", sa.String(length=16), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("fee_currency ~ '^[A-Z]{3}$'", name=op.f("ck_doctors_fee_currency")),
        sa.CheckConstraint("fee_minor BETWEEN 0 AND 10000000", name=op.f("ck_doctors_fee_minor")),
        sa.CheckConstraint("visit_minutes BETWEEN 5 AND 480", name=op.f("ck_doctors_visit_minutes")),
        sa.CheckConstraint("years_of_experience BETWEEN 0 AND 80", name=op.f("ck_doctors_years_of_experience")),
        sa.ForeignKeyConstraint(["specialty_id"], ["specialties.id"], name=op.f("fk_doctors_specialty_id_specialties")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_doctors_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doctors")),
        sa.UniqueConstraint("user_id", name=op.f("uq_doctors_user_id")),
    )
    op.create_index(
        "ix_doctors_approved",
        "doctors",
        ["specialty_id"],
        unique=False,
        postgresql_where=sa.text("approved_at IS NOT NULL"),
    )
    op.create_table(
        "doctor_photos",
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_doctor_photos_doctor_id_doctors")),
        sa.PrimaryKeyConstraint("doctor_id", name=op.f("pk_doctor_photos")),
    )
    op.create_table(
        "sessions",
        sa.Column("id_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id_users")),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    specialties = sa.table("specialties", sa.column("id", sa.Uuid), sa.column("slug"), sa.column("name"))
    op.bulk_insert(specialties, [{"id": uuid4(), "slug": _slug(name), "name": name} for name in SPECIALTIES])


def downgrade() -> None:
    op.drop_table("sessions")
    op.drop_table("doctor_photos")
    op.drop_table("doctors")
    op.drop_table("patients")
    op.drop_table("users")
    op.drop_table("specialties")
