"""Names without a place to break them, as long as names may be: no page becomes wider than its screen."""

from datetime import date, time

import pytest

pytestmark = pytest.mark.browser

WIDE = "W" * 120
DOCTOR = "Dr " + "W" * 117
DAY = date(2026, 11, 30)
WIDTHS = (320, 390, 768, 1280)


def too_wide(window, *paths: str) -> str:
    """The pages that need more room than their screen has."""
    found = []
    for path in paths:
        window.open(path)
        assert window.status == 200, path
        for width in WIDTHS:
            window.page.set_viewport_size({"width": width, "height": 800})
            needed = window.page.evaluate("document.documentElement.scrollWidth")
            if needed > width:
                found.append(f"{path} needs {needed} px at {width} px")
    return "\n".join(found)


@pytest.fixture
def visit(site):
    """A booked visit of two people with very long names."""
    doctor, patient = site.doctor(DOCTOR), site.patient(WIDE)
    site.offer(doctor, day=DAY, times=[time(10)])
    appointment_id = site.book(patient, doctor, day=DAY, start=time(9), reason=WIDE)
    return doctor, patient, appointment_id


def test_no_page_of_a_patient_grows_wide_with_a_name(open_window, site, visit):
    doctor, patient, appointment_id = visit
    window = open_window(patient)
    assert (
        too_wide(
            window,
            "/doctors?q=" + "W" * 40,
            f"/doctors/{doctor.id}",
            "/patient/",
            "/patient/appointments",
            f"/patient/appointments/{appointment_id}",
            f"/patient/appointments/{appointment_id}/cancel",
            "/patient/profile",
        )
        == ""
    )


def test_no_page_of_a_doctor_grows_wide_with_a_name(open_window, site, visit):
    doctor, _, appointment_id = visit
    window = open_window(doctor)
    assert (
        too_wide(
            window,
            "/doctor/",
            "/doctor/appointments",
            f"/doctor/appointments/{appointment_id}",
            f"/doctor/appointments/{appointment_id}/cancel",
            f"/doctor/calendar?week={DAY}",
            f"/doctor/calendar?view=day&week={DAY}",
            "/doctor/profile",
        )
        == ""
    )


def test_no_page_of_staff_grows_wide_with_a_name(open_window, site, visit):
    doctor, *_ = visit
    window = open_window(site.staff("admin"))
    assert (
        too_wide(
            window, "/staff", "/staff/doctors?q=WWW", f"/staff/doctors/{doctor.id}/times?day={DAY}", "/staff/closures"
        )
        == ""
    )
