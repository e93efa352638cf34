"""What tests of the mirror look at: our messages and notes, and what stands in the calendars."""

from datetime import datetime, timedelta

from hms.auth.models import Patient
from hms.calendar.models import CalendarConnection, CalendarEvent
from hms.calendar.services import mirroring
from hms.db import db, transaction
from hms.outbox import OutboxMessage
from hms.scheduling import signals
from hms.scheduling.models import Appointment
from tests.standins.google.calendar import span_of


def messages() -> list[OutboxMessage]:
    """The messages to Google, oldest first."""
    db.session.expire_all()
    return list(db.session.scalars(db.select(OutboxMessage).filter_by(kind=mirroring.KIND).order_by(OutboxMessage.id)))


def stored(visit, who) -> CalendarEvent:
    """Our note of the event."""
    found = db.select(CalendarEvent).join(CalendarConnection).where(CalendarConnection.user_id == who.user.id)
    return db.session.scalars(
        found.where(CalendarEvent.appointment_id == visit.id).execution_options(populate_existing=True)
    ).one()


def move(visit, *, by: timedelta) -> None:
    """What rescheduling will do."""
    with transaction() as session:
        visit = session.merge(visit)
        visit.starts_at += by
        visit.ends_at += by
        visit.version += 1
        session.flush()
        signals.appointment_moved.send(visit)


def ids(google, who) -> list[str]:
    """The ids of the events in somebody's calendar."""
    return [event["id"] for event in google.events(who.user.email)]


def spans(google, who) -> list[tuple[datetime, datetime]]:
    """From when to when the events in somebody's calendar last."""
    return sorted(span_of(event) for event in google.events(who.user.email))


def assert_equal(google, *people) -> None:
    """I7: the events in each calendar are the live appointments, no more, no fewer, at their times."""
    for who in people:
        own = Appointment.patient_id == who.id if isinstance(who, Patient) else Appointment.doctor_id == who.id
        live = db.session.scalars(
            db.select(Appointment)
            .where(own, Appointment.status != "cancelled")
            .execution_options(populate_existing=True)
        )
        assert spans(google, who) == sorted((visit.starts_at, visit.ends_at) for visit in live)
