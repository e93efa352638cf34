"""Doctors in the list of results."""

from typing import NamedTuple

from flask import url_for

from hms import clock
from hms.directory.everyday import with_everyday
from hms.directory.queries import DoctorCard
from hms.labels import MODES
from hms.scheduling.presenters import fee, photo_address
from hms.scheduling.slot_links import Address, Time, time_link, to_booking
from hms.web import formats


class Result(NamedTuple):
    """One doctor in the list of results."""

    uid: str
    name: str
    href: str
    specialty: str
    tag: str
    photo: str | None
    place: str
    fee: str
    languages: str
    heading: str
    times: list[Time]


def result(card: DoctorCard, *, to: Address = to_booking) -> Result:
    """A doctor's card: the day of the first time as heading; a time on another day names its weekday."""
    first = clock.to_clinic(card.times[0].starts_at).date() if card.times else None
    return Result(
        uid=str(card.doctor_id),
        name=card.full_name,
        href=url_for("directory.doctor", doctor_id=card.doctor_id),
        specialty=with_everyday(card.specialty_slug, card.specialty),
        tag=_tag(card),
        photo=photo_address(card.doctor_id, card.photo_version),
        place=MODES["online"] if _is_online_only(card) else card.room,
        fee=fee(card),
        languages=card.languages,
        heading=formats.near_day(first) if first else "",
        times=[time_link(free, card.full_name, beside=first, to=to) for free in card.times],
    )


def _is_online_only(card: DoctorCard) -> bool:
    return card.has_online and not card.has_in_person


def _tag(card: DoctorCard) -> str:
    """How else than in person the doctor sees patients, as the slots that are free say."""
    if not card.has_online:
        return ""
    return "Also online" if card.has_in_person else "Online only"
