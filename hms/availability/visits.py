"""Who is booked, as far as what is offered has to know it: before hours, time off or a closure take times away.

Whoever keeps appointments says so and is asked here (:func:`tell_with`); what is offered never looks into their tables.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, cast
from uuid import UUID

from flask import Flask, current_app

from hms.auth.models import Doctor
from hms.web import paging

Interval = tuple[datetime, datetime]
ON_A_PAGE = paging.PAGE_SIZE


class Visit(NamedTuple):
    """A visit to come with its people, in plain values; ``status`` and ``mode`` are codes of FHIR R4."""

    id: UUID
    reference: str
    starts_at: datetime
    ends_at: datetime
    mode: str
    status: str
    reason: str
    patient_name: str
    patient_phone: str
    doctor_name: str


class BookedTime(NamedTuple):
    """A visit to come, as the plan is compared with it; ``origin`` is that of its slot."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    mode: str
    origin: str


class Booked(NamedTuple):
    """Visits to come that share time with an interval: how many, and a token that is another when they are others."""

    number: int
    token: str


class Provider(Protocol):
    """Knows all visits to come: those that have not started and that nobody has cancelled."""

    def booked_in(self, interval: Interval, *, doctor: Doctor | None = None) -> Booked:
        """How many visits share time with the interval, of this doctor or of all."""

    def list_booked(self, interval: Interval, *, doctor: Doctor | None = None, page: int = 1) -> Sequence[Visit]:
        """These visits in order of time, :data:`ON_A_PAGE` a page."""

    def to_come(self, doctor_id: UUID) -> Sequence[BookedTime]:
        """All visits of a doctor, in order of time."""

    def load(self, visit_ids: Sequence[UUID]) -> Sequence[Visit]:
        """These visits in order of time."""

    def on_slot(self, slot_id: UUID) -> Visit | None:
        """The visit that a slot is booked for, past or to come."""


def tell_with(app: Flask, provider: Provider) -> None:
    """Ask ``provider`` who is booked."""
    app.extensions["hms.visits"] = provider


def provider() -> Provider:
    """Who is asked."""
    return cast(Provider, current_app.extensions["hms.visits"])
