"""Reading accounts. ``get_`` raises :class:`hms.errors.NotFound`, ``find_`` answers None, ``list_`` answers a list."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import contains_eager, joinedload

from hms.auth.models import Doctor, DoctorPhoto, SignIn, Specialty, User
from hms.db import db
from hms.errors import NotFound


def find_user_by_email(email: str) -> User | None:
    """The account with this address, whatever its capitals."""
    return db.session.scalar(select(User).where(func.lower(User.email) == func.lower(email)))


def get_user(user_id: UUID) -> User:
    """The account with this id."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound
    return user


def find_user(user_id: UUID) -> User | None:
    """The account with this id, as it stands now."""
    return db.session.get(User, user_id, populate_existing=True)


def list_users(*, role: str | None = None) -> Sequence[User]:
    """All accounts, or those of one role, by email, with the people behind them."""
    people = select(User).options(joinedload(User.patient), joinedload(User.doctor)).order_by(func.lower(User.email))
    return db.session.scalars(people.where(User.role == role) if role else people).unique().all()


def list_specialties() -> Sequence[Specialty]:
    """All specialties, by name."""
    return db.session.scalars(select(Specialty).order_by(Specialty.name)).all()


def find_specialty(slug: str) -> Specialty | None:
    """The specialty with this slug."""
    return db.session.scalar(select(Specialty).where(Specialty.slug == slug))


def find_photo(doctor_id: UUID) -> DoctorPhoto | None:
    """A doctor's photo."""
    return db.session.get(DoctorPhoto, doctor_id)


def find_sign_in(id_hash: bytes, *, now: datetime, idle_since: datetime) -> SignIn | None:
    """The sign-in that is still good at ``now``, with the user and the person behind it, by one statement.

    None when it is unknown, has lasted too long, was last seen before ``idle_since``, or the account was deactivated.
    """
    return db.session.scalar(SIGN_IN, {"id_hash": id_hash, "now": now, "idle_since": idle_since})


def _sign_in() -> Select[SignIn]:
    user = contains_eager(SignIn.user)
    return (
        select(SignIn)
        .join(SignIn.user)
        .options(user.joinedload(User.patient), user.joinedload(User.doctor).joinedload(Doctor.specialty))
        .where(
            SignIn.id_hash == bindparam("id_hash"),
            SignIn.expires_at > bindparam("now"),
            SignIn.last_seen_at > bindparam("idle_since"),
            User.deactivated_at.is_(None),
        )
        .execution_options(populate_existing=True)
    )


SIGN_IN = _sign_in()
"""Put together once, because every request of somebody who is signed in runs it."""
