"""Reception books for somebody on the telephone, by keyboard alone; the same on a phone without JavaScript."""

import re
from datetime import time, timedelta

import pytest

from hms import clock
from tests.browser.windows import PHONE, WIDE

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("form", "habits"),
    [
        pytest.param(WIDE, {"by_keyboard": True}, id="wide, by keyboard"),
        pytest.param(PHONE, {"javascript": False}, id="phone, without JavaScript"),
    ],
)
def test_reception_finds_a_patient_and_books(site, open_window, form, habits):
    lind = "Dr Kim Lind" if form is WIDE else "Dr Ada Lind"
    noor, doctor = site.patient("Noor Haddad"), site.doctor(lind)
    with site.app.app_context():
        day = clock.today() + timedelta(days=3)
    site.offer(doctor, day=day, times=[time(10), time(10, 20)])
    window = open_window(site.staff("receptionist"), form, **habits)
    window.open("/reception")
    window.look("Reception")
    window.write("Name, date of birth, telephone, email or reference", noor.email)
    window.press("button", "Find patient")
    window.look("Reception")
    window.press("link", re.compile("^Book for Noor"))
    window.look("Book for Noor Haddad")
    window.write("Doctor’s name or specialty", "lind")
    window.press("button", "Search")
    window.look("Book for Noor Haddad")
    window.press("link", lind)
    window.look(lind)
    window.press("link", re.compile("^10:20 on"))
    window.look("Check and book")
    window.press("button", re.compile("^Book .*10:20$"))
    window.look(re.compile("10:20$"))
    window.says(re.compile("Booked by Dana Reyes"))
    window.press("link", "Noor Haddad")
    window.look("Noor Haddad")
