"""Cancelling one's own appointment, until it is too late for that online."""

from datetime import UTC, date, datetime

from hms.availability.models import Slot
from hms.db import db
from tests import make
from tests.booking_page import appointments

TUESDAY, THURSDAY, FRIDAY = date(2026, 11, 24), date(2026, 11, 26), date(2026, 11, 27)


def test_the_page_shows_what_is_cancelled_before_it_is(patient, asha, slot):
    made = make.appointment(asha, slot=slot)
    page = patient.page("patient.cancel", appointment_id=made.id)
    assert page.heading == "Cancel this appointment?"
    assert "Thursday 26 November 2026, 09:40 to 10:00" in page.text
    assert page.link("Keep appointment") == f"/patient/appointments/{made.id}"
    assert appointments()[0].status == "booked"


def test_cancelling_frees_the_time_and_says_so(patient, asha, bose, slot):
    made = make.appointment(asha, slot=slot)
    answer = patient.submit("patient.cancel", {"reason": "Feeling better"}, appointment_id=made.id)
    assert answer.location == f"/patient/appointments/{made.id}?cancelled=1"
    page = patient.get(answer.location).page
    assert "Your appointment is cancelled" in page.text
    assert "Feeling better" in page.text
    assert page.link("Book again") == f"/doctors/{bose.id}"
    assert db.session.get(Slot, slot.id, populate_existing=True).status == "free"


def test_cancelling_twice_is_cancelling_once(patient, asha, slot):
    made = make.appointment(asha, slot=slot)
    path = patient.url("patient.cancel", appointment_id=made.id)
    patient.submit("patient.cancel", appointment_id=made.id)
    assert patient.post(path, data={"csrf_token": patient.csrf_token()}).status_code == 303
    assert patient.get(path).location == f"/patient/appointments/{made.id}"
    assert len(appointments()[0].changes) == 2


def test_inside_the_window_one_is_told_whom_to_call(browser_of, asha, slot, freeze):
    made = make.appointment(asha, slot=slot)
    freeze(datetime(2026, 11, 25, 9, 40, tzinfo=UTC))
    patient = browser_of(asha)
    details = patient.page("patient.appointment", appointment_id=made.id)
    assert "less than 24 hours away, so you can’t cancel it online" in details.text
    assert not details.has_link_to(f"/patient/appointments/{made.id}/cancel")
    page = patient.page("patient.cancel", appointment_id=made.id, status=409)
    assert "It’s too late to cancel online" in page.text
    assert page.link("020 7946 0100") == "tel:+442079460100"
    path = patient.url("patient.cancel", appointment_id=made.id)
    assert patient.post(path, data={"csrf_token": patient.csrf_token()}).status_code == 409
    assert appointments()[0].status == "booked"


def test_a_visit_that_was_marked_cannot_be_cancelled(patient, asha, bose):
    made = make.appointment(asha, slot=make.slot(bose, day=date(2026, 11, 17)), status="fulfilled")
    page = patient.page("patient.cancel", appointment_id=made.id, status=409)
    assert "has already been marked" in page.text


def test_a_reason_that_is_too_long_is_asked_for_again(patient, asha, slot):
    made = make.appointment(asha, slot=slot)
    answer = patient.submit("patient.cancel", {"reason": "x" * 501}, appointment_id=made.id, status=422)
    assert "Use at most 500 characters." in answer.page.text
    assert appointments()[0].status == "booked"
