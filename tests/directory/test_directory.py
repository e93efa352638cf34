"""Finding a doctor, as anybody sees it: the directory."""

from datetime import date, time
from uuid import uuid4

import pytest

from hms.auth import services as auth
from tests import make
from tests.booking_page import open_times

TUESDAY, THURSDAY = date(2026, 11, 24), date(2026, 11, 26)


# ---- the directory


def test_doctors_are_listed_soonest_first_with_their_next_three_times(client, bose, eze):
    open_times(bose, THURSDAY, time(9), time(10))
    times = open_times(eze, TUESDAY, time(9), time(10), time(11), time(12))
    page = client.page("directory.doctors")
    assert page.texts(".//article//h2") == ["Dr Ngozi Eze", "Dr Anil Bose"]
    booking = [link for link in page.links if link.startswith("/patient/slots/")]
    assert booking[:3] == [f"/patient/slots/{slot.id}/book" for slot in times[:3]]
    assert len(booking) == 5
    assert page.texts(".//p[@role='status']") == ["2 doctors, soonest first"]


def test_a_time_on_another_day_than_the_heading_shows_its_day(client, bose):
    open_times(bose, TUESDAY, time(9))
    open_times(bose, THURSDAY, time(10))
    make.slot(bose, day=date(2026, 12, 4), start=time(11))
    page = client.page("directory.doctors")
    assert "Tomorrow, Tuesday 24 November" in page.text
    assert [day.get("data-shown") for day in page.all(".//a/small[@data-shown]")] == ["Thu", "Fri 4 Dec"]
    assert "10:00 on Thursday 26 November with Dr Anil Bose" in page.text


def test_a_specialty_narrows_the_list(client, bose):
    make.doctor("Dr Derma", specialty="dermatology")
    page = client.page("directory.doctors", specialty="dermatology")
    assert page.texts(".//article//h2") == ["Dr Derma"]
    assert "1 doctor in Dermatology" in page.text
    assert page.texts(".//a[@aria-current='true']")[-1].startswith("Dermatology")


@pytest.mark.parametrize("specialty", ["magic", "Cardiology ", "'; DROP TABLE doctors --", "😀"])
def test_an_unknown_specialty_shows_all_doctors_and_says_so(client, bose, specialty):
    page = client.page("directory.doctors", specialty=specialty)
    assert "We have no doctors in that specialty" in page.text
    assert page.texts(".//article//h2") == ["Dr Anil Bose"]


def test_a_part_of_the_name_finds_a_doctor(client, bose, eze):
    page = client.page("directory.doctors", q="bOs")
    assert page.texts(".//article//h2") == ["Dr Anil Bose"]
    assert "1 doctor for “ bOs ”" in page.text


@pytest.mark.parametrize("name", ["Nobody", "<b>x</b>", "Ω" * 500])
def test_a_name_that_nobody_has_is_an_empty_state_with_ways_on(client, bose, name):
    page = client.page("directory.doctors", q=name, specialty="cardiology")
    assert "No results for “" in page.text
    assert page.link("All doctors in Cardiology") == "/doctors?specialty=cardiology"
    assert page.link("Search all specialties").startswith("/doctors?q=")


def test_an_empty_directory_says_whom_to_call(client):
    page = client.page("directory.doctors")
    assert "No doctor takes bookings here yet" in page.text
    assert page.link("020 7946 0100") == "tel:+442079460100"


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999999999999", "²", ""])
def test_a_page_number_that_is_none_is_the_first_page(client, bose, page):
    assert client.page("directory.doctors", page=page).texts(".//article//h2") == ["Dr Anil Bose"]


def test_a_page_behind_the_last_shows_the_last(client, bose):
    assert client.page("directory.doctors", page=7, q="bose").texts(".//article//h2") == ["Dr Anil Bose"]


def test_the_directory_costs_two_statements_however_many_doctors_there_are(client, bose, eze):
    open_times(bose, TUESDAY, time(9), time(10))
    open_times(eze, TUESDAY, time(9), time(10))
    client.page("directory.doctors")
    with client.statements() as statements:
        client.page("directory.doctors")
    assert len(statements) == 2


def test_a_name_with_markup_and_reversed_letters_stays_text(client):
    doctor = make.doctor("Dr <i>Eve</i> & \u05d0\u05d1\u05d2")
    make.slot(doctor, day=TUESDAY)
    page = client.page("directory.doctors")
    assert page.texts(".//article//h2/a/bdi") == ["Dr <i>Eve</i> & \u05d0\u05d1\u05d2"]


# ---- pending doctors


def test_a_pending_doctor_is_nowhere(client, pending):
    assert "Penny" not in client.page("directory.landing").text
    assert "Penny" not in client.page("directory.doctors").text
    assert client.page("directory.doctors", q="penny").texts(".//article") == []
    client.page("directory.doctor", doctor_id=pending.id, status=404)
    client.page("directory.photo", doctor_id=pending.id, status=404)


def test_a_deactivated_doctor_is_nowhere(client, bose):
    make.slot(bose, day=TUESDAY)
    auth.deactivate(bose.user.email)
    assert "Bose" not in client.page("directory.doctors").text
    client.page("directory.doctor", doctor_id=bose.id, status=404)


def test_a_doctor_who_does_not_exist_is_not_found(client):
    client.page("directory.doctor", doctor_id=uuid4(), status=404)
    assert client.get("/doctors/1").status_code == 404
