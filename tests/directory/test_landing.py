"""The landing page, as anybody sees it: search and suggestions, specialties, doctors, the way to the clinic."""

from datetime import date, time

import pytest

from hms.availability import services
from tests import make
from tests.booking_page import open_times

TUESDAY, THURSDAY = date(2026, 11, 24), date(2026, 11, 26)
NOTHING_SAID = {"CLINIC_ADDRESS": "", "CLINIC_MAP_URL": "", "OPENING_HOURS": [], "DIRECTIONS": []}


@pytest.fixture
def gena():
    """A family doctor."""
    return make.doctor("Dr Gena Ash", specialty="general-practice")


def test_specialties_stand_by_everyday_names_with_their_soonest_slot(client, bose, gena):
    make.slot(gena, day=TUESDAY, start=time(15, 20))
    page = client.page("directory.landing")
    form = next(form for form in page.forms if form.path == "/doctors")
    assert (form.method, form.names) == ("GET", {"q"})
    assert page.link("Heart Cardiology") == "/doctors?specialty=cardiology"
    assert "Heart Cardiology , No free slots" in page.text
    assert "Family doctor General practice , next free slot Tomorrow 15:20" in page.text
    assert page.link("Staff sign in") == "/login"


def test_the_soonest_slots_are_one_press_away(client, bose, gena):
    make.slot(bose, day=THURSDAY)
    soonest = make.slot(gena, day=TUESDAY, start=time(15, 20))
    page = client.page("directory.landing")
    assert (
        page.link("Dr Gena Ash Family doctor · General practice Tomorrow 15:20") == f"/patient/slots/{soonest.id}/book"
    )
    assert page.link("Next free slot with Dr Anil Bose: Thu 09:00")
    services.set_doctor_rules(gena.id, minimum_notice_minutes=48 * 60)
    assert "Tomorrow" not in client.page("directory.landing").text


def test_the_landing_page_costs_one_statement(client, bose, eze):
    open_times(bose, TUESDAY, time(9))
    with client.statements() as statements:
        client.page("directory.landing")
    assert len(statements) == 1


def test_the_landing_page_of_an_empty_clinic_says_whom_to_call(client):
    page = client.page("directory.landing")
    assert "No doctor takes bookings here yet. Call us on 020 7946 0100" in page.text
    assert "next free slot" not in page.text


def test_the_landing_page_tells_the_clinics_rule_as_a_rule(client, bose):
    services.set_clinic_rules(cancellation_hours=48)
    services.set_doctor_rules(bose.id, cancellation_hours=2)
    assert "You can usually cancel online until 48 hours before." in client.page("directory.landing").text


def test_the_way_to_the_clinic_is_what_the_settings_say(client, app, monkeypatch):
    for name, value in NOTHING_SAID.items():
        monkeypatch.setitem(app.config, name, value)
    assert "Visit us" not in client.page("directory.landing").text
    monkeypatch.setitem(app.config, "CLINIC_ADDRESS", "1 High Street, Leeds")
    monkeypatch.setitem(app.config, "OPENING_HOURS", [("Sunday", "closed")])
    monkeypatch.setitem(app.config, "DIRECTIONS", [("Bus", "line 7")])
    page = client.page("directory.landing")
    assert "Sunday Closed" in page.text
    assert "Bus: line 7" in page.text
    assert page.link("Open map") == "https://www.openstreetmap.org/search?query=1%20High%20Street%2C%20Leeds"


def test_search_engines_and_those_who_share_the_page_are_told_what_it_is(client):
    page = client.page("directory.landing")
    told = {meta.get("property") or meta.get("name"): meta.get("content") for meta in page.root.iter("meta")}
    assert told["description"].startswith("Book an appointment at Northgate Hospital online")
    assert told["og:title"] == "Book an appointment at Northgate Hospital"
    assert told["og:image"].startswith("http")
    links = {link.get("rel"): link.get("href") for link in page.root.iter("link")}
    assert client.get(links["apple-touch-icon"]).mimetype == "image/png"
    manifest = client.get(links["manifest"]).get_json()
    assert (manifest["short_name"], manifest["start_url"]) == ("Northgate Hospital", "/")
    assert [client.get(icon["src"]).status_code for icon in manifest["icons"]] == [200, 200]


def test_words_that_are_being_typed_suggest_specialties_and_doctors(client, bose):
    make.slot(bose, day=TUESDAY)
    found = client.get("/suggest?q=heart").text
    assert 'href="/doctors?specialty=cardiology"' in found
    assert "Tomorrow 09:00" in found
    named = client.get("/suggest?q=an+bos").text
    assert f'href="/doctors/{bose.id}"' in named
    assert "Specialties" not in named
    assert 'href="/doctors?q=zzzz"' in client.get("/suggest?q=zzzz").text


def test_words_of_an_emergency_say_what_to_do_first(client, bose):
    for words, is_told in (("heart attack", True), ("Chest pain!", True), ("stroke", True), ("heart", False)):
        text = client.get("/suggest", query_string={"q": words}).text
        assert ("In an emergency, call 999." in text) == is_told, words
