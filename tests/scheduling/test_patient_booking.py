"""Check and book: what the page says, and one appointment however often it is sent."""

from datetime import date, time

import pytest

from tests import make
from tests.booking_page import THE_SAME_KEY, appointments, key_on, post

TUESDAY, THURSDAY, FRIDAY = date(2026, 11, 24), date(2026, 11, 26), date(2026, 11, 27)
NO_KEYS = [
    *(None, "", "short", "x" * 65, "with blank 12345678", "ключ-ключ-ключ-ключ"),
    *("1234567890123456\n", "a\x00" * 8),
]
WORDS = ["<script>alert(1)</script>", "Ω" * 500, "👩‍⚕️ ok", "'; DROP TABLE slots --", "</textarea>"]


def test_the_page_says_what_is_booked_and_that_nothing_is_yet(patient, slot):
    page = patient.page("patient.book", slot_id=slot.id)
    assert page.heading == "Check and book"
    assert "Thursday 26 November 2026, 09:40 to 10:00" in page.text
    assert "Dr Anil Bose , cardiology" in page.text
    assert "You can cancel online until Wednesday 25 November 2026, 09:40." in page.text
    assert page.link("Change time") == f"/doctors/{slot.doctor_id}?day=2026-11-26"
    assert not appointments()


def test_a_time_too_near_to_be_cancelled_online_says_so_before_it_is_booked(patient, bose):
    near = make.slot(bose, day=date(2026, 11, 23), start=time(15))
    text = patient.page("patient.book", slot_id=near.id).text
    assert "you can’t cancel it online" in text
    assert "020 7946 0100" in text


def test_booking_leads_to_the_confirmation(patient, slot):
    answer = patient.submit("patient.book", {"reason": "A cough\r\nfor a week"}, slot_id=slot.id)
    (made,) = appointments()
    assert answer.location == f"/patient/appointments/{made.id}?booked=1"
    assert made.reason == "A cough\nfor a week"
    page = patient.get(answer.location).page
    assert page.heading == "Booked"
    assert f"{made.reference[:4]}-{made.reference[4:]}" in page.text
    assert "Thursday 26 November 2026, 09:40" in page.text
    assert "UK time" in page.text
    assert "You can cancel online until Wednesday 25 November 2026, 09:40." in page.text
    assert page.link(".ics") == f"/patient/appointments/{made.id}.ics"
    assert page.has_link_to(f"/patient/appointments/{made.id}/cancel")


@pytest.mark.parametrize("function", ["", "send-email"])
def test_the_confirmation_promises_a_mail_only_where_mail_is_on(app, patient, slot, monkeypatch, function):
    monkeypatch.setitem(app.config, "EMAIL_FUNCTION", function)
    page = patient.get(patient.submit("patient.book", slot_id=slot.id).location).page
    assert ("A confirmation is on its way to asha@example.test" in page.text) is bool(function)


def test_a_reason_is_optional(patient, slot):
    patient.submit("patient.book", slot_id=slot.id)
    assert appointments()[0].reason == ""


def test_a_booking_costs_five_statements(patient, slot):
    token, path = patient.csrf_token(), patient.url("patient.book", slot_id=slot.id)
    with patient.statements() as statements:
        answer = patient.post(path, data={"csrf_token": token, "idempotency_key": THE_SAME_KEY})
    assert answer.status_code == 303
    assert len(statements) == 5, statements


def test_each_page_has_a_key_of_its_own(patient, slot):
    keys = {key_on(patient.page("patient.book", slot_id=slot.id)) for _ in range(3)}
    assert len(keys) == 3


def test_the_same_page_sent_twice_is_one_appointment_and_the_same_confirmation(patient, slot):
    first, second = post(patient, slot), post(patient, slot)
    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert len(appointments()) == 1


def test_a_second_tab_on_the_same_time_leads_to_the_same_confirmation(patient, slot):
    first = post(patient, slot)
    assert post(patient, slot, key="a-key-of-another-tab").location == first.location
    assert patient.get(patient.url("patient.book", slot_id=slot.id)).location == first.location
    assert len(appointments()) == 1


def test_a_page_whose_key_booked_another_time_books_nothing_and_gets_a_new_key(patient, bose, slot):
    post(patient, slot)
    other = make.slot(bose, day=FRIDAY)
    answer = post(patient, other)
    assert answer.status_code == 409
    assert "You’ve already booked a different slot from this page." in answer.page.text
    assert key_on(answer.page) != THE_SAME_KEY
    assert len(appointments()) == 1
    patient.submit("patient.book", slot_id=other.id)
    assert len(appointments()) == 2


@pytest.mark.parametrize(
    "key",
    [None, "", "short", "x" * 65, "with blank 12345678", "ключ-ключ-ключ-ключ", "1234567890123456\n", "a\x00" * 8],
)
def test_a_key_that_is_none_books_nothing_and_says_what_to_do(patient, slot, key):
    data = {"csrf_token": patient.csrf_token(), "reason": "A cough"} | ({} if key is None else {"idempotency_key": key})
    answer = patient.post(patient.url("patient.book", slot_id=slot.id), data=data)
    assert answer.status_code == 422
    assert answer.page.title.startswith("Error: ")
    assert "This page is out of date. Nothing was booked." in answer.page.text
    assert answer.page.find_form(answer.request.path).values["reason"] == "A cough"
    assert not appointments()
    patient.submit("patient.book", slot_id=slot.id)


@pytest.mark.parametrize("reason", ["x" * 501, "bell \x07", "nothing \x00", "next \x85 line"])
def test_a_reason_that_cannot_be_kept_is_asked_for_again(patient, slot, reason):
    answer = post(patient, slot, reason=reason)
    assert answer.status_code == 422
    assert key_on(answer.page) == THE_SAME_KEY
    assert not appointments()


@pytest.mark.parametrize(
    "reason", ["<script>alert(1)</script>", "Ω" * 500, "👩‍⚕️ ok", "'; DROP TABLE slots --", "</textarea>"]
)
def test_any_words_are_kept_as_they_were_typed(patient, slot, reason):
    page = patient.get(post(patient, slot, reason=reason).location).page
    assert reason in page.text
    assert appointments()[0].reason == reason


def test_without_the_csrf_token_nothing_is_booked(patient, slot):
    answer = patient.post(patient.url("patient.book", slot_id=slot.id), data={"idempotency_key": THE_SAME_KEY})
    assert answer.status_code == 400
    assert not appointments()
