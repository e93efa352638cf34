"""The patient's area: home, check and book, appointments, cancelling; and what a stranger sees of it."""

from datetime import UTC, date, datetime, time
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from hms.auth import services as auth
from hms.db import Busy, db
from hms.scheduling import services
from hms.scheduling.models import Appointment, Slot
from tests import make

TUESDAY, THURSDAY, FRIDAY = date(2026, 11, 24), date(2026, 11, 26), date(2026, 11, 27)
THE_SAME_KEY = "the-same-key-again"
NO_KEYS = [
    *(None, "", "short", "x" * 65, "with blank 12345678", "ключ-ключ-ключ-ключ"),
    *("1234567890123456\n", "a\x00" * 8),
]
WORDS = ["<script>alert(1)</script>", "Ω" * 500, "👩‍⚕️ ok", "'; DROP TABLE slots --", "</textarea>"]


@pytest.fixture
def browser_of(signed_in):
    """``browser_of(asha)`` is Asha's browser, on her home page."""

    def browser_of(who):
        browser = signed_in(who)
        browser.page("patient.home")
        return browser

    return browser_of


@pytest.fixture
def patient(browser_of, asha):
    """Asha's browser."""
    return browser_of(asha)


@pytest.fixture
def stranger(browser_of, chen):
    """Chen's browser."""
    return browser_of(chen)


@pytest.fixture
def slot(bose):
    """Thursday 26 November, 09:40 with Dr Bose."""
    return make.slot(bose, day=THURSDAY, start=time(9, 40))


def open_times(doctor, day, *starts):
    return [make.slot(doctor, day=day, start=start) for start in starts]


def take(slot, chen):
    """Somebody else is faster."""
    return make.appointment(chen, slot=slot)


def appointments() -> list[Appointment]:
    return list(db.session.scalars(db.select(Appointment).execution_options(populate_existing=True)))


def post(client, slot, *, reason="", key=THE_SAME_KEY, **more):
    """Send the booking form as a browser that loaded the page earlier."""
    path = client.url("patient.book", slot_id=slot.id)
    return client.post(path, data={"csrf_token": client.csrf_token(), "reason": reason, "idempotency_key": key, **more})


# ---- who may come in


@pytest.mark.parametrize("path", ["/patient/", "/patient/appointments"])
def test_who_is_not_signed_in_is_sent_to_sign_in(client, path):
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.location == f"/login?next={path}"


def test_choosing_a_time_before_signing_in_leads_back_to_it(client, slot):
    path = client.url("patient.book", slot_id=slot.id)
    assert parse_qs(urlsplit(client.get(path).location).query)["next"] == [path]


def test_a_doctor_cannot_open_the_patients_area(signed_in, bose, slot):
    doctor = signed_in(bose)
    doctor.page("patient.home", status=403)
    doctor.page("patient.book", slot_id=slot.id, status=403)


# ---- home


def test_a_newcomers_home_is_one_card_with_one_button(patient):
    page = patient.page("patient.home")
    assert page.heading == "Hello, Asha Rao"
    assert "No appointments coming up" in page.text
    assert page.link("Book an appointment") == "/doctors"
    assert "Doctors you have seen" not in page.text


def test_home_shows_the_next_appointment_with_what_can_be_done(patient, asha, bose):
    make.appointment(asha, doctor=bose, day=FRIDAY)
    soonest = make.appointment(asha, doctor=bose, day=THURSDAY)
    page = patient.page("patient.home")
    assert "09:00 with Dr Anil Bose" in page.texts(".//h2")
    assert page.link("See details") == f"/patient/appointments/{soonest.id}"
    assert page.link("Cancel") == f"/patient/appointments/{soonest.id}/cancel"
    assert page.link(".ics").endswith(f"{soonest.id}.ics")


def test_home_offers_doctors_seen_before_each_once_while_they_can_be_booked(patient, asha, bose, eze):
    for doctor, day in ((bose, 16), (bose, 17), (eze, 18)):
        make.appointment(asha, slot=make.slot(doctor, day=date(2026, 11, day)), status="fulfilled")
    auth.deactivate(eze.user.email)
    page = patient.page("patient.home")
    assert [link for link in page.links if link.startswith("/doctors/")] == [f"/doctors/{bose.id}"]


