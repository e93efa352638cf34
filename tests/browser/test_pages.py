"""Every page, with much on it and with nothing on it: accessible, within our policy, and no wider than the screen."""

import re
from datetime import date, time

import pytest
from playwright.sync_api import expect

from hms.auth import queries, tokens
from hms.auth.tokens import Purpose
from hms.availability import services
from hms.devtools import demo
from hms.devtools.mailbox import store
from tests.browser.windows import Window

pytestmark = pytest.mark.browser

ANYTHING = re.compile(r".+")
MAIL = b"""From: clinic@example.test
To: asha@example.test
Subject: Booked: Thursday 26 November
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=x

--x
Content-Type: text/plain; charset=utf-8

You have an appointment.
--x
Content-Type: text/html; charset=utf-8

<!doctype html><html lang="en-GB"><head><title>Booked</title></head>
<body><main><h1>You have an appointment</h1></main></body></html>
--x--
"""


def look_at_all(window: Window, *paths: str) -> None:
    """Look at each page; all of them answer 200."""
    for path in paths:
        window.open(path)
        assert window.status == 200, path
        window.look(ANYTHING)


def test_pages_for_everybody(open_window):
    window = open_window()
    look_at_all(
        window, "/doctors?q=nobody+at+all", "/doctors?specialty=nonsense", "/doctors?q=Siddiqui", "/signup/doctor"
    )
    window.open("/doctors?q=Siddiqui")
    window.press("link", "Dr Farah Siddiqui")
    window.look("Dr Farah Siddiqui")
    window.says("has no free slots at the moment")


def test_pages_of_recovery(open_window, site):
    asha = site.patient("Asha Rao")
    with site.app.app_context():
        user = queries.find_user_by_email(asha.email)
        reset, verify = (tokens.make(purpose, user) for purpose in (Purpose.RESET_PASSWORD, Purpose.VERIFY_EMAIL))
    window = open_window()
    look_at_all(
        window, "/forgot-password", "/forgot-password/sent", f"/reset-password/{reset}", f"/verify-email/{verify}"
    )
    window.page.get_by_role("main").get_by_role("button").click()
    expect(window.page).to_have_url(re.compile("/verify-email/done$"))
    window.look(ANYTHING)
    window.allow(409)
    window.open("/reset-password/cut-off-in-the-mail")
    window.look("This link no longer works")


def test_pages_of_a_patient_with_a_past(open_window, site):
    window = open_window(site.account(demo.ASHA_EMAIL))
    look_at_all(window, "/patient/", "/patient/appointments", "/patient/appointments?tab=past", "/patient/profile")
    look_at_all(window, *paths_of(window, "/patient/appointments?tab=past", "/patient/appointments/"))


def test_pages_of_a_patient_who_is_new(open_window, site):
    window = open_window(site.patient("Noor Haddad"))
    look_at_all(window, "/patient/", "/patient/appointments", "/patient/appointments?tab=past", "/patient/profile")
    window.page.locator("header details.menu summary").click()
    window.look("Your details")
    window.press("button", "Sign out")
    window.look("Book an appointment at Northgate Hospital")


def test_pages_of_a_doctor_with_a_full_week(open_window, site):
    window = open_window(site.account(demo.BOSE_EMAIL))
    look_at_all(
        window,
        "/doctor/",
        "/doctor/calendar",
        "/doctor/calendar?view=day",
        "/doctor/calendar?view=list",
        "/doctor/calendar?week=2026-11-18",
        "/doctor/slots",
        "/doctor/appointments",
        "/doctor/appointments?past=1",
        "/doctor/profile",
    )


def test_pages_of_a_doctor_who_is_new(open_window, site):
    window = open_window(site.doctor("Dr Noor Haddad", is_approved=False))
    look_at_all(
        window,
        "/doctor/",
        "/doctor/calendar",
        "/doctor/calendar?view=list",
        "/doctor/slots",
        "/doctor/appointments",
        "/doctor/appointments?past=1",
        "/doctor/profile",
        "/doctors",
    )


def test_pages_of_a_day_on_which_the_clocks_change(open_window, site):
    doctor = site.doctor("Dr Ngozi Eze")
    site.offer(doctor, day=date(2027, 3, 28), times=[time(0, 30), time(3)])
    with site.app.app_context():
        services.set_doctor_rules(doctor.id, horizon_days=365)
    window = open_window(doctor)
    look_at_all(window, "/doctor/calendar?week=2027-03-28", f"/doctors/{doctor.id}?day=2027-03-28")


@pytest.mark.parametrize("role", ["receptionist", "admin"])
def test_pages_of_staff(open_window, site, role):
    look_at_all(open_window(site.staff(role)), "/staff", "/doctors")


def test_pages_of_a_clinic_without_anybody(open_window, empty_site):
    window = open_window(at=empty_site)
    look_at_all(window, "/", "/doctors", "/doctors?q=bose", "/login", "/forgot-password", "/styleguide", "/dev/mailbox")


def test_pages_of_the_mailbox(open_window, empty_site):
    folder = empty_site.app.config["MAILBOX_DIR"]
    mail = store.keep(folder, MAIL)
    try:
        look_at_all(open_window(at=empty_site), "/dev/mailbox", f"/dev/mailbox/{mail.stem}")
    finally:
        mail.unlink()


def paths_of(window: Window, listed_on: str, prefix: str) -> list[str]:
    """Where the links on a page lead whose address begins like that, each once."""
    window.open(listed_on)
    links = window.page.locator(f'main h2 a[href^="{prefix}"]')
    return sorted({str(link.get_attribute("href")) for link in links.all()})
