"""Booking rules that contradict each other: with them no one could ever book, cancel or change a time online.

Pure: the rules come in, the clinic's and a doctor's own, and sentences come out.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from hms.availability.booking_rules import counted, words

RuleValues = Mapping[str, int | None]
HOURS, MINUTES = 24, 24 * 60  # of a day


class Contradiction(NamedTuple):
    """Two rules that cannot both hold: their names, what nobody could do, and the two in words."""

    rule: str
    against: str
    consequence: str
    words: str


def between(clinic: RuleValues, own: RuleValues | None = None) -> list[Contradiction]:
    """What contradicts in the rules that hold together: a doctor's own, and the clinic's where the doctor has none."""
    notice, horizon, cancellation, change = (
        _value(name, clinic, own)
        for name in ("minimum_notice_minutes", "horizon_days", "cancellation_hours", "change_window_minutes")
    )
    found = []
    opens = f"bookings open only {counted(horizon, 'day')} ahead{_whose('horizon_days', own)}"
    if notice > horizon * MINUTES:
        length = f"the minimum notice is {words(timedelta(minutes=notice))}{_whose('minimum_notice_minutes', own)}"
        nobody = "no one could ever book"
        found.append(Contradiction("minimum_notice_minutes", "horizon_days", nobody, f"{length}, but {opens}"))
    if cancellation > horizon * HOURS:
        length = (
            f"online cancelling ends {words(timedelta(hours=cancellation))} before{_whose('cancellation_hours', own)}"
        )
        found.append(
            Contradiction(
                "cancellation_hours", "horizon_days", "no one could ever cancel online", f"{length}, but {opens}"
            )
        )
    if change > horizon * MINUTES:
        length = (
            f"changing the time online ends {words(timedelta(minutes=change))} before"
            f"{_whose('change_window_minutes', own)}"
        )
        nobody = "no one could ever change a time online"
        found.append(Contradiction("change_window_minutes", "horizon_days", nobody, f"{length}, but {opens}"))
    return found


def _value(name: str, clinic: RuleValues, own: RuleValues | None) -> int:
    value = own.get(name) if own else None
    return (clinic.get(name) if value is None else value) or 0


def _whose(name: str, own: RuleValues | None) -> str:
    """Where a doctor has rules of their own, it is said which of them are the clinic's."""
    return " (the clinic’s rule)" if own is not None and own.get(name) is None else ""
