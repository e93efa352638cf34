"""The name and the specialty of an approved doctor change for patients once an administrator has looked at them.

Whoever writes here holds the doctor's row.
"""

from uuid import UUID

from sqlalchemy.orm import Session

from hms import audit, clock
from hms.auth import emails, queries
from hms.auth.models import Doctor, DoctorChange, Specialty, User
from hms.auth.services.closing import lock_user
from hms.db import transaction
from hms.errors import Conflict, Invalid, NotFound

LONGEST_REASON = 300


class NothingWaits(NotFound):
    """There is no change to decide about."""

    code, title = "nothing-waits", "Nothing is waiting for approval"
    message = "This doctor has no changes waiting for approval."


class OtherChangeWaits(Conflict):
    """The doctor has asked for something else meanwhile."""

    code, title = "other-change-waits", "The doctor has changed this again"
    message = "The doctor has since asked for something different. Check it first: flask users list-changes."


def ask_for(session: Session, doctor: Doctor, *, full_name: str, specialty: Specialty) -> None:
    """Have the doctor be called so; at once before the approval, otherwise when an administrator approves it.

    Asking for what patients read already takes back what waits.
    """
    if not doctor.is_approved:
        doctor.user.full_name, doctor.specialty = full_name, specialty
        return
    asked = {
        "full_name": full_name if full_name != doctor.user.full_name else None,
        "specialty_id": specialty.id if specialty.id != doctor.specialty_id else None,
    }
    waiting = queries.find_waiting_change(doctor.id)
    if waiting and (waiting.full_name, waiting.specialty_id) == (asked["full_name"], asked["specialty_id"]):
        return
    if waiting:
        _decide(waiting, "replaced" if any(asked.values()) else "withdrawn")
        session.flush()
    if any(asked.values()):
        session.add(DoctorChange(doctor_id=doctor.id, asked_at=clock.now(), **asked))


def withdraw_changes(doctor: Doctor) -> None:
    """Take back what waits; again changes nothing."""
    with transaction() as session:
        _lock(session, doctor.id)
        if waiting := queries.find_waiting_change(doctor.id):
            _decide(waiting, "withdrawn")


def approve_changes(who: str | UUID, *, change_id: UUID | None = None, by: User | None = None) -> DoctorChange:
    """Let patients read what the doctor with this email or user id has asked for, and tell the doctor.

    With ``change_id`` only if it is still that change. ``by`` is the administrator; none from the command line.
    Raises :class:`NothingWaits`, :class:`OtherChangeWaits`, ``NotFound``.
    """
    with transaction() as session:
        doctor, change = _lock_waiting(session, who, change_id)
        doctor.user.full_name = change.full_name or doctor.user.full_name
        doctor.specialty = change.specialty or doctor.specialty
        _decide(change, "approved", by=by)
        audit.record("doctor-change-approved", subject=("doctor", doctor.id))
        emails.changes_decided(doctor.user, change)
    return change


def reject_changes(
    who: str | UUID, *, reason: str = "", change_id: UUID | None = None, by: User | None = None
) -> DoctorChange:
    """Leave everything as patients read it, and tell the doctor, with ``reason``.

    Raises as :func:`approve_changes` does, and ``Invalid`` for too long a reason.
    """
    if len(reason) > LONGEST_REASON:
        raise Invalid(f"Use at most {LONGEST_REASON} characters for the reason.", field="reason")
    with transaction() as session:
        doctor, change = _lock_waiting(session, who, change_id)
        change.reason = reason.strip()
        _decide(change, "rejected", by=by)
        audit.record("doctor-change-rejected", subject=("doctor", doctor.id))
        emails.changes_decided(doctor.user, change)
    return change


def _lock_waiting(session: Session, who: str | UUID, change_id: UUID | None) -> tuple[Doctor, DoctorChange]:
    user = lock_user(session, who)
    if user.doctor is None:
        raise NotFound("This isn’t a doctor’s account.")
    doctor = _lock(session, user.doctor.id)
    change = queries.find_waiting_change(doctor.id)
    if change is None:
        raise NothingWaits
    if change_id not in (None, change.id):
        raise OtherChangeWaits
    return doctor, change


def _lock(session: Session, doctor_id: UUID) -> Doctor:
    return session.get_one(Doctor, doctor_id, with_for_update={"of": Doctor}, populate_existing=True)


def _decide(change: DoctorChange, decision: str, *, by: User | None = None) -> None:
    change.decision, change.decided_at = decision, clock.now()
    change.decided_by_id = by.id if by else None
