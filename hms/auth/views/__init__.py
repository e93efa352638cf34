"""The pages of accounts: signing up and in, and a person's own details."""

from hms.auth.views import (
    account,
    doctor_profile,
    factors,
    menus,
    patient_profile,
    recovery,
    reminders,
    security,
    session_end,
    signed_out,
)

__all__ = ["blueprints", "menus"]

blueprints = (
    account.bp,
    recovery.bp,
    security.bp,
    factors.bp,
    patient_profile.bp,
    doctor_profile.bp,
    reminders.bp,
    signed_out.bp,
    session_end.bp,
)
