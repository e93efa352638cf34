"""No list is without an end: each page stays small with five hundred rows, and says how many there are."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert

from hms.auth.models import Doctor, User
from hms.availability import services as availability
from hms.availability.models import Closure, Slot, StoredRules, TimeOff
from hms.db import new_id, transaction
from hms.scheduling import services
from hms.scheduling.models import Appointment
from hms.scheduling.refusals import MoveNotAllowed
from hms.scheduling.services import history
from tests import make

ROWS = 500
MAX_BYTES = 160_000
FIRST = datetime(2026, 12, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def _moments() -> list[tuple[datetime, datetime]]:
    """Five hundred times one after the other, ten a day."""
    starts = [FIRST + (n // 10) * DAY + (n % 10) * timedelta(minutes=30) for n in range(ROWS)]
    return [(start, start + timedelta(minutes=20)) for start in starts]


@pytest.fixture
def crowded(session, asha, bose):
    """Five hundred of everything that a page lists: visits, time off, closures, doctors with rules of their own."""
    specialty_id = bose.specialty_id
    slots = [
        {"id": new_id(), "doctor_id": bose.id, "starts_at": a, "ends_at": b, "status": "busy", "origin": "schedule"}
        for a, b in _moments()
    ]
    visits = [
        {
            "id": new_id(),
            "reference": f"L{number:07}",
            "slot_id": slot["id"],
            "doctor_id": bose.id,
            "patient_id": asha.id,
            "starts_at": slot["starts_at"],
            "ends_at": slot["ends_at"],
            "status": "booked",
            "idempotency_key": f"long-list-{number}",
            "created_at": FIRST - DAY,
        }
        for number, slot in enumerate(slots)
    ]
    users = [
        {"id": new_id(), "email": f"d{n}@lists.test", "full_name": f"Dr List {n}", "role": "doctor"}
        | {"password_hash": "!", "created_at": FIRST}
        for n in range(ROWS)
    ]
    doctors = [
        {"id": new_id(), "user_id": user["id"], "specialty_id": specialty_id, "licence_number": f"L-{n}"}
        | {"years_of_experience": 1, "approved_at": FIRST}
        for n, user in enumerate(users)
    ]
    away = [
        {"id": new_id(), "doctor_id": bose.id, "starts_at": a + 90 * DAY, "ends_at": b + 90 * DAY, "reason": "Course"}
        for a, b in _moments()
    ]
    days = [date(2027, 3, 1) + n * DAY for n in range(ROWS - 100)]
    closed = [{"id": new_id(), "first_day": day, "last_day": day, "name": "Closed"} for day in days]
    rules = [{"id": new_id(), "doctor_id": each["id"], "gap_minutes": 5} for each in doctors]
    tables = ((Slot, slots), (Appointment, visits), (User, users), (Doctor, doctors), (TimeOff, away))
    with transaction() as writing:
        for table, rows in (*tables, (Closure, closed), (StoredRules, rules)):
            writing.execute(insert(table), rows)
    return availability.add_closure(first_day=date(2026, 12, 1), last_day=date(2027, 2, 1), name="Works").closure


PATHS = {
    "patient": ("", "/appointments"),
    "doctor": ("", "/calendar", "/appointments", "/hours", "/hours/unfit", "/exceptions", "/slots"),
    "staff": ("", "/doctors", "/policies", "/closures"),
}


def test_a_page_stays_small_however_long_its_list_is(client, signed_in, crowded, asha, bose, dana):
    browsers = {"patient": signed_in(asha), "doctor": signed_in(bose), "staff": signed_in(dana)}
    pages = [(browsers[who], f"/{who}{path}") for who, paths in PATHS.items() for path in paths]
    pages += [(browsers["staff"], f"/staff/closures/{crowded.id}"), (client, "/"), (client, "/doctors")]
    sizes = {}
    for browser, path in pages:
        answer = browser.get(path, follow_redirects=True)
        assert answer.status_code == 200, path
        sizes[path] = len(answer.data)
    assert {path: size for path, size in sizes.items() if size > MAX_BYTES} == {}


def test_the_pages_of_a_long_list_lead_to_its_end(signed_in, crowded, bose, dana):
    admin, doctor = signed_in(dana), signed_in(bose)
    closure = admin.get(f"/staff/closures/{crowded.id}?page=999").page
    assert "500 patients are still booked" in closure.text
    assert "Page 10 of 10" in closure.text
    assert "Page 10 of 10" in admin.get("/staff/policies?page=999").page.text
    assert "Page 9 of 9" in admin.get("/staff/closures?page=999").page.text
    assert "Page 10 of 10" in doctor.get("/doctor/hours/unfit?page=999").page.text
    assert "Page 19 of 19" in doctor.get("/doctor/exceptions?page=999").page.text


def test_a_look_at_what_a_change_does_shows_the_first_and_says_how_many(signed_in, crowded, bose, dana):
    typed = {"name": "Flood", "first_day": "2026-12-01", "last_day": "2027-02-01"}
    page = signed_in(dana).submit("staff.new_closure", typed, on="/staff/closures/new", status=200).page
    assert "500 patients are booked on these days" in page.text
    assert "These are the first 50 of 500." in page.text
    assert len(page.texts(".//tbody/tr")) == 50
    away = {"first_day": "2026-12-01", "last_day": "2027-02-01"}
    doctor = signed_in(bose)
    look = doctor.submit("doctor.exceptions", away, status=200).page
    assert "500 patients are booked in this period" in look.text
    assert "These are the first 50 of 500." in look.text
    assert len(look.texts(".//ul[@class='booked']/li")) == 50


def test_the_command_that_closes_names_the_first_and_says_how_many(app, crowded):
    words = ["closures", "add", "--first", "2026-12-01", "--last", "2027-02-01", "--name", "Flood"]
    result = app.test_cli_runner().invoke(args=words)
    assert result.exit_code == 0
    assert len(result.output.splitlines()) == 53
    assert "and 450 more. The closure’s page lists them all." in result.output


def test_a_closure_of_many_visits_reads_none_of_them_while_doctors_are_locked(client, crowded):
    with client.statements() as seen:
        availability.add_closure(first_day=date(2026, 12, 1), last_day=date(2027, 2, 1), name="Flood")
    locks = next(n for n, statement in enumerate(seen) if "FOR NO KEY UPDATE" in statement)
    reads = [n for n, statement in enumerate(seen) if "FROM appointments" in statement and "LIMIT" in statement]
    assert reads == [len(seen) - 1]
    assert locks < reads[0]


def test_the_history_of_a_visit_ends_and_it_can_be_cancelled_all_the_same(session, monkeypatch, steady_clock, bose):
    monkeypatch.setattr(history, "MAX_CHANGES", 5)
    visit = make.appointment(doctor=bose)
    steady_clock.set(visit.starts_at - timedelta(hours=1))
    for _ in range(2):
        services.mark_arrived(visit.id, doctor=bose)
        services.undo(visit.id, doctor=bose)
    with pytest.raises(MoveNotAllowed, match="You can’t change it any more"):
        services.mark_arrived(visit.id, doctor=bose)
    assert services.cancel_as_doctor(visit.id, doctor=bose, reason="Called away").status == "cancelled"


# -- a look that is out of date --------------------------------------------------------------------------------------


@pytest.fixture
def slot(bose):
    return make.slot(bose, day=date(2026, 12, 10))


def test_time_off_is_not_saved_when_others_are_booked_than_were_shown(signed_in, asha, bose, slot):
    browser = signed_in(bose)
    typed = {"first_day": "2026-12-10"}
    look = browser.submit("doctor.exceptions", typed, status=200).page
    sent = {**look.find_form("/doctor/exceptions").values, "do": "save"}
    make.appointment(asha, slot=slot)
    answer = browser.post("/doctor/exceptions", data=sent)
    assert answer.status_code == 409
    assert "The appointments in this period have changed since you opened this page." in answer.page.text
    assert "1 patient is booked in this period" in answer.page.text
    again = {**answer.page.find_form("/doctor/exceptions").values, "do": "save"}
    assert browser.post("/doctor/exceptions", data=again).status_code == 303


def test_a_closure_says_once_that_others_are_booked_and_then_closes(signed_in, asha, chen, dana, bose, slot):
    browser = signed_in(dana)
    typed = {"name": "Flood", "first_day": "2026-12-10", "last_day": "2026-12-11"}
    look = browser.submit("staff.new_closure", typed, on="/staff/closures/new", status=200).page
    sent = {**look.find_form("/staff/closures/new").values, "do": "save"}
    make.appointment(asha, slot=slot)
    answer = browser.post("/staff/closures/new", data=sent)
    assert answer.status_code == 409
    assert "The appointments on these days have changed since you opened this page." in answer.page.text
    make.appointment(chen, doctor=bose, slot=make.slot(bose, day=date(2026, 12, 11)))
    again = {**answer.page.find_form("/staff/closures/new").values, "do": "save"}
    assert browser.post("/staff/closures/new", data=again).status_code == 303
