"""What doctors are found by: folded names, specialties and everyday words for them, with a trigram index."""

import sqlalchemy as sa
from alembic import op

from hms.auth.finding import search_text

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BATCH = 500
ALSO_CALLED = {
    "cardiology": "heart, cardiologist, cardiac, blood pressure, palpitations, chest pain",
    "dentistry": "dentist, dental, tooth, teeth, toothache, gums, mouth",
    "dermatology": "skin, dermatologist, rash, eczema, acne, moles, hair, nails",
    "ear-nose-and-throat": "ENT, ears, hearing, sinus, tonsils, voice, otolaryngology, otolaryngologist",
    "endocrinology": "hormones, endocrinologist, diabetes, thyroid, glands, metabolism",
    "gastroenterology": "stomach, gastroenterologist, tummy, gut, bowels, liver, digestion",
    "general-practice": "GP, general practitioner, family doctor, family medicine, primary care, check-up, cold, flu, "
    "fever",
    "gynaecology": "women, women's health, gynaecologist, gynecology, gynecologist, pregnancy, periods, menopause, "
    "contraception",
    "internal-medicine": "internist, physician, general medicine",
    "nephrology": "kidneys, nephrologist, renal",
    "neurology": "brain, nerves, neurologist, headache, migraine, epilepsy, stroke, memory",
    "oncology": "cancer, oncologist, tumour, tumor, chemotherapy",
    "ophthalmology": "eyes, ophthalmologist, sight, vision, cataract, glaucoma",
    "orthopaedics": "bones, joints, orthopaedic surgeon, orthopedics, orthopedist, knees, hips, shoulders, back pain, "
    "fractures, sports injuries",
    "paediatrics": "children, kids, baby, babies, infants, paediatrician, pediatrics, pediatrician",
    "physiotherapy": "physio, physiotherapist, physical therapy, muscles, back pain, rehabilitation, rehab",
    "psychiatry": "mental health, psychiatrist, depression, anxiety",
    "psychology": "mental health, psychologist, counselling, talking therapy, stress, anxiety",
    "pulmonology": "lungs, pulmonologist, breathing, respiratory, asthma, chest, cough",
    "radiology": "x-ray, xray, scans, MRI, CT, ultrasound, radiologist",
    "rheumatology": "arthritis, rheumatologist, joints, gout, rheumatism",
    "surgery": "surgeon, operations, general surgery, hernia",
    "urology": "bladder, urologist, prostate, urine, urinary, men's health",
}

specialties = sa.table("specialties", sa.column("id"), sa.column("slug"), sa.column("name"), sa.column("also_called"))
users = sa.table("users", sa.column("id"), sa.column("full_name"))
doctors = sa.table(
    "doctors", sa.column("id", sa.Uuid), sa.column("user_id"), sa.column("specialty_id"), sa.column("search_text")
)


def upgrade() -> None:
    also_called = sa.Column("also_called", sa.String(length=500), server_default="", nullable=False)
    op.add_column("specialties", also_called, if_not_exists=True)
    op.add_column("doctors", sa.Column("search_text", sa.Text(), server_default="", nullable=False), if_not_exists=True)
    for slug, words in ALSO_CALLED.items():
        op.execute(specialties.update().where(specialties.c.slug == slug).values(also_called=words))
    with op.get_context().autocommit_block():
        _make_doctors_findable()
        op.drop_index("ix_doctors_search_text", "doctors", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            "ix_doctors_search_text",
            "doctors",
            ["search_text"],
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
            postgresql_with={"fastupdate": "off"},  # written seldom, read often
            postgresql_concurrently=True,
        )
        op.drop_index("ix_users_full_name_trgm", "users", if_exists=True, postgresql_concurrently=True)


def _make_doctors_findable() -> None:
    """Batch after batch, each a transaction of its own. Whom this version of HMS does not see, a job finds later."""
    connection, last = op.get_bind(), sa.literal("00000000-0000-0000-0000-000000000000").cast(sa.Uuid)
    described = (
        sa.select(doctors.c.id, users.c.full_name, specialties.c.name, specialties.c.also_called)
        .join(users, doctors.c.user_id == users.c.id)
        .join(specialties, doctors.c.specialty_id == specialties.c.id)
        .order_by(doctors.c.id)
        .limit(BATCH)
    )
    update = doctors.update().where(doctors.c.id == sa.bindparam("doctor_id")).values(search_text=sa.bindparam("text"))
    while batch := connection.execute(described.where(doctors.c.id > last)).all():
        connection.execute(update, [{"doctor_id": row[0], "text": search_text(*row[1:])} for row in batch])
        last = batch[-1].id


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_users_full_name_trgm",
            "users",
            ["full_name"],
            postgresql_using="gin",
            postgresql_ops={"full_name": "gin_trgm_ops"},
            postgresql_concurrently=True,
        )
        op.drop_index("ix_doctors_search_text", "doctors", postgresql_concurrently=True)
    op.drop_column("doctors", "search_text")
    op.drop_column("specialties", "also_called")
