"""Booking one time for one patient: what is stored, what is promised, and everything that is refused."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from hms import clock
from hms.auth import services as auth
from hms.availability import services as availability
from hms.availability.models import Slot, SlotStatus
from hms.db import transaction
from hms.errors import NotFound, Refusal
from hms.outbox import OutboxMessage
from hms.scheduling import services
from hms.scheduling.models import Appointment, AppointmentChange
from hms.scheduling.refusals import AlreadyBooked, KeyReused, NoLongerOffered, NotOffering, SlotPast, SlotTaken, TooSoon
from hms.scheduling.services.booking import REFERENCE_ALPHABET
from hms.scheduling.signals import appointment_booked
from tests import make
from tests.race import invariants


@pytest.fixture(autouse=True)
def invariants_hold(session):
    """Asked of the rows at the end of every test here."""
    yield
    assert invariants.broken(session.connection()) == {}


def book(slot, patient, **more):
    """Book with a fresh key unless one is given."""
    return services.book(slot.id, patient=patient, **{"idempotency_key": make.new_key()} | more)


def count(session, model=Appointment):
    """How many rows there are."""
    return session.scalar(select(func.count()).select_from(model))


def mails(session) -> list[tuple[str, str]]:
    """The confirmations that were promised: type and recipient, in order."""
    rows = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "email"))
    found = [(row.payload["type"], row.payload["to"]) for row in rows]
    return sorted(pair for pair in found if pair[0].startswith("BOOKING_"))


def test_a_free_time_becomes_an_appointment(session, asha, bose):
    slot = make.slot(bose)
    made = book(slot, asha, reason="Palpitations")
    session.expire_all()
    stored = session.get(Appointment, made.id)
    assert (stored.slot_id, stored.doctor_id, stored.patient_id) == (slot.id, bose.id, asha.id)
    assert (stored.starts_at, stored.ends_at) == (slot.starts_at, slot.ends_at)
    assert (stored.status, stored.reason, stored.version) == ("booked", "Palpitations", 1)
    assert slot.status == SlotStatus.BUSY


def test_its_history_begins(session, asha, bose, freeze):
    slot, now = make.slot(bose), freeze()
    (change,) = book(slot, asha).changes
    assert (change.from_status, change.to_status) == (None, "booked")
    assert (change.actor_id, change.changed_at) == (asha.user_id, now)


def test_both_people_are_promised_a_mail_in_the_same_transaction(session, asha, bose):
    book(make.slot(bose), asha)
    assert mails(session) == [
        ("BOOKING_CONFIRMATION", str(asha.user_id)),
        ("BOOKING_CONFIRMATION_DOCTOR", str(bose.user_id)),
    ]


def test_a_reference_can_be_read_out_over_the_telephone(session, asha, bose):
    references = [book(make.slot(bose), asha).reference for _ in range(5)]
    assert len(set(references)) == 5
    assert all(len(reference) == 8 and set(reference) <= set(REFERENCE_ALPHABET) for reference in references)
    assert not set(REFERENCE_ALPHABET) & set("01IOL")


def test_the_news_is_told_within_the_transaction(session, asha, bose):
    slot, heard = make.slot(bose), []

    def listen(appointment):
        heard.append(appointment.id)
        session.scalar(select(Appointment).where(Appointment.id == appointment.id))

    with appointment_booked.connected_to(listen):
        made = book(slot, asha)
    assert heard == [made.id]


def test_a_receiver_that_fails_undoes_the_booking(session, asha, bose):
    slot = make.slot(bose)

    def fail(_appointment):
        raise ZeroDivisionError

    with appointment_booked.connected_to(fail), pytest.raises(ZeroDivisionError):
        book(slot, asha)
    session.expire_all()
    assert (count(session), slot.status, mails(session)) == (0, SlotStatus.FREE, [])


def test_a_taken_time_is_refused(session, asha, chen, bose):
    slot = make.slot(bose)
    book(slot, chen)
    with pytest.raises(SlotTaken) as refused:
        book(slot, asha)
    assert refused.value.status == 409
    assert count(session) == 1


@pytest.mark.parametrize(
    ("status", "blocked_by", "refusal"),
    [("busy-tentative", None, SlotTaken), ("busy-unavailable", "doctor", NoLongerOffered)],
)
def test_a_time_that_is_held_or_blocked_is_refused(session, asha, bose, status, blocked_by, refusal):
    slot = make.slot(bose)
    with transaction():
        session.execute(update(Slot).where(Slot.id == slot.id).values(status=status, blocked_by=blocked_by))
    with pytest.raises(refusal):
        book(slot, asha)


def test_a_time_that_does_not_exist_is_not_found(session, asha):
    with pytest.raises(NotFound):
        services.book(uuid4(), patient=asha, idempotency_key="k")


def test_a_removed_time_is_not_found(session, asha, bose):
    slot = make.slot(bose)
    availability.delete_slot(slot.id, doctor=bose)
    with pytest.raises(NotFound):
        services.book(slot.id, patient=asha, idempotency_key="k")


@pytest.mark.parametrize(
    ("until_the_start", "refusal"),
    [
        (timedelta(hours=1), None),  # the notice itself is enough
        (timedelta(hours=1) - timedelta(microseconds=1), TooSoon),
        (timedelta(microseconds=1), TooSoon),
        (timedelta(), SlotPast),
        (timedelta(hours=-1), SlotPast),
    ],
)
def test_a_time_is_booked_until_the_minimum_notice(session, asha, bose, freeze, until_the_start, refusal):
    slot = make.slot(bose)
    freeze(slot.starts_at - until_the_start)
    if refusal is None:
        assert book(slot, asha).status == "booked"
        return
    with pytest.raises(refusal) as refused:
        book(slot, asha)
    assert refused.value.status == 422
    assert slot.status == SlotStatus.FREE


def test_the_refusal_names_the_notice(session, asha, bose, freeze):
    availability.set_clinic_rules(minimum_notice_minutes=90)
    slot = make.slot(bose)
    freeze(slot.starts_at - timedelta(minutes=80))
    with pytest.raises(TooSoon, match="until 90 minutes before an appointment"):
        book(slot, asha)


def test_a_doctor_who_is_not_approved_takes_no_bookings(session, asha):
    slot = make.slot(make.doctor(is_approved=False))
    with pytest.raises(NotOffering):
        book(slot, asha)
    assert slot.status == SlotStatus.FREE


def test_a_doctor_whose_account_is_closed_takes_no_bookings(session, asha, bose):
    slot = make.slot(bose)
    auth.deactivate(bose.user.email)
    with pytest.raises(NotOffering):
        book(slot, asha)


def test_nobody_is_in_two_places_at_once(session, asha, bose, eze):
    first = make.slot(bose, minutes=40)
    book(first, asha)
    overlapping = make.slot(eze, starts_at=first.starts_at + timedelta(minutes=20), minutes=40)
    with pytest.raises(AlreadyBooked) as refused:
        book(overlapping, asha)
    assert refused.value.status == 409
    assert overlapping.status == SlotStatus.FREE


def test_back_to_back_visits_do_not_overlap(session, asha, bose, eze):
    first = make.slot(bose)
    book(first, asha)
    assert book(make.slot(eze, starts_at=first.ends_at), asha).status == "booked"
    assert book(make.slot(eze, starts_at=first.starts_at - timedelta(minutes=20)), asha).status == "booked"


def test_a_cancelled_visit_does_not_keep_its_patient_busy(session, asha, bose, eze):
    made = make.appointment(asha, doctor=bose)
    other = make.slot(eze, starts_at=made.starts_at)
    services.cancel_as_patient(made.id, patient=asha)
    assert book(other, asha).status == "booked"


def test_the_same_key_again_is_the_same_appointment(session, asha, bose):
    slot = make.slot(bose)
    first = book(slot, asha, idempotency_key="page")
    again = book(slot, asha, idempotency_key="page")
    assert again.id == first.id
    assert (count(session), count(session, AppointmentChange), len(mails(session))) == (1, 1, 2)


def test_the_same_patient_on_the_same_time_again_is_the_same_appointment(session, asha, bose):
    slot = make.slot(bose)
    assert book(slot, asha).id == book(slot, asha).id
    assert count(session) == 1


def test_one_key_does_not_book_two_times(session, asha, bose):
    book(make.slot(bose), asha, idempotency_key="page")
    other = make.slot(bose)
    with pytest.raises(KeyReused):
        book(other, asha, idempotency_key="page")
    assert other.status == SlotStatus.FREE


def test_a_key_is_the_patients_own(session, asha, chen, bose):
    first = book(make.slot(bose), asha, idempotency_key="page")
    second = book(make.slot(bose), chen, idempotency_key="page")
    assert first.id != second.id


def test_a_page_sent_again_after_cancelling_is_still_the_cancelled_appointment(session, asha, bose):
    slot = make.slot(bose)
    made = book(slot, asha, idempotency_key="page")
    services.cancel_as_patient(made.id, patient=asha)
    again = book(slot, asha, idempotency_key="page")
    assert (again.id, again.status) == (made.id, "cancelled")
    assert session.get(Slot, slot.id, populate_existing=True).status == SlotStatus.FREE


def test_a_freed_time_can_be_booked_by_another_and_by_the_same_again(session, asha, chen, bose):
    slot = make.slot(bose)
    for patient in (asha, chen, asha):
        made = book(slot, patient)
        assert made.status == "booked"
        services.cancel_as_patient(made.id, patient=patient)
    assert count(session) == 3


def test_a_refusal_is_made_of_nothing_but_its_sentence(session, asha, chen, bose):
    slot = make.slot(bose)
    book(slot, chen)
    for attempt in range(2):
        with pytest.raises(Refusal, match="Nothing was booked for you"):
            book(slot, asha, idempotency_key=f"page {attempt}")
    assert (count(session), count(session, AppointmentChange), len(mails(session))) == (1, 1, 2)


def test_a_stale_object_of_the_slot_is_not_believed(session, asha, chen, bose):
    slot = make.slot(bose)
    assert slot.status == SlotStatus.FREE
    with transaction():
        session.execute(
            update(Slot).where(Slot.id == slot.id).values(status=SlotStatus.BUSY_UNAVAILABLE, blocked_by="doctor"),
            execution_options={"synchronize_session": False},
        )
    assert slot.status == SlotStatus.FREE  # what this request has read before
    with pytest.raises(NoLongerOffered):
        book(slot, asha)


def test_now_is_read_from_the_clock_alone(session, asha, bose, freeze):
    slot = make.slot(bose)
    moment = freeze(slot.starts_at - timedelta(days=1))
    assert book(slot, asha).created_at == moment == clock.now()
