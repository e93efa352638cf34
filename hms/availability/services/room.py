"""Room: how many times a doctor can have ahead. Whatever adds some asks here, and says what to change."""

from hms import clock
from hms.auth.models import Doctor
from hms.availability.queries import offers
from hms.availability.queries.offers import Offer
from hms.availability.reach import MAX_AHEAD, MAX_BEFORE_APPROVAL
from hms.errors import Invalid

CLOSED = "This doctor’s account is closed, so no slots can be offered. Reactivate the account first."
MAX_SCHEDULES = 50
"""As many periods of weekly hours, one after the other, that are not over."""


def check_times(doctor: Doctor, *, field: str, adding: int = 0) -> None:
    """Raise ``Invalid``, which takes back what was added, where the doctor has more times ahead than there is room for.

    Asked before, too, with how many times are to be added: what can never fit is not written first. The doctor's row is
    locked, so that nobody adds others meanwhile.
    """
    is_open, limit, number = offers.room_of(doctor.id)
    number = max(number, adding)
    if not is_open:
        raise Invalid(CLOSED)
    if number <= limit:
        return
    if limit == MAX_BEFORE_APPROVAL:
        raise Invalid(
            f"Until your account is approved you can have up to {limit:,} slots, and this would make {number:,}."
            " Add fewer, or wait for approval.",
            field=field,
        )
    raise Invalid(
        f"You can have up to {limit:,} slots, and this would make {number:,}. Choose fewer days or longer visits,"
        " or remove slots you don’t need.",
        field=field,
    )


def check_hours(doctor: Doctor, offer: Offer) -> None:
    """Raise ``Invalid`` for weekly hours that make more times than there is room for, before any is made."""
    if not offers.room_of(doctor.id).is_open:
        raise Invalid(CLOSED)
    current = [each for each in offer.schedules if each.valid_until is None or each.valid_until >= clock.today()]
    if len(current) > MAX_SCHEDULES:
        raise Invalid(f"You already have {MAX_SCHEDULES} periods of weekly hours. Delete one you don’t need.")
    number = offer.number_of_times()
    if number > MAX_AHEAD:
        raise Invalid(
            f"These hours would make {number:,} slots in the {offer.horizon_days} days that patients can book ahead."
            f" The most you can have is {MAX_AHEAD:,}. Make visits longer or reduce your hours."
        )
