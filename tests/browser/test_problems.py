"""When something is wrong: people are told what, the focus goes there, and there is a way on."""

from datetime import date, time

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

NOBODY = "00000000-0000-0000-0000-000000000000"
SIGN_UP_FAULTS = ["Enter your full name.", "Enter your email.", "Enter a phone number.", "Enter a password."]


def test_what_is_wrong_with_a_form_is_listed_focused_and_leads_to_the_fields(open_window, empty_site):
    window = open_window(at=empty_site)
    window.open("/signup/patient")
    window.allow(422)
    window.press("button", "Create account")
    window.look("Create a patient account", is_error=True)
    problem = window.page.get_by_role("alert")
    expect(problem).to_be_focused()
    expect(problem.get_by_role("link")).to_have_text(SIGN_UP_FAULTS)
    problem.get_by_role("link", name="Enter your email.").click()
    expect(window.page.get_by_label("Email", exact=True)).to_be_focused()


def test_a_code_that_is_wrong_too_often_and_an_account_that_is_there_already_have_pages(open_window, site):
    window, asha = open_window(), site.patient("Asha Rao")
    window.allow(422, 429)
    window.open("/signup/email")
    window.write("Email", "often@example.test")
    window.press("button", "Send me a code")
    for _ in range(5):
        window.write("Code", f"{(int(site.code_for('often@example.test')) + 1) % 10**6:06}")
        window.press("button", "Continue")
    window.look("Too many wrong codes", is_error=True)
    window.press("link", "Use another email address")
    window.write("Email", asha.email)
    window.press("button", "Send me a code")
    window.write("Code", site.code_for(asha.email))
    window.press("button", "Continue")
    window.look("You already have an account")
    window.press("button", "Choose a new password")
    window.look("Set a new password")


@pytest.mark.parametrize(
    ("path", "heading", "button"),
    [
        ("/login", "Sign in", "Sign in"),
        ("/signup/email?kind=doctor", "What’s your email address?", "Send me a code"),
        ("/forgot-password", "Set a new password", "Send the link"),
    ],
)
def test_an_empty_form_is_refused_with_the_page_again(open_window, path, heading, button):
    window = open_window()
    window.open(path)
    window.allow(422)
    window.press("button", button)
    window.look(heading, is_error=True)
    assert window.focused == "problem"


def test_a_doctor_reads_what_is_wrong_with_a_time_a_series_and_the_profile(open_window, site):
    window = open_window(site.doctor("Dr Ngozi Eze"))
    window.allow(422)
    for region, field, button in (
        ("Add one slot", "End (optional)", "Add slot"),
        ("Add a session", "To", "Add session"),
    ):
        window.open("/doctor/slots")
        window.write(field, "08:00", inside=window.page.get_by_role("region", name=region))
        window.press("button", button)
        window.look("Availability", is_error=True)
        assert window.focused == "problem"
    window.open("/doctor/profile")
    window.write("Full name and title", "")
    window.press("button", "Save profile")
    window.look("Profile", is_error=True)


def test_what_belongs_to_others_or_does_not_exist_is_not_found(open_window, site):
    asha, bose = site.patient("Asha Rao"), site.doctor("Dr Anil Bose")
    appointment = site.book(asha, bose, day=date(2026, 11, 27), start=time(9))
    chen = open_window(site.patient("Chen Wei"))
    chen.allow(404)
    chen.open(f"/patient/appointments/{appointment}")
    chen.look("Page not found")
    chen.open(f"/doctors/{NOBODY}")
    chen.look("Page not found")


def test_the_area_of_another_role_is_forbidden(open_window, site):
    window = open_window(site.patient("Asha Rao"))
    window.allow(403)
    window.open("/doctor/")
    window.look("You can’t view this page")
    window.press("link", "Go to the start page")
    window.look("Book an appointment at Northgate Hospital")


def test_a_form_from_before_the_cookie_went_is_out_of_date(open_window):
    window = open_window()
    window.open("/login")
    window.page.context.clear_cookies()
    window.allow(400)
    window.press("button", "Sign in")
    window.look("This page is out of date")
    window.press("link", "Try again")
    window.look("Sign in")


def test_who_was_signed_out_meanwhile_is_told_so_and_carries_on_after_signing_in(open_window, site):
    asha = site.patient("Asha Rao")
    window = open_window(asha._replace(cookie="x" * 43))
    window.open("/patient/appointments")
    window.look("Sign in")
    window.says("You’ve been signed out")


def test_a_patient_who_is_late_to_cancel_is_told_whom_to_call(open_window, site):
    asha, bose = site.patient("Asha Rao"), site.doctor("Dr Anil Bose")
    appointment = site.book(asha, bose, day=date(2026, 11, 23), start=time(18))
    window = open_window(asha)
    window.allow(409)
    window.open(f"/patient/appointments/{appointment}/cancel")
    window.look("Your appointment has not been cancelled", is_error=True)
    assert window.focused == "problem"
    window.says("020 7946 0100")


def test_a_patient_who_is_busy_then_is_told_with_whom(open_window, site):
    asha, bose, eze = site.patient("Asha Rao"), site.doctor("Dr Anil Bose"), site.doctor("Dr Ngozi Eze")
    site.book(asha, bose, day=date(2026, 11, 27), start=time(9))
    slot, *_ = site.offer(eze, day=date(2026, 11, 27), times=[time(9, 10), time(11)])
    window = open_window(asha)
    window.allow(409)
    window.open(f"/patient/slots/{slot}/book")
    window.press("button", "Book this appointment")
    window.look("Choose another slot", is_error=True)
    window.says("You already have an appointment at that time")
    window.says("with Dr Anil Bose")


def test_a_doctor_cannot_change_a_time_that_was_booked_meanwhile(open_window, site):
    chen, eze = site.patient("Chen Wei"), site.doctor("Dr Ngozi Eze")
    site.book(chen, eze, day=date(2026, 11, 27), start=time(9))
    slot_id = next(one.slot_id for one in site.appointments_of(chen))
    window = open_window(eze)
    window.open(f"/doctor/slots/{slot_id}")
    window.look("Friday 27 November, 09:00 to 09:20")
    window.says("Chen Wei has booked this slot")


def test_while_the_database_is_away_a_page_says_that_bookings_are_safe(open_window, broken_site):
    window = open_window(at=broken_site)
    window.allow(503)
    window.open("/doctors")
    window.look("Sorry, there’s a problem with the service")
    window.says("Your bookings are safe")
    assert window.status == 503
