"""A patient changes the time of an appointment, by keyboard alone or on a phone without JavaScript."""

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
def test_an_appointment_is_moved_in_four_presses(site, open_window, form, habits):
    asha, bose = site.patient(), site.doctor()
    with site.app.app_context():
        day = clock.today() + timedelta(days=3)
    site.book(asha, bose, day=day, start=time(9))
    site.offer(bose, day=day + timedelta(days=1), times=[time(10), time(10, 20), time(15)])
    window = open_window(asha, form, **habits)
    window.open("/patient/appointments")
    window.look("Your appointments")
    window.press("link", "Change time")
    window.look("Change time")
    window.says("You keep this slot until you confirm a new one.")
    window.press("link", re.compile("^10:20 on"))
    window.look("Move your appointment?")
    window.press("button", re.compile("^Move to .*10:20$"))
    window.look("Appointment moved")
    window.press("link", "See the appointment")
    window.look(re.compile("^Appointment with"))
    window.says(re.compile("Moved from .*09:00 to .*10:20"))
