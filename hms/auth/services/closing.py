"""Closing an account and opening it again: nobody is left waiting for somebody who is gone, nor the house without
anybody who can open its doors."""

from collections.abc import Sequence
from itertools import chain, islice
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms import audit, clock
from hms.auth import obligations, queries
from hms.auth.models import Role, User
from hms.auth.obligations import Obligation
from hms.auth.people import normal_email
from hms.auth.services.access import end_access
from hms.db import transaction
from hms.errors import Conflict, Invalid, NotFound

MAX_LISTED = 20
LONGEST_REASON = 500


class StillNeeded(Conflict):
    """Others count on the person. ``first`` are the first 20 things, ``count`` is how many there are."""

    code, title = "still-needed", "There are still appointments booked"

    def __init__(self, message: str, *, first: Sequence[Obligation], count: int):
        super().__init__(message)
        self.first, self.count = first, count


class LastAdministrator(Conflict):
    """Nobody would be left to manage the clinic."""

    code, title = "last-administrator", "This is the last administrator"
    message = "This is the only active administrator. Create another one first: flask users create-admin."


def deactivate(who: str | UUID) -> User:
    """Close the account with this email or user id: nobody can sign in to it, and all that was granted ends.

    Raises :class:`StillNeeded` while there are appointments to come, :class:`LastAdministrator`, :class:`NotFound`.
    """
    with transaction() as session:
        user = _lock_to_close(session, who)
        if user.deactivated_at is None and (count := _count(user)):
            raise _still_needed(user, count)
        _close(session, user)
    return user


def deactivate_and_cancel(who: str | UUID, *, reason: str) -> tuple[User, int]:
    """Close the account as :func:`deactivate` does, then cancel all that is to come, and tell everybody.

    It is closed first, so that nothing is booked meanwhile; each appointment is then cancelled in a transaction of its
    own. Doing it again goes on where it stopped. Answers how many were cancelled. Raises :class:`StillNeeded` while
    a patient is here, :class:`LastAdministrator`, :class:`NotFound`, ``Invalid`` without a reason.
    """
    reason = reason.strip()
    if not reason:
        raise Invalid("Enter a reason. Patients read it on their appointment page.", field="reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(f"Use at most {LONGEST_REASON} characters for the reason.", field="reason")
    with transaction() as session:
        user = _lock_to_close(session, who)
        if here := [one for one in _first(user) if not one.can_be_ended]:
            raise StillNeeded(_happening_now(user), first=here, count=len(here))
        _close(session, user)
    return user, _end_all(user, reason=reason)


def reactivate(who: str | UUID) -> User:
    """Open a closed account again, with the password it had; again changes nothing. Raises :class:`NotFound`."""
    with transaction() as session:
        user = lock_user(session, who)
        user.deactivated_at = None
        audit.record("account-reactivated", subject=("user", user.id))
    return user


def lock_user(session: Session, who: str | UUID) -> User:
    """The account with this email or user id, locked until the transaction ends. Raises :class:`NotFound`."""
    found = _find(session, who)
    return session.get_one(User, found.id, with_for_update=True, populate_existing=True)


def _find(session: Session, who: str | UUID) -> User:
    found = queries.find_user_by_email(normal_email(who)) if isinstance(who, str) else session.get(User, who)
    if found is None:
        raise NotFound("There is no account with this email.")
    return found


def _lock_to_close(session: Session, who: str | UUID) -> User:
    user = _find(session, who)
    if user.role == Role.ADMIN:
        _check_others(session, user)
    return lock_user(session, user.id)


def _check_others(session: Session, user: User) -> None:
    """All administrators are locked, in one order: of two closed at once, the second sees what the first did."""
    of_administrators = select(User.id).where(User.role == Role.ADMIN, User.deactivated_at.is_(None)).order_by(User.id)
    active = session.scalars(of_administrators.with_for_update()).all()
    if list(active) == [user.id]:
        raise LastAdministrator


def _close(session: Session, user: User) -> None:
    user.deactivated_at = user.deactivated_at or clock.now()
    audit.record("account-deactivated", subject=("user", user.id))
    end_access(session, user)


def _count(user: User) -> int:
    return sum(provider.count(user) for provider in obligations.providers())


def _first(user: User) -> Sequence[Obligation]:
    found = chain.from_iterable(provider.first(user, limit=MAX_LISTED) for provider in obligations.providers())
    return list(islice(found, MAX_LISTED))


def _still_needed(user: User, count: int) -> StillNeeded:
    appointments = "1 appointment" if count == 1 else f"{count} appointments"
    return StillNeeded(
        f"{user.full_name} has {appointments} coming up, so the account was not closed. Cancel or move them first, or"
        f' cancel them all now: flask users deactivate {user.email} --cancel-visits --reason "…".',
        first=_first(user),
        count=count,
    )


def _happening_now(user: User) -> str:
    return f"An appointment of {user.full_name} is taking place now. Mark it as completed first, then try again."


def _end_all(user: User, *, reason: str) -> int:
    ended = 0
    for provider in obligations.providers():
        while some := provider.end_some(user, reason=reason):
            ended += some
    return ended
