"""In person or online: what a time is open to, what the patient chooses, and where it is told afterwards."""

from datetime import date, time

import pytest

from hms.db import db
from hms.scheduling import services
from hms.scheduling.models import Appointment
from hms.scheduling.refusals import ModeChanged
from tests import make
from tests.booking_page import appointments, block, offer_as

TUESDAY, THURSDAY = date(2026, 11, 24), date(2026, 11, 26)


@pytest.fixture
def mixed(bose):
    """Dr Bose on Thursday: 09:00 in person, 10:00 online, 11:00 as the patient wants."""
    return {
        mode: offer_as(make.slot(bose, day=THURSDAY, start=time(9 + hour)), mode)
        for hour, mode in enumerate(("in-person", "online", "both"))
    }


def book(slot, patient, mode=None):
    return services.book(slot.id, patient=patient, mode=mode, idempotency_key=make.new_key())


# ---- booking


@pytest.mark.parametrize(
    ("offered", "wanted", "booked"),
    [
        ("in-person", None, "in-person"),
        ("in-person", "in-person", "in-person"),
        ("online", None, "online"),
        ("online", "online", "online"),
        ("both", None, "in-person"),
        ("both", "in-person", "in-person"),
        ("both", "online", "online"),
    ],
)
def test_a_visit_takes_place_as_offered_and_as_chosen_where_there_is_a_choice(
    asha, bose, mixed, offered, wanted, booked
):
    assert book(mixed[offered], asha, wanted).mode == booked


@pytest.mark.parametrize(
    ("offered", "wanted", "words"), [("in-person", "online", "now in person"), ("online", "in-person", "now online")]
)
def test_nobody_is_booked_for_another_kind_of_visit_than_they_read(asha, mixed, offered, wanted, words):
    with pytest.raises(ModeChanged, match=words):
        book(mixed[offered], asha, wanted)
    assert not appointments()


# ---- the page before booking


def test_where_there_is_a_choice_the_patient_makes_it(patient, mixed):
    path = f"/patient/slots/{mixed['both'].id}/book"
    page = patient.get(path).page
    assert "In person or online" in page.text
    assert page.find_form(path).values["mode"] == "in-person"
    patient.submit("patient.book", {"mode": "online"}, slot_id=mixed["both"].id)
    assert appointments()[0].mode == "online"


@pytest.mark.parametrize("mode", ["in-person", "online"])
def test_where_there_is_none_the_page_says_which_it_is_and_asks_nothing(patient, mixed, mode):
    page = patient.page("patient.book", slot_id=mixed[mode].id)
    assert page.all(".//input[@type='radio']") == []
    assert ("In person, Northgate Hospital" if mode == "in-person" else "Where Online") in page.text
    patient.submit("patient.book", slot_id=mixed[mode].id)
    assert appointments()[0].mode == mode


def test_a_kind_that_changes_between_page_and_submit_is_asked_about_again(patient, mixed):
    slot = mixed["in-person"]
    patient.page("patient.book", slot_id=slot.id)
    offer_as(slot, "online")
    answer = patient.submit("patient.book", {"reason": "A cough"}, slot_id=slot.id, status=409)
    assert "This appointment is now online. Check the details before you book." in answer.page.text
    assert "Where Online" in answer.page.text
    assert not appointments()
    patient.submit("patient.book", slot_id=slot.id)
    assert (appointments()[0].mode, appointments()[0].reason) == ("online", "A cough")


@pytest.mark.parametrize("mode", ["both", "", "telepathy", "online "])
def test_a_kind_that_no_page_offers_books_nothing(patient, mixed, mode):
    path = f"/patient/slots/{mixed['both'].id}/book"
    form = patient.get(path).page.find_form(path)
    answer = patient.post(path, data={**form.values, "mode": mode})
    assert answer.status_code == 422
    assert "This page is out of date." in answer.page.text
    assert not appointments()


def test_who_wanted_to_be_seen_online_is_offered_that_instead(patient, chen, bose, mixed):
    offer_as(make.slot(bose, day=THURSDAY, start=time(12)), "both")
    path = f"/patient/slots/{mixed['both'].id}/book"
    form = patient.get(path).page.find_form(path)
    make.appointment(chen, slot=mixed["both"])
    page = patient.post(path, data={**form.values, "mode": "online"}).page
    buttons = {
        button.get("formaction"): words
        for button, words in zip(page.all(".//button"), page.texts(".//button"), strict=True)
        if button.get("formaction")
    }
    assert list(buttons.values()) == [
        "Book Thu 26 Nov 09:00 instead",
        "Book Thu 26 Nov 10:00 online instead",
        "Book Thu 26 Nov 12:00 online instead",
    ]
    last = list(buttons)[-1]
    key = {"idempotency_key": make.new_key(), "csrf_token": patient.csrf_token()}
    assert patient.post(last, data=key).status_code == 303
    made = next(one for one in appointments() if one.patient_id != chen.id)
    assert made.mode == "online"


# ---- finding a time


