"""Accounts: signing up, signing in, staff, approval.

Passwords are hashed and checked outside of any transaction: that takes tens of milliseconds of a processor, and a
database connection is too dear to hold meanwhile.
"""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from hms import audit, clock, mailer, throttle
from hms.auth import emails, passwords, queries
from hms.auth.models import Doctor, Patient, Role, Specialty, User
from hms.auth.people import BadEmail, clean_name, normal_email
from hms.auth.services.checking import is_password_of
from hms.auth.services.closing import lock_user
from hms.auth.services.proving import use_proof
from hms.db import transaction
from hms.errors import Conflict, Invalid, NotFound
from hms.text import has_forbidden_characters
from hms.throttle import rules

STAFF = (Role.RECEPTIONIST, Role.ADMIN)


class EmailTaken(Conflict):
    """Somebody has this email already."""

    code, title = "email-taken", "An account with this email already exists"
    message = "An account with this email already exists."


class WrongCredentials(Invalid):
    """No account, another password, or a deactivated account: nobody is told which."""

    code, title = "wrong-credentials", "We couldn’t sign you in"
    message = "That email and password don’t match an account. Check both and try again."


class UnknownSpecialty(Invalid):
    """There is no such specialty."""

    code = "unknown-specialty"
    message = "Choose a specialty from the list."


CONFLICTS = {"uq_users_email": EmailTaken(field="email")}


def sign_up_patient(*, full_name: str, email: str, phone: str, password: str, browser: str | None = None) -> User:
    """Open a patient's account and queue a welcome mail.

    ``browser`` has proved the email with a code, and uses the proof up; without one the account is unverified.
    Raises :class:`EmailTaken`, :class:`Invalid`, :class:`~hms.auth.services.proving.CodeEnded`.
    """
    user = _new_user(Role.PATIENT, full_name=full_name, email=email, password=password)
    with transaction(conflicts=CONFLICTS) as session:
        user.patient = Patient(phone=phone)
        _open(session, user, browser)
    return user


def sign_up_doctor(
    *,
    full_name: str,
    email: str,
    phone: str,
    password: str,
    specialty: str,
    licence_number: str,
    years_of_experience: int = 0,
    bio: str = "",
    browser: str | None = None,
) -> User:
    """Open a doctor's account, which patients do not see until it is approved; ``specialty`` is a slug.

    ``browser`` is as for :func:`sign_up_patient`. Raises :class:`EmailTaken`, :class:`UnknownSpecialty`,
    :class:`Invalid`, :class:`~hms.auth.services.proving.CodeEnded`.
    """
    user = _new_user(Role.DOCTOR, full_name=full_name, email=email, password=password)
    with transaction(conflicts=CONFLICTS) as session:
        user.doctor = Doctor(
            specialty=get_specialty(specialty),
            licence_number=licence_number,
            years_of_experience=years_of_experience,
            bio=bio,
            phone=phone,
        )
        _open(session, user, browser)
    return user


def create_staff(*, email: str, full_name: str, role: str, password: str) -> User:
    """Open a receptionist's or an administrator's account. Raises :class:`EmailTaken`, :class:`Invalid`."""
    if role not in STAFF:
        raise Invalid("Choose receptionist or admin.", field="role")
    user = _new_user(Role(role), full_name=full_name, email=email, password=password)
    with transaction(conflicts=CONFLICTS) as session:
        _store(session, user)
    return user


def authenticate(email: str, password: str) -> User:
    """The active account with this email and password.

    Raises :class:`WrongCredentials`, :class:`hms.throttle.TooMany`.

    The account is read in one transaction, its password checked outside of any, and a hash with outdated parameters
    replaced in another. Its ``password_hash`` is the one that was proved.
    """
    with transaction():
        user = _find_active_user(email)
    if not is_password_of(password, user.password_hash if user else None, email=email) or user is None:
        _note_failure(user)
        raise WrongCredentials
    if passwords.is_outdated(user.password_hash) and not _replace_hash(user, passwords.store(password)):
        return authenticate(email, password)
    return user


def _note_failure(user: User | None) -> None:
    """What was typed is not kept: people type passwords into the field for the email."""
    with transaction():
        audit.record("sign-in-failed", subject=("user", user.id if user else None))


def approve_doctor(who: str | UUID) -> Doctor:
    """Let patients find the doctor with this email or user id, and tell the doctor; again changes nothing.

    Raises :class:`NotFound`.
    """
    with transaction() as session:
        user = lock_user(session, who)
        if user.doctor is None:
            raise NotFound("This isn’t a doctor’s account.")
        if user.doctor.approved_at is None:
            user.doctor.approved_at = clock.now()
            audit.record("doctor-approved", subject=("doctor", user.doctor.id))
            emails.approved(user)
    return user.doctor


def confirm_email(who: str | UUID) -> User:
    """Take the address as the person's own, as reception has seen; again changes nothing. Raises :class:`NotFound`."""
    with transaction() as session:
        user = lock_user(session, who)
        user.email_verified_at = user.email_verified_at or clock.now()
        mailer.end_mark(user.email)
        audit.record("email-verified", subject=("user", user.id))
    return user


def get_specialty(slug: str) -> Specialty:
    """The specialty with this slug. Raises :class:`UnknownSpecialty`."""
    specialty = None if has_forbidden_characters(slug) else queries.find_specialty(slug)
    if specialty is None:
        raise UnknownSpecialty(field="specialty")
    return specialty


def _new_user(role: Role, *, full_name: str, email: str, password: str) -> User:
    """An account that is not stored yet, with everything checked that can be without the database."""
    throttle.count(rules.SIGN_UP)
    full_name, email = clean_name(full_name), normal_email(email)
    passwords.check_choice(password, email=email, full_name=full_name)
    return User(
        role=role,
        full_name=full_name,
        email=email,
        password_hash=passwords.store(password),
        created_at=clock.now(),
    )


def _open(session: Session, user: User, browser: str | None) -> None:
    """Store the account of somebody who signs up, verified where the browser has proved the address."""
    if browser is not None:
        use_proof(session, browser=browser, email=user.email)
        user.email_verified_at = clock.now()
        mailer.end_mark(user.email)
    _store(session, user)
    emails.welcome(user)


def _store(session: Session, user: User) -> None:
    """Write the account now, so that an email that is taken is refused here and the mail knows the account's id."""
    session.add(user)
    session.flush()
    audit.record("account-made", subject=("user", user.id), role=user.role)


def _replace_hash(user: User, password_hash: str) -> bool:
    """Keep a newer hash of the same password, unless the hash has changed meanwhile. Whether it was kept."""
    is_as_it_was = (User.id == user.id) & (User.password_hash == user.password_hash)
    with transaction() as session:
        replaced = session.execute(update(User).where(is_as_it_was).values(password_hash=password_hash))
    return bool(replaced.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result has it


def _find_active_user(email: str) -> User | None:
    try:
        user = queries.find_user_by_email(normal_email(email))
    except BadEmail:
        return None
    return user if user and user.is_active else None