def test_home_shows_nothing_of_others(patient, chen, bose):
    make.appointment(chen, doctor=bose, day=THURSDAY)
    assert "Bose" not in patient.page("patient.home").text


# ---- check and book


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
    assert "it cannot be cancelled online" in text
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
    assert "London time (GMT)" in page.text
    assert "A confirmation is on its way to asha@example.test" in page.text
    assert "You can cancel online until Wednesday 25 November 2026, 09:40." in page.text
    assert page.link(".ics") == f"/patient/appointments/{made.id}.ics"
    assert page.has_link_to(f"/patient/appointments/{made.id}/cancel")


def test_a_reason_is_optional(patient, slot):
    patient.submit("patient.book", slot_id=slot.id)
    assert appointments()[0].reason == ""


def test_a_booking_costs_four_statements(patient, slot):
    token, path = patient.csrf_token(), patient.url("patient.book", slot_id=slot.id)
    with patient.statements() as statements:
        answer = patient.post(path, data={"csrf_token": token, "idempotency_key": THE_SAME_KEY})
    assert answer.status_code == 303
    assert len(statements) == 4, statements


def test_each_page_has_a_key_of_its_own(patient, slot):
    keys = {key_on(patient.page("patient.book", slot_id=slot.id)) for _ in range(3)}
    assert len(keys) == 3


def key_on(page):
    return next(form.values["idempotency_key"] for form in page.forms if "idempotency_key" in form.names)


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
    assert "This page has already booked another time." in answer.page.text
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


# ---- refusals


def test_a_taken_time_is_refused_with_what_was_typed_and_the_three_nearest(patient, chen, bose):
    open_times(bose, THURSDAY, time(8, 40), time(9, 20), time(10), time(10, 20), time(16))
    slot = make.slot(bose, day=THURSDAY, start=time(9, 40))
    take(slot, chen)
    answer = post(patient, slot, reason="A cough")
    page = answer.page
    assert answer.status_code == 409
    assert page.title.startswith("Error: ")
    assert "09:40 has just been booked by someone else" in page.text
    assert page.texts(".//button")[-3:] == [f"Book Thu 26 Nov {at} instead" for at in ("09:20", "10:00", "10:20")]
    assert page.forms[-1].values["reason"] == "A cough"
    assert "Chen" not in answer.text
    assert not [link for link in page.links if "cough" in link]


def test_a_nearest_time_is_booked_by_its_own_button_with_the_reason(patient, asha, chen, bose, slot):
    nearest = make.slot(bose, day=THURSDAY, start=time(10, 20))
    take(slot, chen)
    page = post(patient, slot, reason="A cough").page
    button = next(button for button in page.all(".//button") if button.get("formaction"))
    assert button.get("formaction") == f"/patient/slots/{nearest.id}/book"
    data = {**page.forms[-1].values, button.get("name"): button.get("value")}
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
    assert "Dr Anil Bose has no other free times at the moment." in page.text
    assert page.link("Other doctors in Cardiology") == "/doctors?specialty=cardiology"
    assert page.link("020 7946 0100") == "tel:02079460100"


def test_a_time_that_overlaps_ones_own_appointment_names_it(patient, asha, eze, slot):
    own = make.appointment(asha, slot=make.slot(eze, day=THURSDAY, start=time(9, 30)))
    answer = post(patient, slot)
    assert answer.status_code == 409
    assert "You already have an appointment at that time" in answer.page.text
    assert "It is 09:30 to 09:50 with Dr Ngozi Eze" in answer.page.text
    assert answer.page.link("See that appointment") == f"/patient/appointments/{own.id}"


def test_a_time_gone_by_answers_422(browser_of, asha, slot, freeze):
    freeze(datetime(2026, 11, 26, 9, 40, tzinfo=UTC))
    patient = browser_of(asha)
    page = patient.page("patient.book", slot_id=slot.id, status=422)
    assert "This time has passed" in page.text
    assert post(patient, slot).status_code == 422
    assert not appointments()


