"""A page that is out of date: what it wants gone is gone, what was typed into it is kept, and nothing else happens."""

from datetime import date, time

import pytest

from hms import clock
from hms.availability import services
from hms.availability.models import Schedule, Slot
from hms.db import db
from hms.scheduling.models import Appointment
from tests import make

THURSDAY = date(2026, 11, 26)


@pytest.fixture
def dr_bose(signed_in, bose):
    """A browser in which Dr Bose is signed in."""
    return signed_in(bose)


def sends(browser, path: str, form, status: int = 303, **more):
    """Send a form of a page that was read before."""
    answer = browser.post(path, data={**form.values, **more})
    assert answer.status_code == status, answer.text[:2000]
    return browser.get(answer.location).page if status == 303 else answer.page


def test_time_off_that_is_gone_is_gone(dr_bose, bose):
    starts_at, ends_at = clock.day_bounds(THURSDAY)
    time_off = services.add_time_off(bose, starts_at=starts_at, ends_at=ends_at)
    path = f"/doctor/exceptions/{time_off.id}/delete"
    form = dr_bose.page("doctor.exceptions").find_form(path)

    assert "Time off removed." in sends(dr_bose, path, form).text
    page = sends(dr_bose, path, form)

    assert (page.heading, "This time off was already removed." in page.text) == ("Availability", True)


@pytest.mark.parametrize(
    ("act", "heading", "sentence"),
    [
        ("delete", "Availability", "This slot was already removed."),
        ("block", None, "This slot was already removed, so no one can book it."),
        ("unblock", "Availability", "This slot has been removed. You can add it as a new one."),
    ],
)
def test_a_time_that_is_gone_is_gone(dr_bose, bose, act, heading, sentence):
    slot = make.slot(bose, day=THURSDAY)
    if act == "unblock":
        services.block_slot(slot.id, doctor=bose)
    path = f"/doctor/slots/{slot.id}/{act}"
    form = dr_bose.page("doctor.slot", slot_id=slot.id).find_form(path)
    services.delete_slot(slot.id, doctor=bose)

    page = sends(dr_bose, path, form)

    assert sentence in page.text
    assert heading in (None, page.heading)


def test_what_was_typed_to_change_a_time_that_is_gone_is_kept_for_a_new_one(dr_bose, bose):
    slot = make.slot(bose, day=THURSDAY)
    path = f"/doctor/slots/{slot.id}"
    form = dr_bose.page("doctor.slot", slot_id=slot.id).find_form(path)
    services.delete_slot(slot.id, doctor=bose)

    page = sends(dr_bose, path, form, status=409, start="14.15", end="14.45", mode="online")

    assert "This slot has been removed, so you can’t change it." in page.text
    add = page.find_form("/doctor/slots")
    assert (add.values["day"], add.values["start"], add.values["mode"]) == ("26/11/2026", "14.15", "online")
    sends(dr_bose, "/doctor/slots", add)
    assert [slot.mode for slot in db.session.scalars(db.select(Slot))] == ["online"]


@pytest.mark.parametrize("act", ["end", "remove"])
def test_hours_that_are_gone_are_gone(dr_bose, bose, act):
    make.schedule(bose)
    schedule = db.session.scalars(db.select(Schedule)).one()
    path = f"/doctor/hours/{schedule.id}/{act}"
    form = dr_bose.get(path).page.find_form(path)
    services.delete_schedule(schedule.id, doctor=bose)

    page = sends(dr_bose, path, form, do="save")

    assert (page.heading, "These hours were already deleted." in page.text) == ("Availability", True)


def test_what_was_typed_to_change_hours_that_are_gone_is_kept_for_new_ones(dr_bose, bose):
    make.schedule(bose)
    schedule = db.session.scalars(db.select(Schedule)).one()
    path = f"/doctor/hours/{schedule.id}"
    form = dr_bose.get(path).page.find_form(path)
    services.delete_schedule(schedule.id, doctor=bose)

    page = sends(dr_bose, path, form, status=409, do="save", **{"mon-0-start": "7.30"})

    assert "These hours have been deleted." in page.text
    assert page.find_form("/doctor/hours/new").values["mon-0-start"] == "7.30"
    sends(dr_bose, "/doctor/hours/new", page.find_form("/doctor/hours/new"), do="save")
    assert db.session.scalars(db.select(Schedule)).one().hours[0].start_minute == 7 * 60 + 30


@pytest.mark.parametrize("act", ["delete", "block", "unblock"])
def test_what_is_somebody_elses_stays_not_found(signed_in, bose, eze, act):
    slot, stranger = make.slot(bose, day=THURSDAY), signed_in(eze)

    answer = stranger.post(f"/doctor/slots/{slot.id}/{act}", data={"csrf_token": stranger.csrf_token()})

    assert answer.status_code == 404
    assert db.session.get_one(Slot, slot.id, populate_existing=True).status == "free"


def test_an_undo_pressed_twice_takes_one_mark_back(signed_in, bose, asha, freeze):
    """The second press came from the page that still showed *Completed*; the mark before that one stays."""
    visit = make.appointment(asha, doctor=bose, day=THURSDAY, start=time(9), status="fulfilled")
    freeze(visit.ends_at)
    dr_bose = signed_in(bose)
    path = f"/doctor/appointments/{visit.id}/undo"
    form = dr_bose.page("doctor.appointment", appointment_id=visit.id).find_form(path)

    for _ in range(2):
        sends(dr_bose, path, form)

    assert db.session.get_one(Appointment, visit.id, populate_existing=True).status == "arrived"


def test_hours_that_end_already_are_opened_with_their_last_day(dr_bose, bose):
    make.schedule(bose, last=date(2026, 12, 24))
    schedule = db.session.scalars(db.select(Schedule)).one()
    path = f"/doctor/hours/{schedule.id}/end"

    assert dr_bose.get(path).page.find_form(path).values["last_day"] == "24/12/2026"
