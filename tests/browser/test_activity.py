"""A patient reads who looked at their data, and an administrator finds it among everything that happened."""

from datetime import date, time

import pytest

from tests.browser.windows import PHONE, WIDE

pytestmark = pytest.mark.browser
DAY = date(2026, 12, 17)


@pytest.mark.parametrize("form", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_look_at_somebodys_data_is_seen_by_both(open_window, site, form):
    asha, bose = site.patient("Asha Rao"), site.doctor("Dr Anil Bose")
    visit = site.book(asha, bose, day=DAY, start=time(10))
    doctor = open_window(bose, form)
    doctor.open(f"/doctor/appointments/{visit}")
    patient = open_window(asha, form)
    patient.open("/patient/who-looked")
    patient.look("Who looked at my data")
    patient.says("Opened your appointment")
    admin = open_window(site.staff("admin"), form)
    admin.open("/admin/activity")
    admin.look("Activity")
    admin.write("Person, patient or appointment reference", "Bose")
    admin.page.get_by_label("What", exact=True).select_option("Opened a patient’s data")
    admin.press("button", "Show")
    admin.look("Activity")
    admin.says("Viewed data")