def test_a_time_inside_the_minimum_notice_answers_422_and_says_how_long_it_is(browser_of, asha, slot, freeze):
    freeze(datetime(2026, 11, 26, 8, 41, tzinfo=UTC))
    patient = browser_of(asha)
    patient.page("patient.book", slot_id=slot.id, status=422)
    answer = post(patient, slot)
    assert answer.status_code == 422
    assert "Times can be booked online until 1 hour before they start." in answer.page.text


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
    services.delete_slot(slot.id, doctor=bose)
    patient.page("patient.book", slot_id=slot.id, status=404)
    assert post(patient, slot).status_code == 404
    patient.page("patient.book", slot_id=uuid4(), status=404)


def test_a_pending_doctor_cannot_be_booked(patient):
    slot = make.slot(make.doctor("Dr Penny Pending", is_approved=False), day=THURSDAY)
    assert "Penny" not in patient.page("patient.book", slot_id=slot.id, status=404).text
    answer = post(patient, slot)
    assert answer.status_code == 409
    assert "This doctor is not taking bookings" in answer.page.text
    assert "Penny" not in answer.text
    assert not appointments()


# ---- one appointment


def test_reloading_the_confirmation_does_nothing_new(patient, slot):
    address = post(patient, slot).location
    assert patient.get(address).page.heading == patient.get(address).page.heading == "Booked"
    assert len(appointments()) == 1


def test_the_confirmation_is_only_shown_while_the_appointment_is_booked(patient, asha, bose, slot):
    made = make.appointment(asha, slot=slot, status="cancelled")
    page = patient.get(f"/patient/appointments/{made.id}?booked=1").page
    assert page.heading == "Appointment with Dr Anil Bose"


def test_the_page_of_an_appointment_says_everything_about_it(patient, asha, slot):
    made = make.appointment(asha, slot=slot, reason="A cough")
    page = patient.page("patient.appointment", appointment_id=made.id)
    assert page.heading == "Appointment with Dr Anil Bose"
    for words in (
        "Confirmed",
        "Thursday 26 November 2026, 09:40 to 10:00",
        "A cough",
        "Booked by you",
        "Northgate Hospital",
    ):
        assert words in page.text


def test_the_history_is_told_in_plain_words(patient, asha, bose, slot):
    made = make.appointment(asha, slot=slot, status="noshow")
    with make.at(slot.ends_at):
        services.undo(made.id, doctor=bose)
        services.mark_arrived(made.id, doctor=bose)
        services.mark_fulfilled(made.id, doctor=bose)
    page = patient.page("patient.appointment", appointment_id=made.id)
    assert page.texts(".//ol/li/p[1]") == [
        "Booked by you",
        "Marked as did not attend by Dr Anil Bose",
        "Set back to confirmed by Dr Anil Bose",
        "Arrived at the hospital by Dr Anil Bose",
        "Visit completed by Dr Anil Bose",
    ]


def test_an_appointment_that_the_doctor_cancelled_tells_why_and_leads_to_a_new_one(patient, asha, bose, slot):
    made = make.appointment(asha, slot=slot, status="cancelled")
    page = patient.page("patient.appointment", appointment_id=made.id)
    assert "Dr Anil Bose cannot see you on Thursday 26 November" in page.text
    assert "Called away" in page.text
    assert page.link("Book again") == f"/doctors/{bose.id}"
    assert not [link for link in page.links if link.endswith((".ics", "/cancel"))]


def test_a_visit_that_is_over_can_be_booked_again(patient, asha, bose):
    made = make.appointment(asha, slot=make.slot(bose, day=date(2026, 11, 17)), status="fulfilled")
    page = patient.page("patient.appointment", appointment_id=made.id)
    assert page.link("Book again") == f"/doctors/{bose.id}"
    assert page.link("Your appointments") == "/patient/appointments?tab=past"


def test_a_stranger_finds_nothing_of_it(stranger, asha, slot):
    made = make.appointment(asha, slot=slot)
    stranger.page("patient.appointment", appointment_id=made.id, status=404)
    stranger.page("patient.cancel", appointment_id=made.id, status=404)
    path = stranger.url("patient.cancel", appointment_id=made.id)
    assert stranger.post(path, data={"csrf_token": stranger.csrf_token()}).status_code == 404
    assert appointments()[0].status == "booked"


