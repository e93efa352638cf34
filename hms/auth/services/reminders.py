"""Switching reminders off by a link in a mail, without signing in."""

from hms.auth import queries, tokens
from hms.auth.models import Patient, User
from hms.auth.tokens import LinkEnded, Purpose
from hms.db import transaction


def check_stop_reminders(token: str) -> None:
    """Raise :class:`~hms.auth.tokens.LinkEnded` unless the link would work now."""
    _owner(token)


def stop_reminders(token: str) -> None:
    """Send the patient of this link no reminders any more; again changes nothing.

    Raises :class:`~hms.auth.tokens.LinkEnded`.
    """
    with transaction() as session:
        owner = _owner(token)
        if owner.patient is None:
            raise LinkEnded
        patient = session.get_one(Patient, owner.patient.id, with_for_update=True, populate_existing=True)
        patient.wants_reminders = False


def _owner(token: str) -> User:
    user = queries.find_user(tokens.user_id_of(Purpose.STOP_REMINDERS, token))
    if user is None:
        raise LinkEnded
    tokens.check(Purpose.STOP_REMINDERS, token, user)
    return user
