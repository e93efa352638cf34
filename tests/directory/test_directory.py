"""Finding a doctor, as anybody sees it: the directory."""

from datetime import UTC, date, datetime, time
from uuid import uuid4

import pytest

from hms.auth import services as auth
from hms.db import transaction
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
    assert page.link("Remove filter: Skin · Dermatology") == "/doctors"


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


# ---- filters


@pytest.fixture
def clinic(bose):
    """Dr Bose in the mornings, and a family doctor who speaks Polish, online, on an afternoon and an evening."""
    gena = make.doctor("Dr Abe Ash", specialty="general-practice")
    with transaction():
        gena.languages, bose.languages = "English, Polish", "English and Bengali"
    open_times(bose, TUESDAY, time(9), time(10))
    make.slot(gena, day=THURSDAY, start=time(14), mode="online")
    make.slot(gena, day=date(2026, 12, 1), start=time(18), mode="both")


def found(client, **asked) -> list[str]:
    """The surnames of the doctors whom the directory shows."""
    return [name.split()[-1] for name in client.page("directory.doctors", **asked).texts(".//article//h2")]


def test_filters_leave_those_who_have_a_slot_that_fits(client, clinic):
    for asked, names in (
        ({"within": "1"}, []),
        ({"within": "3"}, ["Bose"]),
        ({"within": "7"}, ["Bose", "Ash"]),
        ({"date": "2026-11-26"}, ["Ash"]),
        ({"date": "Thu 26 November"}, ["Ash"]),
        ({"date": "1 December"}, ["Ash"]),
        ({"date": "2026-11-26", "within": "3"}, ["Ash"]),
        ({"part": "morning"}, ["Bose"]),
        ({"part": ["morning", "evening"]}, ["Bose", "Ash"]),
        ({"part": "evening", "within": "7"}, []),
        ({"visit": "online"}, ["Ash"]),
        ({"visit": "in-person"}, ["Bose", "Ash"]),
        ({"visit": "in-person", "part": "afternoon"}, []),
        ({"language": "polish"}, ["Ash"]),
        ({"language": "Bengali", "specialty": "cardiology"}, ["Bose"]),
        ({"language": "Bengali", "specialty": "general-practice"}, []),
        ({"q": "heart", "part": "morning", "within": "3", "visit": "in-person"}, ["Bose"]),
        ({"sort": "name"}, ["Ash", "Bose"]),
        ({"within": "x", "date": "2026-02-30", "part": "night", "visit": "?", "sort": "fee"}, ["Bose", "Ash"]),
    ):
        assert found(client, **asked) == names, asked


def test_a_filter_says_how_many_doctors_each_choice_leaves_given_the_others(client, clinic):
    page = client.page("directory.doctors")
    counts = dict(option.rsplit(" ", 2)[:2] for option in page.texts(".//li/label") if "doctor" in option)
    assert (counts["Today"], counts["Next 3 days"], counts["Next 7 days"]) == ("0", "1", "2")
    assert (counts["Morning before 12:00"], counts["Afternoon 12:00 to 17:00"], counts["Online"]) == ("1", "1", "1")
    assert (counts["English"], counts["Bengali"], counts["Heart Cardiology"]) == ("2", "1", "1")
    page = client.page("directory.doctors", language="Polish", visit="online")
    counts = dict(option.rsplit(" ", 2)[:2] for option in page.texts(".//li/label") if "doctor" in option)
    assert (counts["Next 3 days"], counts["Next 7 days"], counts["In person"]) == ("0", "1", "1")
    assert counts["Morning before 12:00"] == "0"
    assert counts["Heart Cardiology"] == "0"


def test_each_filter_in_use_can_be_taken_away(client, clinic):
    page = client.page("directory.doctors", q="ash", within="7", part=["afternoon", "evening"], visit="online")
    assert page.link("Remove filter: Afternoon") == "/doctors?q=ash&within=7&visit=online&part=evening"
    assert page.link("Remove filter: Online") == "/doctors?q=ash&within=7&part=afternoon&part=evening"
    assert page.link("Clear all filters") == "/doctors?q=ash"
    nobody = client.page("directory.doctors", part="evening", within="3")
    assert "No doctors match these filters" in nobody.text
    assert nobody.link("Remove Evening") == "/doctors?within=3"


def test_cards_show_slots_that_fit_and_how_the_doctor_sees_patients(client, clinic):
    (card,) = client.page("directory.doctors", visit="in-person", part="evening").texts(".//article")
    assert "18:00 on Tuesday 1 December" in card
    assert "14:00" not in card
    assert "Also online" in card
    cards = client.page("directory.doctors").texts(".//article")
    assert "online" not in cards[0].casefold()


def test_parts_of_the_day_are_those_of_the_clinics_clock_when_the_clocks_change(client, bose, freeze):
    freeze(datetime(2026, 10, 24, 8, tzinfo=UTC))
    make.slot(bose, starts_at=datetime(2026, 10, 24, 15, 30, tzinfo=UTC))  # 16:30 in summer time
    make.slot(bose, starts_at=datetime(2026, 10, 25, 17, 10, tzinfo=UTC))  # 17:10 in winter time
    for part, day in (("afternoon", "16:30 on Saturday 24 October"), ("evening", "17:10 on Sunday 25 October")):
        (card,) = client.page("directory.doctors", part=part).texts(".//article")
        assert day in card
        assert card.count(" on ") == 1


def test_words_of_an_emergency_say_what_to_do_first(client, bose):
    assert "Is it an emergency? In an emergency, call 999." in client.page("directory.doctors", q="heart attack").text


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999999999999", "²", ""])
def test_a_page_number_that_is_none_is_the_first_page(client, bose, page):
    assert client.page("directory.doctors", page=page).texts(".//article//h2") == ["Dr Anil Bose"]


def test_a_page_behind_the_last_shows_the_last(client, bose):
    assert client.page("directory.doctors", page=7, q="bose").texts(".//article//h2") == ["Dr Anil Bose"]


def test_the_directory_costs_three_statements_however_many_doctors_there_are(client, bose, eze):
    open_times(bose, TUESDAY, time(9), time(10))
    open_times(eze, TUESDAY, time(9), time(10))
    client.page("directory.doctors")
    with client.statements() as statements:
        client.page("directory.doctors")
    assert len(statements) == 3


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