def test_a_doctor_who_offers_both_has_two_tabs_in_person_first(client, bose, mixed):
    page = client.page("directory.doctor", doctor_id=bose.id)
    tabs = page.all(".//nav[@aria-label='How you see the doctor']/a")
    assert [(tab.get("href"), tab.get("aria-current")) for tab in tabs] == [
        (f"/doctors/{bose.id}?visit=in-person", "true"),
        (f"/doctors/{bose.id}?visit=online", None),
    ]
    assert "Thursday 26 November, 2 free slots" in page.texts(".//h3")
    assert (
        page.link("09:00 on Thursday 26 November with Dr Anil Bose") == f"/patient/slots/{mixed['in-person'].id}/book"
    )


def test_the_tab_of_online_visits_leads_to_such_visits(client, patient, bose, mixed):
    make.slot(bose, day=TUESDAY)
    page = client.page("directory.doctor", doctor_id=bose.id, visit="online")
    assert "Thursday 26 November, 2 free slots" in page.texts(".//h3")
    assert page.link("Next free slot: Thursday 26 November, 10:00")
    link = page.link("11:00 on Thursday 26 November with Dr Anil Bose, online")
    assert link == f"/patient/slots/{mixed['both'].id}/book?visit=online"
    path = f"/patient/slots/{mixed['both'].id}/book"
    assert patient.get(link).page.find_form(path).values["mode"] == "online"
    assert client.get(page.link("Next week")).page.all(".//a[@aria-current='true']")[-1].get("href").endswith("online")


def test_a_doctor_with_one_kind_of_visit_has_no_tabs(client, bose, eze):
    make.slot(bose, day=THURSDAY)
    offer_as(make.slot(eze, day=THURSDAY), "online")
    at_hospital = client.page("directory.doctor", doctor_id=bose.id)
    online = client.page("directory.doctor", doctor_id=eze.id, visit="in-person")
    for page in (at_hospital, online):
        assert not page.all(".//nav[@aria-label='How you see the doctor']")
        assert "Thursday 26 November, 1 free slot" in page.texts(".//h3")
    assert online.link("09:00 on Thursday 26 November with Dr Ngozi Eze, online")
    assert "Where Online" in online.text
    assert "Where Northgate Hospital" in at_hospital.text


@pytest.mark.parametrize("visit", ["both", "", "x", "ONLINE"])
def test_a_kind_of_visit_that_is_none_is_the_one_in_person(client, bose, mixed, visit):
    page = client.page("directory.doctor", doctor_id=bose.id, visit=visit)
    assert "Thursday 26 November, 2 free slots" in page.texts(".//h3")
    assert page.link("09:00 on Thursday")


def test_the_directory_marks_what_is_online(client, bose, mixed):
    page = client.page("directory.doctors")
    assert page.link("10:00 on Thursday 26 November with Dr Anil Bose, online")
    assert not page.link("09:00 on Thursday 26 November with Dr Anil Bose").endswith("online")


def test_tabs_cost_no_statement(client, bose, mixed):
    path = f"/doctors/{bose.id}"
    for visit in ("in-person", "online"):
        with client.statements() as seen:
            client.get(f"{path}?visit={visit}")
        assert len(seen) == 1


# ---- afterwards


def test_an_online_visit_is_told_wherever_it_stands(patient, asha, postbox, mixed):
    visit = make.appointment(asha, slot=mixed["online"])
    for path in ("/patient/", "/patient/appointments", f"/patient/appointments/{visit.id}?booked=1"):
        text = patient.get(path).page.text
        assert "Online" in text, path
        assert "Online, Northgate Hospital" not in text
    (letter,) = [letter for letter in postbox.deliver() if letter.type == "BOOKING_CONFIRMATION"]
    assert letter.data["where"] == "Online"


def test_a_visit_in_person_is_told_as_before(patient, asha, postbox, mixed):
    visit = make.appointment(asha, slot=mixed["both"])
    assert "Where to go Northgate Hospital" in patient.page("patient.appointment", appointment_id=visit.id).text
    (letter,) = [letter for letter in postbox.deliver() if letter.type == "BOOKING_CONFIRMATION"]
    assert letter.data["where"] == "Northgate Hospital"


def test_a_later_change_of_the_time_leaves_the_visit_as_it_was_booked(session, asha, mixed):
    visit = make.appointment(asha, slot=mixed["both"])
    offer_as(mixed["both"], "online")
    session.expire_all()
    assert db.session.get(Appointment, visit.id).mode == "in-person"


# ---- blocked


def test_a_link_to_a_blocked_time_says_that_it_is_no_longer_offered(patient, bose, mixed):
    block(mixed["in-person"])
    page = patient.page("patient.book", slot_id=mixed["in-person"].id, status=409)
    assert "This slot is no longer available" in page.text
    assert "booked by someone else" not in page.text
    assert page.link("10:00 on Thursday 26 November with Dr Anil Bose, online")


def test_a_time_that_is_blocked_between_page_and_submit_is_no_longer_offered(patient, mixed):
    slot = mixed["in-person"]
    patient.page("patient.book", slot_id=slot.id)
    block(slot)
    answer = patient.submit("patient.book", slot_id=slot.id, status=409)
    assert "This slot is no longer available" in answer.page.text
    assert "booked by someone else" not in answer.page.text
