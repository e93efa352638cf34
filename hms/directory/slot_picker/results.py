"""Doctors in the list of results."""

from typing import NamedTuple

from flask import url_for

from hms import clock
from hms.directory.queries import DoctorCard
from hms.scheduling.presenters import fee, photo_address
from hms.scheduling.slot_links import Address, Time, time_link, to_booking
from hms.web import formats


class Result(NamedTuple):
    """One doctor in the list of results."""

    uid: str
    name: str
    href: str
    subtitle: str
    photo: str | None
    place: str
    heading: str
    times: list[Time]


def result(card: DoctorCard, *, to: Address = to_booking) -> Result:
    """A doctor's card: the day of the first time as heading; a time on another day names its weekday."""
    first = clock.to_clinic(card.times[0].starts_at).date() if card.times else None
    return Result(
        uid=str(card.doctor_id),
        name=card.full_name,
        href=url_for("directory.doctor", doctor_id=card.doctor_id),
        subtitle=", ".join(filter(None, [card.specialty, _with_experience(card.years_of_experience)])),
        photo=photo_address(card.doctor_id, card.photo_version),
        place=", ".join(filter(None, [card.room, fee(card)])),
        heading=formats.near_day(first) if first else "",
        times=[time_link(free, card.full_name, beside=first, to=to) for free in card.times],
    )


def _with_experience(years: int) -> str:
    owner = "year\u2019s" if years == 1 else "years\u2019"
    return f"{years} {owner} experience" if years > 0 else ""
