"""The patient's area: who may come in, home, one appointment, the list; and what a stranger sees of it."""

from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest

from hms.auth import services as auth
from hms.scheduling import services
from tests import make
from tests.booking_page import appointments, post

TUESDAY, THURSDAY, FRIDAY = date(2026, 11, 24), date(2026, 11, 26), date(2026, 11, 27)


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
    assert "Doctors you’ve seen" not in page.text


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
    assert "Dr Anil Bose can’t see you on Thursday 26 November" in page.text
    assert "Called away" in page.text
    assert page.link("Book again") == f"/doctors/{bose.id}"
    assert not [link for link in page.links if link.endswith((".ics", "/cancel"))]


def test_a_visit_that_is_over_can_be_booked_again(patient, asha, bose):
    made = make.appointment(asha, slot=make.slot(bose, day=date(2026, 11, 17)), status="fulfilled")
    page = patient.page("patient.appointment", appointment_id=made.id)
    assert page.link("Book again with Dr Anil Bose") == f"/doctors/{bose.id}"
    assert page.link("Your appointments") == "/patient/appointments?tab=past"
    assert "How to prepare" not in page.text


def test_the_page_of_an_appointment_says_how_to_get_there_and_what_to_bring(app, patient, asha, bose, slot):
    app.config["CLINIC_ADDRESS"] = "12 Northgate Road, London"
    app.config["DIRECTIONS"] = (("Bus", "43 and 271"),)
    page = patient.page("patient.appointment", appointment_id=make.appointment(asha, slot=slot).id)
    for words in ("Where to go", "12 Northgate Road, London", "Bus: 43 and 271", "How to prepare", "Photo ID"):
        assert words in page.text
    assert page.link("Call us on 020 7946 0100") == "tel:+442079460100"
    assert page.link("Open map of the way to Northgate Hospital").startswith("https://www.openstreetmap.org/")
    online = make.appointment(asha, slot=make.slot(bose, day=date(2026, 12, 3), mode="online"))
    page = patient.page("patient.appointment", appointment_id=online.id)
    assert "Find a quiet place" in page.text
    assert "Where to go" not in page.text


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
    assert statements_of(patient, "/patient/appointments") == one == 4


def statements_of(client, path) -> int:
    with client.statements() as statements:
        client.get(path)
    return len(statements)
