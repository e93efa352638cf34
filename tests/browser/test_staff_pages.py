"""An administrator asks why there is no time, closes the clinic on a holiday, and changes a doctor's rules."""

import re
from collections.abc import Iterator
from datetime import date, time

import pytest

from hms.availability import queries, services
from hms.availability.models import Mode, Slot
from hms.db import transaction
from tests.browser.sites import Account, Site
from tests.browser.windows import PHONE, WIDE, Window

pytestmark = pytest.mark.browser

HOLIDAY = date(2026, 12, 24)


@pytest.fixture(
    params=[
        pytest.param((WIDE, {}), id="wide"),
        pytest.param((WIDE, {"by_keyboard": True}), id="wide, by keyboard"),
        pytest.param((PHONE, {}), id="phone"),
        pytest.param((PHONE, {"javascript": False}), id="phone, without JavaScript"),
    ]
)
def window(request, open_window, site) -> Window:
    """An administrator's window."""
    form, habits = request.param
    return open_window(site.staff("admin"), form, **habits)


@pytest.fixture
def eze(site) -> Account:
    """Dr Eze, with two free times and a patient on the holiday."""
    doctor = site.doctor("Dr Ngozi Eze")
    site.offer(doctor, day=HOLIDAY, times=[time(9), time(10)])
    site.book(site.patient("Chen Wei"), doctor, day=HOLIDAY, start=time(11))
    return doctor


@pytest.fixture(autouse=True)
def as_before(site: Site) -> Iterator[None]:
    """The other tests of this clinic find it open."""
    yield
    with site.app.app_context():
        for closure in queries.list_closures():
            services.remove_closure(closure.id)


def test_an_administrator_looks_after_the_clinics_times(window, eze):
    window.open("/staff")
    window.look(re.compile("^Hello, Dana Reyes"))
    close_the_clinic(window)
    ask_why_there_is_no_time(window, eze)
    change_the_doctors_rules(window, eze)
    open_the_clinic_again(window)


def close_the_clinic(window: Window) -> None:
    window.press("link", "Closures", inside=window.page.get_by_role("navigation", name="Main"))
    window.look("Closures")
    window.press("link", "Add a closure")
    window.look("Add a closure")
    window.allow(422)
    window.press("button", "Check the closure")
    window.look("Add a closure", is_error=True)
    window.write("Name", "Christmas Eve")
    window.page.get_by_label("First day", exact=True).fill("24 Dec 2026")
    window.press("button", "Check the closure")
    window.look("Check the closure")
    window.says("Chen Wei")
    window.says(re.compile("free slots of all doctors removed"))
    window.press("button", "Close the clinic")
    window.look("Christmas Eve")
    window.says("The clinic is closed on Thursday 24 December 2026.")
    window.says("Closing the clinic doesn’t cancel appointments.")


def ask_why_there_is_no_time(window: Window, doctor: Account) -> None:
    window.press("link", re.compile("^Doctors"), inside=window.page.get_by_role("navigation", name="Main"))
    window.look("Doctors")
    window.write("Doctor’s name or specialty", "Ngozi Eze")
    window.press("button", "Search")
    window.look("Doctors")
    window.open(f"/staff/doctors/{doctor.id}/times?day={HOLIDAY}")
    window.look("Availability check")
    window.says("The clinic is closed: Christmas Eve")
    window.says("0 slots can be booked on this day.")
    window.press("link", "Next day")
    window.look("Availability check")
    window.says("Friday 25 December")


def change_the_doctors_rules(window: Window, doctor: Account) -> None:
    window.press("link", "Change the rules")
    window.look("Rules for Dr Ngozi Eze")
    window.write("How far ahead patients can book (days)", "1000")
    window.press("button", "Save the rules")
    window.look("Rules for Dr Ngozi Eze", is_error=True)
    window.says("Enter 1 to 730 days.")
    window.write("How far ahead patients can book (days)", "90")
    window.press("button", "Save the rules")
    window.look("Booking rules")
    window.says("Bookings open: 90 days ahead (was: clinic’s setting)")


def open_the_clinic_again(window: Window) -> None:
    window.press("link", "Closures", inside=window.page.get_by_role("navigation", name="Main"))
    window.press("button", re.compile("^Remove ?: Christmas Eve$"))
    window.look("Closures")
    window.says("Christmas Eve removed.")


def test_every_page_of_staff(open_window, site, eze):
    with site.app.app_context():
        closure = services.add_closure(first_day=HOLIDAY, last_day=HOLIDAY, name="Christmas Eve").closure
    for role in ("receptionist", "admin"):
        window = open_window(site.staff(role))
        paths = ["/staff", "/staff/doctors", "/staff/closures", f"/staff/closures/{closure.id}", "/staff/policies"]
        paths += ["/staff/doctors?q=nobody+at+all", f"/staff/doctors/{eze.id}/times?day={HOLIDAY}"]
        if role == "admin":
            paths += ["/staff/closures/new", "/staff/policies/clinic", f"/staff/doctors/{eze.id}/policy"]
        for path in paths:
            window.open(path)
            assert window.status == 200, path
            window.look(re.compile(r".+"))


def test_a_patient_chooses_how_to_see_the_doctor(open_window, site):
    doctor, patient = site.doctor("Dr Noor Haddad"), site.patient("Asha Rao")
    (both,) = site.offer(doctor, day=HOLIDAY, times=[time(9)])
    with site.app.app_context(), transaction() as session:
        session.get(Slot, both).mode = Mode.BOTH
    window = open_window(patient, PHONE)
    window.open(f"/doctors/{doctor.id}")
    window.look("Dr Noor Haddad")
    window.press("link", "Online")
    window.look("Dr Noor Haddad")
    window.press("link", "09:00 on Thursday 24 December with Dr Noor Haddad, online")
    window.look("Check and book")
    assert window.page.get_by_label("Online").is_checked()
    window.press("button", "Book this appointment")
    window.look("Booked")
    window.says("Online")


def test_pages_on_which_the_rules_say_no(open_window, site):
    doctor, patient = site.doctor("Dr Ada Booker"), site.patient("Asha Rao")
    near, far = site.offer(doctor, day=HOLIDAY, times=[time(9), time(10)])
    (beyond,) = site.offer(doctor, day=date(2027, 3, 3), times=[time(9)])
    window = open_window(patient)
    for path in (f"/doctors/{doctor.id}?day=2027-01-22", f"/doctors/{doctor.id}?day=2027-03-03"):
        window.open(path)
        window.look("Dr Ada Booker")
    window.says("You can’t book these days yet")
    window.allow(409, 422)
    window.open(f"/patient/slots/{beyond}/book")
    window.look("Choose another slot", is_error=True)
    window.says("This slot opens on")
    with site.app.app_context():
        services.set_doctor_rules(doctor.id, most_future_bookings=1)
    window.open(f"/patient/slots/{near}/book")
    window.press("button", "Book this appointment")
    window.look("Booked")
    window.open(f"/patient/slots/{far}/book")
    window.look("Not booked", is_error=True)
