"""Everyday words that nothing was found with: optician, tummy, hart, heart attack."""

import sqlalchemy as sa
from alembic import op

from hms.auth.finding import search_text

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

BATCH = 500
MORE_WORDS = {
    "cardiology": "heart attack, hart, heartbeat, chest pains, cholesterol",
    "dermatology": "itching, spots, psoriasis",
    "ear-nose-and-throat": "nose, throat, sore throat, snoring",
    "endocrinology": "sugar",
    "gastroenterology": "belly, tummy ache, stomach ache, indigestion, heartburn, constipation, diarrhoea",
    "general-practice": "tummy, tummy ache, stomach ache, belly, sore throat, tired",
    "gynaecology": "smear test, pelvic pain",
    "neurology": "dizzy, dizziness, numbness, fits",
    "ophthalmology": "optician, eye test, eyesight, glasses, blurred vision",
    "orthopaedics": "knee pain, hip pain, broken bone, ankle, wrist",
    "paediatrics": "child, toddler",
    "psychiatry": "sad, sleep, stress, panic",
    "urology": "wee, peeing, waterworks",
}
"""What each specialty is called beside what stands there; words that somebody has taken out come back once."""

specialties = sa.table("specialties", sa.column("id"), sa.column("slug"), sa.column("name"), sa.column("also_called"))
users = sa.table("users", sa.column("id"), sa.column("full_name"))
doctors = sa.table(
    "doctors", sa.column("id", sa.Uuid), sa.column("user_id"), sa.column("specialty_id"), sa.column("search_text")
)


def upgrade() -> None:
    called = specialties.c.also_called
    for slug, words in MORE_WORDS.items():
        more = sa.case((called == "", words), else_=called + f", {words}")
        fits = (sa.func.length(called) + len(words) + 2 <= 500) & ~called.contains(words)
        op.execute(specialties.update().where(specialties.c.slug == slug, fits).values(also_called=more))
    with op.get_context().autocommit_block():
        _make_doctors_findable()


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
    """The words stay: they do no harm, and somebody may have written them."""
