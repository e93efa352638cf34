"""Another time for an appointment, as the patient, the doctor or reception chooses it: what each of them may see."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from flask import url_for

from hms import clock
from hms.availability import booking_rules
from hms.availability import queries as offered
from hms.availability.booking_rules import BookingRules
from hms.availability.models import Mode, Slot
from hms.directory import queries, slot_picker
from hms.directory.queries import DoctorProfile
from hms.directory.slot_picker import Kind, Links, WeekPicker
from hms.errors import NotFound, Refusal
from hms.scheduling import queries as booked
from hms.scheduling import slot_links
from hms.scheduling.models import Appointment
from hms.scheduling.services import NewTime
from hms.scheduling.slot_links import Time
from hms.web import formats, query_params

MAX_OTHERS = 3
TIMES_TO_CHOOSE_FROM = 12
LONGEST_HORIZON_DAYS = booking_rules.LONGEST_HORIZON_DAYS


class Side(Protocol):
    """Who changes the time: where their pages are, and what they may do."""

    area: str
    has_others: bool

    def get(self, appointment_id: UUID) -> Appointment:
        """The appointment, if it is theirs."""

    def move(self, appointment_id: UUID, new: NewTime) -> Appointment:
        """Give it another time."""

    def rules(self, rules: BookingRules) -> BookingRules:
        """The rules of a doctor as they bind this side."""

    def why_not(self, appointment: Appointment) -> Refusal | None:
        """Why its time cannot be changed."""

    def why_not_to(self, slot: Slot, rules: BookingRules) -> Refusal | None:
        """Why it cannot go to this slot."""


class Address(NamedTuple):
    """The addresses about one appointment, for one side."""

    area: str
    appointment_id: UUID

    def to(self, view: str, **values: Any) -> str:
        """A page about the appointment."""
        return url_for(f"{self.area}.{view}", appointment_id=self.appointment_id, **values)

    def time(self, slot_id: UUID, visit: str | None) -> str:
        """The page that shows both times, and asks."""
        return self.to("change", slot=slot_id, visit=visit)

    def links(self, doctor_id: UUID | None) -> Links:
        """Days and times of a doctor; None is the one of the appointment."""
        to_day = lambda day, visit: self.to(  # noqa: E731
            "change", doctor=doctor_id, day=day.isoformat() if day else None, visit=visit
        )
        return Links(to_day, self.time)


class Choice(NamedTuple):
    """What there is to choose from: one doctor's week, if that doctor has any, and other doctors' soonest times."""

    profile: DoctorProfile | None
    kind: Kind | None
    picker: WeekPicker | None
    others: list[slot_picker.Result]


def choice(
    appointment: Appointment, side: Side, *, doctor_id: UUID | None, visit: Mode | None, day: date | None
) -> Choice:
    """The times of the appointment's own doctor, or of the one that is asked for where the side may ask."""
    at = Address(side.area, appointment.id)
    wanted = doctor_id if doctor_id and side.has_others else appointment.doctor_id
    others = _others(appointment, at, excluding=wanted) if side.has_others else []
    try:
        profile = queries.get_bookable_doctor(wanted)
    except NotFound:
        return Choice(None, None, None, others)
    profile = profile._replace(rules=side.rules(profile.rules))
    kind = slot_picker.kind_of(visit or Mode(appointment.mode), profile)
    shown = day or slot_picker.day_of(kind.earliest)
    week = offered.week_of(wanted, slot_picker.first_of(shown), rules=profile.rules, mode=kind.mode)
    links = at.links(None if wanted == appointment.doctor_id else wanted)
    return Choice(profile, kind, slot_picker.week_picker(profile, week, shown, kind=kind, links=links), others)


def _others(appointment: Appointment, at: Address, *, excluding: UUID) -> list[slot_picker.Result]:
    """Up to three other doctors of the specialty with their soonest times; the list leads to their weeks."""
    found = queries.search_doctors(specialty=appointment.doctor.specialty.slug).cards
    cards = [card for card in found if card.times and card.doctor_id != excluding][:MAX_OTHERS]
    week_of = lambda card: at.to("change", doctor=card.doctor_id)  # noqa: E731
    return [slot_picker.result(card, to=at.time)._replace(href=week_of(card)) for card in cards]


def slot_to_choose(slot_id: UUID, *, appointment: Appointment, side: Side) -> Slot:
    """The slot that is asked for, whether or not it is free; raises ``NotFound`` for one that this side cannot know."""
    slot = offered.find_slot(slot_id)
    is_own = slot is not None and slot.doctor_id == appointment.doctor_id
    if slot is None or not (is_own or (side.has_others and slot.doctor.is_bookable)):
        raise NotFound("This time is no longer offered. Choose another.")
    return slot


def nearest(slot: Slot, *, appointment: Appointment, side: Side) -> list[Time]:
    """The three free times that are nearest to one that is not."""
    rules = side.rules(booking_rules.of(slot.doctor_id))
    free = offered.nearest_free(slot, rules=rules, count=TIMES_TO_CHOOSE_FROM)
    own = [one for one in booked.list_appointments(patient=appointment.patient) if one.id != appointment.id]
    times = slot_links.nearest(free, to=slot, excluding=own)
    return slot_links.times_instead(
        times, of=slot, mode=Mode(appointment.mode), to=Address(side.area, appointment.id).time
    )


def id_in_address(name: str) -> UUID | None:
    """An id that the address names; what is none counts as not there."""
    try:
        return UUID(query_params.word(name))
    except ValueError:
        return None


def unbound(rules: BookingRules) -> BookingRules:
    """The rules without notice and horizon, which bind patients alone."""
    return rules._replace(minimum_notice=timedelta(), horizon_days=LONGEST_HORIZON_DAYS)


def short(visit: Appointment | Slot) -> str:
    """``Thu 26 Nov, 09:40``."""
    return f"{formats.short_day(visit.starts_at)}, {formats.time(visit.starts_at)}"


def reminders(appointment: Appointment, *, hours: Sequence[int]) -> list[str]:
    """When reminders of it will be sent, soonest first."""
    moments = sorted(appointment.starts_at - timedelta(hours=each) for each in hours)
    return [formats.moment(moment) for moment in moments if moment > clock.now()]
