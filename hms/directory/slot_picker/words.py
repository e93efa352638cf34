"""Facts about a doctor and a moment in few words."""

from datetime import datetime

from hms import clock
from hms.availability.booking_rules import counted
from hms.directory.queries import DoctorProfile
from hms.labels import MODES
from hms.scheduling.presenters import where
from hms.web import formats


def soon(moment: datetime) -> str:
    """``today, 15:20``, ``tomorrow, 09:00``, ``Thursday 26 November, 09:40``."""
    day = clock.to_clinic(moment).date()
    near = {0: "today", 1: "tomorrow"}.get((day - clock.today()).days)
    return f"{near or formats.plain_day(day)}, {formats.time(moment)}"


def experience(years: int) -> str:
    """``12 years``; nothing for less than one."""
    return counted(years, "year") if years > 0 else ""


def is_online_only(profile: DoctorProfile) -> bool:
    """Whether all that is free is online."""
    return profile.online is not None and profile.in_person is None


def mode_tags(profile: DoctorProfile) -> list[tuple[str, str, str]]:
    """In the words of the list of doctors: ``Also online``, ``Online only``; nothing for in person alone."""
    if profile.online is None:
        return []
    return [("Online only" if is_online_only(profile) else "Also online", "online", "video")]


def places(profile: DoctorProfile) -> str:
    """Where the doctor sees patients: at the hospital, online, or both, as the times that are free say."""
    if is_online_only(profile):
        return MODES["online"]
    return where(profile.doctor) + (" or online" if profile.online else "")
