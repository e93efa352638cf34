"""A time that cannot be booked: why, the three nearest, and what was typed."""

from datetime import UTC, date, datetime, time
from uuid import uuid4

from hms.availability import services as offered
from hms.db import Busy
from hms.scheduling import services
from tests import make
from tests.booking_page import THE_SAME_KEY, appointments, open_times, post

TUESDAY, THURSDAY, FRIDAY = date(2026, 11, 24), date(2026, 11, 26), date(2026, 11, 27)


def take(slot, chen):
    """Somebody else is faster."""
    return make.appointment(chen, slot=slot)


def typed_on(page) -> dict:
    """What the form of the page holds that asks for a reason."""
    return next(form.values for form in page.forms if "reason" in form.values)


def test_a_taken_time_is_refused_with_what_was_typed_and_the_three_nearest(patient, chen, bose):
    open_times(bose, THURSDAY, time(8, 40), time(9, 20), time(10), time(10, 20), time(16))
    slot = make.slot(bose, day=THURSDAY, start=time(9, 40))
    take(slot, chen)
    answer = post(patient, slot, reason="A cough")
    page = answer.page
    assert answer.status_code == 409
    assert page.title.startswith("Error: ")
    assert "09:40 has just been booked by someone else" in page.text
    assert page.texts(".//main//button")[-3:] == [f"Book Thu 26 Nov {at} instead" for at in ("09:20", "10:00", "10:20")]
    assert typed_on(page)["reason"] == "A cough"
    assert "Chen" not in answer.text
    assert not [link for link in page.links if "cough" in link]


def test_a_nearest_time_is_booked_by_its_own_button_with_the_reason(patient, asha, chen, bose, slot):
    nearest = make.slot(bose, day=THURSDAY, start=time(10, 20))
    take(slot, chen)
    page = post(patient, slot, reason="A cough").page
    button = next(button for button in page.all(".//button") if button.get("formaction"))
    assert button.get("formaction") == f"/patient/slots/{nearest.id}/book"
    data = {**typed_on(page), button.get("name"): button.get("value")}
    assert button.get("value") != THE_SAME_KEY
    assert patient.post(button.get("formaction"), data=data).status_code == 303
    made = next(one for one in appointments() if one.patient_id == asha.id)
    assert (made.slot_id, made.reason) == (nearest.id, "A cough")


def test_each_nearest_time_has_a_key_of_its_own(patient, chen, bose, slot):
    open_times(bose, THURSDAY, time(11), time(12), time(13))
    take(slot, chen)
    keys = [button.get("value") for button in post(patient, slot).page.all(".//button") if button.get("formaction")]
    assert len(set(keys)) == 3


def test_a_nearest_time_never_clashes_with_an_appointment_of_ones_own(patient, asha, chen, bose, eze, slot):
    open_times(bose, THURSDAY, time(10), time(10, 20))
    make.appointment(asha, slot=make.slot(eze, day=THURSDAY, start=time(10)))
    take(slot, chen)
    assert "Book Thu 26 Nov 10:20 instead" in post(patient, slot).page.text
    assert "10:00 instead" not in post(patient, slot).page.text


def test_opening_a_taken_time_answers_409_with_links_to_the_nearest(patient, chen, bose, slot):
    nearest = make.slot(bose, day=FRIDAY)
    take(slot, chen)
    page = patient.page("patient.book", slot_id=slot.id, status=409)
    assert "09:40 has been booked by someone else" in page.text
    assert page.link("09:00 on Friday 27 November with Dr Anil Bose") == f"/patient/slots/{nearest.id}/book"
    assert not page.find_form(f"/patient/slots/{slot.id}/book")


def test_when_the_doctor_has_nothing_else_others_and_the_phone_are_offered(patient, chen, slot):
    take(slot, chen)
    page = post(patient, slot).page
    assert "Dr Anil Bose has no other free slots at the moment." in page.text
    assert page.link("Other doctors in Cardiology") == "/doctors?specialty=cardiology"
    assert page.link("020 7946 0100") == "tel:+442079460100"


def test_a_time_that_overlaps_ones_own_appointment_names_it(patient, asha, eze, slot):
    own = make.appointment(asha, slot=make.slot(eze, day=THURSDAY, start=time(9, 30)))
    answer = post(patient, slot)
    assert answer.status_code == 409
    assert "You already have an appointment at that time" in answer.page.text
    assert "You’re booked from 09:30 to 09:50 with Dr Ngozi Eze" in answer.page.text
    assert answer.page.link("See that appointment") == f"/patient/appointments/{own.id}"


def test_a_time_gone_by_answers_422(browser_of, asha, slot, freeze):
    freeze(datetime(2026, 11, 26, 9, 40, tzinfo=UTC))
    patient = browser_of(asha)
    page = patient.page("patient.book", slot_id=slot.id, status=422)
    assert "This slot is in the past" in page.text
    assert post(patient, slot).status_code == 422
    assert not appointments()


def test_a_time_inside_the_minimum_notice_answers_422_and_says_how_long_it_is(browser_of, asha, slot, freeze):
    freeze(datetime(2026, 11, 26, 8, 41, tzinfo=UTC))
    patient = browser_of(asha)
    patient.page("patient.book", slot_id=slot.id, status=422)
    answer = post(patient, slot)
    assert answer.status_code == 422
    assert "You can only book online until 1 hour before an appointment." in answer.page.text


def test_when_the_clinic_is_too_busy_the_page_stays_and_can_be_sent_again(patient, slot, monkeypatch):
    def busy(*_args, **_named):
        raise Busy

    monkeypatch.setattr(services, "book", busy)
    answer = post(patient, slot, reason="A cough")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    form = answer.page.find_form(answer.request.path)
    assert (form.values["reason"], form.values["idempotency_key"]) == ("A cough", THE_SAME_KEY)


def test_a_time_that_was_taken_back_is_not_found(patient, bose, slot):
    offered.delete_slot(slot.id, doctor=bose)
    patient.page("patient.book", slot_id=slot.id, status=404)
    assert post(patient, slot).status_code == 404
    patient.page("patient.book", slot_id=uuid4(), status=404)


def test_a_pending_doctor_cannot_be_booked(patient):
    slot = make.slot(make.doctor("Dr Penny Pending", is_approved=False), day=THURSDAY)
    assert "Penny" not in patient.page("patient.book", slot_id=slot.id, status=404).text
    answer = post(patient, slot)
    assert answer.status_code == 409
    assert "This doctor isn’t taking bookings" in answer.page.text
    assert "Penny" not in answer.text
    assert not appointments()
