"""Cancelling: until when, by whom, and that the time is free again in the same transaction."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from hms.availability import services
from hms.availability.models import Slot, SlotStatus
from hms.errors import Invalid, NotFound
from hms.outbox import OutboxMessage
from hms.scheduling import appointment_rules
from hms.scheduling import services as scheduling
from hms.scheduling.refusals import MoveNotAllowed, TooLateToCancel
from hms.scheduling.signals import appointment_cancelled
from tests import make
from tests.race import invariants


@pytest.fixture(autouse=True)
def invariants_hold(session):
    """Asked of the rows at the end of every test here."""
    yield
    assert invariants.broken(session.connection()) == {}


@pytest.fixture
def visit(asha, bose):
    """Asha's appointment with Dr Bose, in two days."""
    return make.appointment(asha, doctor=bose)


def slot_of(session, visit) -> Slot:
    """The slot as it is stored now."""
    return session.get(Slot, visit.slot_id, populate_existing=True)


def test_a_patient_cancels_and_the_time_is_free(session, visit, asha):
    scheduling.cancel_as_patient(visit.id, patient=asha, reason="I am better")
    session.expire_all()
    assert (visit.status, visit.cancellation_reason, visit.version) == ("cancelled", "I am better", 2)
    assert slot_of(session, visit).status == SlotStatus.FREE
    change = visit.changes[-1]
    assert (change.from_status, change.to_status, change.note) == ("booked", "cancelled", "I am better")
    assert change.actor_id == asha.user_id


def test_a_doctor_cancels_with_a_reason(session, visit, bose):
    scheduling.cancel_as_doctor(visit.id, doctor=bose, reason="Called away")
    session.expire_all()
    assert (visit.status, visit.cancellation_reason) == ("cancelled", "Called away")
    assert visit.changes[-1].actor_id == bose.user_id
    assert slot_of(session, visit).status == SlotStatus.FREE


@pytest.mark.parametrize("reason", ["", "   ", "\n\t"])
def test_a_doctor_cannot_cancel_without_a_reason(visit, bose, reason):
    with pytest.raises(Invalid) as refused:
        scheduling.cancel_as_doctor(visit.id, doctor=bose, reason=reason)
    assert refused.value.field == "reason"
    assert visit.status == "booked"


def test_both_people_are_promised_a_mail(session, visit, asha, bose):
    scheduling.cancel_as_patient(visit.id, patient=asha)
    rows = session.scalars(select(OutboxMessage).where(OutboxMessage.payload["version"].as_integer() == 2))
    assert sorted((row.payload["type"], row.payload["to"]) for row in rows) == [
        ("BOOKING_CANCELLATION", str(asha.user_id)),
        ("BOOKING_CANCELLATION_DOCTOR", str(bose.user_id)),
    ]


@pytest.mark.parametrize(
    ("until_the_start", "allowed"),
    [
        (timedelta(hours=24, microseconds=1), True),
        (timedelta(hours=24), False),
        (timedelta(hours=1), False),
        (timedelta(), False),
        (timedelta(hours=-3), False),
    ],
)
def test_a_patient_cancels_until_the_window_closes(session, visit, asha, freeze, until_the_start, allowed):
    freeze(visit.starts_at - until_the_start)
    assert appointment_rules.patient_can_cancel(visit) == allowed
    if allowed:
        assert scheduling.cancel_as_patient(visit.id, patient=asha).status == "cancelled"
        return
    with pytest.raises(TooLateToCancel, match=r"less than 24 hours away"):
        scheduling.cancel_as_patient(visit.id, patient=asha)
    assert slot_of(session, visit).status == SlotStatus.BUSY


def test_the_window_is_that_of_the_visits_doctor(visit, asha, bose, freeze):
    services.set_clinic_rules(cancellation_hours=48)
    services.set_doctor_rules(bose.id, cancellation_hours=1)
    freeze(visit.starts_at - timedelta(minutes=50))
    with pytest.raises(TooLateToCancel, match="less than 1 hour"):
        scheduling.cancel_as_patient(visit.id, patient=asha)
    freeze(visit.starts_at - timedelta(minutes=61))
    assert scheduling.cancel_as_patient(visit.id, patient=asha).status == "cancelled"


@pytest.mark.parametrize(("after_the_end", "allowed"), [(-1, True), (0, False), (60, False)])
def test_a_doctor_cancels_until_the_visit_is_over(visit, bose, freeze, after_the_end, allowed):
    freeze(visit.ends_at + timedelta(seconds=after_the_end))
    if allowed:
        assert scheduling.cancel_as_doctor(visit.id, doctor=bose, reason="Fire alarm").status == "cancelled"
        return
    with pytest.raises(MoveNotAllowed):
        scheduling.cancel_as_doctor(visit.id, doctor=bose, reason="Fire alarm")


def test_cancelling_again_changes_nothing(session, visit, asha, bose):
    scheduling.cancel_as_patient(visit.id, patient=asha, reason="first")
    scheduling.cancel_as_patient(visit.id, patient=asha, reason="second")
    scheduling.cancel_as_doctor(visit.id, doctor=bose, reason="third")
    session.expire_all()
    assert (visit.cancellation_reason, visit.version, len(visit.changes)) == ("first", 2, 2)


def test_cancelling_again_does_not_free_what_another_has_booked_since(session, visit, asha, chen):
    scheduling.cancel_as_patient(visit.id, patient=asha)
    scheduling.book(visit.slot_id, patient=chen, idempotency_key="k")
    scheduling.cancel_as_patient(visit.id, patient=asha)
    assert slot_of(session, visit).status == SlotStatus.BUSY


@pytest.mark.parametrize("status", ["arrived", "fulfilled", "noshow"])
def test_a_patient_cannot_cancel_what_has_been_marked(asha, bose, status, freeze):
    marked = make.appointment(asha, doctor=bose, status=status)
    freeze(marked.starts_at - timedelta(days=2))
    with pytest.raises(MoveNotAllowed):
        scheduling.cancel_as_patient(marked.id, patient=asha)
    assert marked.status == status


@pytest.mark.parametrize("status", ["fulfilled", "noshow"])
def test_a_doctor_cannot_cancel_what_took_place_or_was_missed(asha, bose, status):
    marked = make.appointment(asha, doctor=bose, status=status)
    with pytest.raises(MoveNotAllowed):
        scheduling.cancel_as_doctor(marked.id, doctor=bose, reason="Wrong person")
    assert marked.status == status


def test_a_stranger_finds_no_such_appointment(visit, chen, eze):
    with pytest.raises(NotFound):
        scheduling.cancel_as_patient(visit.id, patient=chen)
    with pytest.raises(NotFound):
        scheduling.cancel_as_doctor(visit.id, doctor=eze, reason="Mine now")
    assert visit.status == "booked"


def test_the_news_is_told_and_a_receiver_that_fails_undoes_it(session, visit, asha):
    def fail(appointment):
        assert appointment.status == "cancelled"
        raise ZeroDivisionError

    with appointment_cancelled.connected_to(fail), pytest.raises(ZeroDivisionError):
        scheduling.cancel_as_patient(visit.id, patient=asha)
    session.expire_all()
    assert (visit.status, slot_of(session, visit).status) == ("booked", SlotStatus.BUSY)


def test_an_appointment_outlives_the_removal_of_its_time(session, visit, asha, bose):
    scheduling.cancel_as_patient(visit.id, patient=asha)
    services.delete_slot(visit.slot_id, doctor=bose)
    session.expire_all()
    assert (visit.slot_id, visit.status) == (None, "cancelled")
    assert visit.starts_at < visit.ends_at
