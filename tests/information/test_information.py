"""The pages about the site, and the foot of every page that leads to them."""

import pytest

from tests import make

EMERGENCY = "In an emergency, call 999."
PAGES = {"Contact us": "/contact", "Privacy": "/privacy", "Terms of use": "/terms", "Accessibility": "/accessibility"}


def test_every_page_leads_to_the_pages_about_the_site(client):
    for address in ("/", "/login", "/doctors", "/nowhere", *PAGES.values()):
        page = client.get(address).page
        assert {label: page.link(label) for label in PAGES} == PAGES, address
        assert EMERGENCY in page.text, address


def test_the_pages_speak_for_the_clinic_of_the_settings(client, app, monkeypatch):
    monkeypatch.setitem(app.config, "CLINIC_NAME", "Elm Clinic")
    monkeypatch.setitem(app.config, "CLINIC_EMAIL", "help@elm.example")
    for address in PAGES.values():
        assert "Elm Clinic" in client.get(address).page.text, address
    assert client.get("/contact").page.link("help@elm.example") == "mailto:help@elm.example"
    monkeypatch.setitem(app.config, "CLINIC_EMAIL", "")
    assert "mailto:" not in client.get("/contact").text + client.get("/privacy").text


@pytest.mark.parametrize("role", ["doctor", "staff"])
def test_those_who_work_here_are_not_told_the_patients_emergency_line(signed_in, role):
    browser = signed_in(make.doctor().user if role == "doctor" else make.staff())
    for address in ("/doctor/calendar" if role == "doctor" else "/staff/doctors", "/doctors"):
        foot = browser.get(address).page.all(".//footer")[0]
        assert EMERGENCY not in "".join(foot.itertext()), address
        assert "/privacy" in [link.get("href") for link in foot.iter("a")]