# ---- the list


def test_without_appointments_both_tabs_say_so(patient):
    page = patient.page("patient.appointments")
    assert "No appointments coming up" in page.text
    assert page.link("Find a doctor") == "/doctors"
    assert "No past appointments" in patient.page("patient.appointments", tab="past").text


def test_the_tabs_count_and_split_what_is_to_come_from_what_is_past(patient, asha, bose):
    make.appointment(asha, slot=make.slot(bose, day=date(2026, 11, 17)), status="fulfilled")
    make.appointment(asha, slot=make.slot(bose, day=THURSDAY), status="cancelled")
    first = make.appointment(asha, slot=make.slot(bose, day=TUESDAY))
    second = make.appointment(asha, slot=make.slot(bose, day=FRIDAY))
    page = patient.page("patient.appointments")
    assert "Upcoming 2" in page.text
    assert "Past 2" in page.text
    rows = [link for link in page.links if link.startswith("/patient/appointments/") and len(link) == 58]
    assert list(dict.fromkeys(rows)) == [f"/patient/appointments/{one.id}" for one in (first, second)]
    past = patient.page("patient.appointments", tab="past").text
    assert "Completed" in past
    assert "Cancelled" in past


def test_the_next_appointment_says_when_it_is_tomorrow(patient, asha, bose):
    make.appointment(asha, slot=make.slot(bose, day=TUESDAY))
    assert "Tomorrow" in patient.page("patient.appointments").text


@pytest.mark.parametrize("query", ["?tab=nonsense", "?page=0", "?page=x", "?tab=past&page=999"])
def test_a_list_address_that_makes_no_sense_is_a_page_all_the_same(patient, query):
    assert patient.get(f"/patient/appointments{query}").status_code == 200


def test_a_list_costs_as_many_statements_for_one_appointment_as_for_several(patient, asha, bose, eze):
    make.appointment(asha, slot=make.slot(bose, day=TUESDAY))
    one = statements_of(patient, "/patient/appointments")
    make.appointment(asha, slot=make.slot(eze, day=THURSDAY))
    make.appointment(asha, slot=make.slot(bose, day=FRIDAY))
    assert statements_of(patient, "/patient/appointments") == one == 3


def statements_of(client, path) -> int:
    with client.statements() as statements:
        client.get(path)
    return len(statements)


# ---- cancelling


def test_the_page_shows_what_is_cancelled_before_it_is(patient, asha, slot):
    made = make.appointment(asha, slot=slot)
    page = patient.page("patient.cancel", appointment_id=made.id)
    assert page.heading == "Cancel this appointment?"
    assert "Thursday 26 November 2026, 09:40 to 10:00" in page.text
    assert page.link("Keep it") == f"/patient/appointments/{made.id}"
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
    assert "It is too late to cancel online" in details.text
    assert not details.has_link_to(f"/patient/appointments/{made.id}/cancel")
    page = patient.page("patient.cancel", appointment_id=made.id, status=409)
    assert "It is too late to cancel online" in page.text
    assert page.link("020 7946 0100") == "tel:02079460100"
    path = patient.url("patient.cancel", appointment_id=made.id)
    assert patient.post(path, data={"csrf_token": patient.csrf_token()}).status_code == 409
    assert appointments()[0].status == "booked"


def test_a_visit_that_was_marked_cannot_be_cancelled(patient, asha, bose):
    made = make.appointment(asha, slot=make.slot(bose, day=date(2026, 11, 17)), status="fulfilled")
    page = patient.page("patient.cancel", appointment_id=made.id, status=409)
    assert "has been marked already" in page.text


def test_a_reason_that_is_too_long_is_asked_for_again(patient, asha, slot):
    made = make.appointment(asha, slot=slot)
    answer = patient.submit("patient.cancel", {"reason": "x" * 501}, appointment_id=made.id, status=422)
    assert "Use at most 500 characters." in answer.page.text
    assert appointments()[0].status == "booked"
