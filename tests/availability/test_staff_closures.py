"""Closures of the whole clinic on the staff's pages: a look at the consequences, then the act."""

from datetime import date, time
from uuid import uuid4

import pytest

from hms.availability import queries, services
from hms.availability.models import Slot
from hms.db import db
from hms.scheduling.models import Appointment
from tests import make
from tests.booking_page import open_times

CHRISTMAS, BOXING_DAY = date(2026, 12, 25), date(2026, 12, 26)
FILLED = {"first_day": "2026-12-25", "last_day": "2026-12-26", "name": "Christmas"}


@pytest.fixture
def admin(signed_in, dana):
    """The administrator's browser."""
    return signed_in(dana)


@pytest.fixture
def reception(signed_in, rita):
    """The receptionist's browser."""
    return signed_in(rita)


@pytest.fixture
def days(asha, bose, eze):
    """Free times of two doctors on both days, and a visit of Asha's on the first."""
    open_times(bose, CHRISTMAS, time(9), time(10))
    open_times(eze, BOXING_DAY, time(9))
    open_times(eze, date(2026, 12, 27), time(9))
    return make.appointment(asha, doctor=bose, day=CHRISTMAS, start=time(11))


def statuses() -> list[str]:
    return sorted(db.session.scalars(db.select(Slot.status).execution_options(populate_existing=True)))


def test_a_closure_is_looked_at_before_it_is_saved(admin, days):
    page = admin.submit("staff.new_closure", {**FILLED}, status=200).page
    assert page.heading == "Check the closure"
    assert "3 free slots of all doctors removed" in page.text
    assert "1 patient is booked on these days" in page.text
    assert "Asha Rao" in page.text
    assert page.link("020 7946 0999") == "tel:+442079460999"
    assert "from Friday 25 December 2026 to Saturday 26 December 2026" in page.text
    assert queries.list_closures() == []
    assert statuses() == ["busy", "free", "free", "free", "free"]


def test_saving_hides_the_free_times_and_leaves_what_is_booked(admin, days):
    admin.submit("staff.new_closure", {**FILLED}, status=200)
    form = admin.last_page.find_form("/staff/closures/new")
    answer = admin.post("/staff/closures/new", data={**form.values, "do": "save"})
    (closure,) = queries.list_closures()
    assert answer.location == f"/staff/closures/{closure.id}"
    page = admin.get(answer.location).page
    assert "Patients can no longer book 3 free slots." in page.text
    assert "1 patient is still booked" in page.text
    assert statuses() == ["busy", "busy-unavailable", "busy-unavailable", "busy-unavailable", "free"]
    assert db.session.get(Appointment, days.id).status == "booked"


def test_one_can_go_back_to_editing_with_everything_kept(admin, days):
    admin.submit("staff.new_closure", {**FILLED}, status=200)
    form = admin.last_page.find_form("/staff/closures/new")
    page = admin.post("/staff/closures/new", data={**form.values, "do": "edit"}).page
    assert page.heading == "Add a closure"
    kept = page.find_form("/staff/closures/new").values
    assert {name: kept[name] for name in FILLED} == FILLED
    assert queries.list_closures() == []


def test_without_a_last_day_it_is_one_day(admin, days):
    page = admin.submit("staff.new_closure", {**FILLED, "last_day": ""}, status=200).page
    assert "on Friday 25 December 2026" in page.text
    assert "2 free slots" in page.text


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": "  "}, "Enter a name, like New Year’s Day."),
        ({"first_day": ""}, "Enter the first day."),
        ({"first_day": "2026-02-30"}, "Enter a day, like 26/11/2026."),
        ({"last_day": "2026-12-24"}, "The last day must be on or after the first"),
        ({"first_day": "2026-11-01", "last_day": "2026-11-02"}, "This day is in the past."),
        ({"last_day": "2099-12-31"}, "A closure can last up to one year."),
    ],
)
@pytest.mark.parametrize("do", ["check", "save"])
def test_what_cannot_be_a_closure_is_said_beside_the_field(admin, changed, sentence, do):
    page = admin.page("staff.new_closure")
    data = {"csrf_token": page.csrf_token, **FILLED, **changed, "do": do}
    answer = admin.post("/staff/closures/new", data=data)
    assert answer.status_code == 422
    assert answer.page.title.startswith("Error: ")
    assert sentence in answer.page.text
    assert queries.list_closures() == []


def test_removing_opens_the_clinic_again(admin, days):
    closure = services.add_closure(first_day=CHRISTMAS, last_day=BOXING_DAY, name="Christmas").closure
    admin.page("staff.closures")
    answer = admin.submit("staff.remove_closure", closure_id=closure.id, on="/staff/closures")
    assert "Christmas removed." in admin.get(answer.location).page.text
    assert queries.list_closures() == []
    for doctor_id in db.session.scalars(db.select(Slot.doctor_id).distinct()).all():
        services.refresh_plan(doctor_id)
    assert statuses() == ["busy", "free", "free", "free", "free"]


def test_a_closure_that_is_gone_is_not_found_but_may_be_removed_once_more(admin, reception):
    reception.page("staff.closure", closure_id=uuid4(), status=404)
    token = admin.page("staff.closures").csrf_token or admin.csrf_token()
    answer = admin.post(f"/staff/closures/{uuid4()}/remove", data={"csrf_token": token})
    assert (answer.status_code, answer.location) == (303, "/staff/closures")
    assert "This closure was already removed." in admin.get(answer.location).page.text


def test_a_receptionist_reads_and_changes_nothing(reception, days):
    closure = services.add_closure(first_day=CHRISTMAS, last_day=BOXING_DAY, name="Christmas").closure
    page = reception.page("staff.closures")
    assert page.link("Christmas") == f"/staff/closures/{closure.id}"
    assert "Only administrators can add or remove closures." in page.text
    assert not page.has_link_to("/staff/closures/new")
    assert not page.find_form(f"/staff/closures/{closure.id}/remove")
    assert "Asha Rao" in reception.page("staff.closure", closure_id=closure.id).text
    reception.page("staff.new_closure", status=403)
    data = {"csrf_token": reception.csrf_token()}
    assert reception.post(f"/staff/closures/{closure.id}/remove", data=data).status_code == 403
    assert len(queries.list_closures()) == 1


def test_without_closures_the_page_says_what_they_are_for(admin, reception):
    assert "No closures planned" in reception.page("staff.closures").text
    assert admin.page("staff.closures").link("Add a closure") == "/staff/closures/new"


def test_a_name_with_markup_stays_text(admin):
    services.add_closure(first_day=CHRISTMAS, last_day=CHRISTMAS, name="<b>X</b> & \u05d0")
    assert admin.page("staff.closures").texts(".//li//h2//bdi") == ["<b>X</b> & \u05d0"]
