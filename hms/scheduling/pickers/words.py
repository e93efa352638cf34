"""Facts about a doctor and a moment in few words."""

from datetime import datetime

from flask import url_for

from hms import clock
from hms.auth.models import Doctor
from hms.scheduling.policies import counted
from hms.scheduling.queries import DoctorCard, DoctorFacts
from hms.web import formats


def soon(moment: datetime) -> str:
    """``today, 15:20``, ``tomorrow, 09:00``, ``Thursday 26 November, 09:40``."""
    day = clock.to_clinic(moment).date()
    near = {0: "today", 1: "tomorrow"}.get((day - clock.today()).days)
    return f"{near or formats.plain_day(day)}, {formats.time(moment)}"


def experience(years: int) -> str:
    """``12 years``; nothing for less than one."""
    return counted(years, "year") if years > 0 else ""


def fee(doctor: Doctor | DoctorCard | DoctorFacts) -> str:
    """``£85``; nothing when the doctor names no fee."""
    return "" if doctor.fee_minor is None else formats.money(doctor.fee_minor, doctor.fee_currency)


def photo_address(doctor_id: object, version: str | None) -> str | None:
    """Where the doctor's picture is; none without one."""
    return url_for("directory.photo", doctor_id=doctor_id, v=version) if version else None
