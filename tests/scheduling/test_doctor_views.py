"""The doctor's own area, page by page: what Dr Bose sees and does, and what Dr Eze and patients never see."""

from datetime import UTC, date, datetime, time, timedelta
from unittest import mock
from uuid import uuid4

import pytest

from hms import clock
from hms.availability import services as availability
from hms.availability.models import Slot
from hms.db import db, transaction
from hms.scheduling import queries, services
from hms.scheduling.models import Appointment, AppointmentChange
from tests import make

MONDAY = date(2026, 11, 23)  # the tests' clock starts on it at 08:00, in London
THURSDAY = date(2026, 11, 26)
RTL, LONG = "ليلى حداد", "Zoë Ångström-Nuñez de la Cruz 李"


@pytest.fixture
def dr_bose(signed_in, bose):
    """A browser in which Dr Bose is signed in."""
    return signed_in(bose)


@pytest.fixture
def dr_bose_at(signed_in, bose, freeze):
    """``dr_bose_at(9, 15)`` is a browser in which Dr Bose has signed in on Monday at 09:15; the clock stops there."""

    def dr_bose_at(hour: int, minute: int = 0, *, day: date = MONDAY):
        freeze(clock.from_clinic(day, time(hour, minute)))
        return signed_in(bose)

    return dr_bose_at


@pytest.fixture
def booked(asha, bose):
    """Asha's appointment with Dr Bose today at 09:00."""
    return make.appointment(asha, doctor=bose, day=MONDAY, start=time(9), reason="Chest pain when climbing stairs")


def press(client, endpoint: str, **values):
    """Send an act whose button is not on the page (any more)."""
    token = client.page("doctor.slots").csrf_token
    return client.post(client.url(endpoint, **values), data={"csrf_token": token})


def status_of(appointment: Appointment) -> str:
    return db.session.get_one(Appointment, appointment.id, populate_existing=True).status


def changes_of(appointment: Appointment) -> list[str]:
    rows = db.session.scalars(db.select(AppointmentChange).filter_by(appointment_id=appointment.id))
    return [change.to_status for change in sorted(rows, key=lambda change: change.changed_at)]


def count_slots() -> int:
    return db.session.scalar(db.select(db.func.count(Slot.id)))


# today


def test_today_lists_the_days_patients_in_order_of_time(dr_bose, asha, chen, bose):
    make.appointment(chen, doctor=bose, day=MONDAY, start=time(10, 20))
    make.appointment(asha, doctor=bose, day=MONDAY, start=time(9))
    make.appointment(asha, doctor=bose, day=THURSDAY, start=time(9))

    page = dr_bose.page("doctor.today")

    assert page.heading == "Today, Monday 23 November"
    assert page.texts(".//article//h3") == ["Asha Rao", "Chen Wei"]


def test_today_says_who_comes_next_and_when(dr_bose_at, booked):
    dr_bose = dr_bose_at(8, 52)

    page = dr_bose.page("doctor.today")

    assert "Next Asha Rao 09:00, in 8 min" in page.text
    assert page.has_link_to(dr_bose.url("doctor.appointment", appointment_id=booked.id))


def test_a_visit_that_has_begun_is_called_now(dr_bose_at, booked):
    assert "Now Asha Rao 09:00" in dr_bose_at(9, 5).page("doctor.today").text


def test_a_new_doctor_finds_first_steps_instead_of_an_empty_day(signed_in):
    ade = make.doctor("Dr Femi Ade", is_approved=False)
    dr_ade = signed_in(ade)

    page = dr_ade.page("doctor.today")

    assert page.texts(".//ol[@class='first-steps']/li//span[@class='tag tag-warn']") == ["To do", "To do", "Waiting"]
    assert page.has_link_to(dr_ade.url("doctor.hours"))
    assert page.has_link_to(dr_ade.url("doctor_profile.edit"))
    make.schedule(ade, first=THURSDAY)
    page = dr_ade.page("doctor.today")
    assert page.texts(".//ol[@class='first-steps']/li//span[@class='tag tag-ok']") == ["Done"]


def test_a_day_without_visits_of_a_doctor_who_has_all_leads_to_the_hours(dr_bose, bose):
    make.schedule(bose, first=THURSDAY)
    with transaction():
        bose.photo_version = "1"

    page = dr_bose.page("doctor.today")

    assert "No visits today" in page.text
    assert page.link("Set your availability") == dr_bose.url("doctor.hours")


def test_finished_visits_are_folded_and_leave_the_list(dr_bose_at, booked):
    dr_bose = dr_bose_at(9, 30)
    services.mark_fulfilled(booked.id, doctor=booked.doctor)

    page = dr_bose.page("doctor.today")

    assert "No more patients today" in page.text
    assert page.texts(".//details[@class='stack-2']/summary") == ["Finished today: 1"]
    assert page.texts(".//details//article//h3") == ["Asha Rao"]


def test_today_shows_what_is_still_free(dr_bose, bose):
    gone, coming = make.slot(bose, day=MONDAY, start=time(7)), make.slot(bose, day=MONDAY, start=time(14))

    page = dr_bose.page("doctor.today")

    assert page.has_link_to(dr_bose.url("doctor.slot", slot_id=coming.id))
    assert not page.has_link_to(dr_bose.url("doctor.slot", slot_id=gone.id))


def test_a_cancelled_visit_is_a_free_time_again(dr_bose, asha, bose):
    cancelled = make.appointment(asha, doctor=bose, day=MONDAY, start=time(12), status="cancelled")

    page = dr_bose.page("doctor.today")

    assert "Asha Rao" not in page.text
    assert page.has_link_to(dr_bose.url("doctor.slot", slot_id=cancelled.slot_id))


def test_nobody_elses_patients_are_on_the_list(signed_in, booked, eze):
    assert "Asha Rao" not in signed_in(eze).page("doctor.today").text


def test_a_pending_doctor_works_here_and_is_told_of_the_check(signed_in):
    client = signed_in(make.doctor("Dr Femi Ade", is_approved=False))

    assert "We’re checking your licence" in client.page("doctor.today").text
    client.submit("doctor.slots", {"day": "2026-11-26", "start": "09:00", "end": "09:20"})
    assert "09:00" in client.page("doctor.calendar").text


def test_names_of_any_script_are_shown_as_they_are(dr_bose, bose):
    make.appointment(make.patient(RTL), doctor=bose, day=MONDAY, start=time(9), reason="<b>ألم</b> & more")
    make.appointment(make.patient(LONG), doctor=bose, day=MONDAY, start=time(10))

    page = dr_bose.page("doctor.today")

    assert page.texts(".//article//h3//bdi") == [RTL, LONG]
    assert "<b>ألم</b> & more" in page.text


# marks


def test_arrived_completed_and_undo_move_the_appointment_and_come_back_to_today(dr_bose, booked):
    for act, status in [("arrive", "arrived"), ("complete", "fulfilled"), ("undo", "arrived"), ("undo", "booked")]:
        answer = dr_bose.submit(f"doctor.{act}", on=dr_bose.url("doctor.today"), appointment_id=booked.id)

        assert answer.location == dr_bose.url("doctor.today", marked=booked.id)
        assert status_of(booked) == status


def test_after_a_mark_the_visit_stays_in_its_place_says_the_name_and_offers_undo(dr_bose_at, booked):
    dr_bose = dr_bose_at(9, 30)
    answer = dr_bose.submit("doctor.complete", on=dr_bose.url("doctor.today"), appointment_id=booked.id)

    page = dr_bose.get(answer.location).page

    assert page.texts(".//p[@role='status'][@autofocus]") == ["Asha Rao is marked as completed."]
    assert page.find_form(dr_bose.url("doctor.undo", appointment_id=booked.id))
    assert "Finished today" not in page.text
    dr_bose.submit("doctor.undo", on=answer.location, appointment_id=booked.id)
    assert "The mark is removed. Asha Rao is confirmed again." in dr_bose.get(answer.location).page.text
    assert "marked as" not in dr_bose.get(dr_bose.url("doctor.today", marked=booked.doctor_id)).page.text


def test_no_button_has_the_words_of_a_status(dr_bose_at, booked):
    page = dr_bose_at(9, 5).page("doctor.today")

    buttons = page.texts(".//article//button")
    assert buttons == [f"Mark as {word} : Asha Rao" for word in ("arrived", "completed", "not attended")]


def test_from_the_appointment_a_mark_comes_back_to_the_appointment(dr_bose, booked):
    there = dr_bose.url("doctor.appointment", appointment_id=booked.id)

    answer = dr_bose.submit("doctor.arrive", on=there, appointment_id=booked.id)

    assert answer.location == dr_bose.url("doctor.appointment", appointment_id=booked.id, marked=booked.id)
    assert "Asha Rao is marked as arrived." in dr_bose.get(answer.location).page.text


def test_the_way_back_is_one_of_our_pages_whatever_is_posted(dr_bose, booked):
    dr_bose.page("doctor.today")

    answer = dr_bose.post(
        dr_bose.url("doctor.arrive", appointment_id=booked.id),
        data={"csrf_token": dr_bose.last_page.csrf_token, "back": "https://elsewhere.test/"},
    )

    assert answer.location.startswith(dr_bose.url("doctor.appointment", appointment_id=booked.id))


def test_did_not_attend_is_offered_once_the_time_has_come(dr_bose_at, booked, freeze):
    dr_bose = dr_bose_at(8, 50)
    path = dr_bose.url("doctor.no_show", appointment_id=booked.id)
    assert dr_bose.page("doctor.today").find_form(path) is None

    freeze(booked.starts_at)
    dr_bose.submit("doctor.no_show", on=dr_bose.url("doctor.today"), appointment_id=booked.id)

    assert status_of(booked) == "noshow"


def test_completed_pressed_twice_is_one_change(dr_bose_at, booked):
    dr_bose = dr_bose_at(9, 15)
    page = dr_bose.page("doctor.today")
    path = dr_bose.url("doctor.complete", appointment_id=booked.id)
    filled = page.find_form(path).values

    answers = [dr_bose.post(path, data=filled) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert changes_of(booked) == ["booked", "fulfilled"]


def test_before_its_day_a_visit_cannot_be_marked_and_the_page_says_why(dr_bose, asha, bose):
    later = make.appointment(asha, doctor=bose, day=THURSDAY, start=time(9))

    page = dr_bose.page("doctor.appointment", appointment_id=later.id)
    assert "You can mark this visit on Thursday 26 November." in page.text
    assert page.find_form(dr_bose.url("doctor.arrive", appointment_id=later.id)) is None

    answer = press(dr_bose, "doctor.arrive", appointment_id=later.id)
    assert answer.status_code == 409
    assert "You can’t mark this visit before the day of the appointment." in answer.page.text
    assert answer.page.title.startswith("Error:")
    assert status_of(later) == "booked"


def test_what_cannot_be_undone_is_refused_on_the_appointments_page(dr_bose, booked):
    answer = press(dr_bose, "doctor.undo", appointment_id=booked.id)

    assert answer.status_code == 409
    assert "There’s nothing to undo." in answer.page.text
    assert answer.page.heading == "Asha Rao"


# appointments


def test_the_appointment_page_has_the_patient_the_visit_and_the_history(dr_bose, booked, bose, asha):
    with make.at(booked.starts_at):
        services.mark_arrived(booked.id, doctor=bose)

    page = dr_bose.page("doctor.appointment", appointment_id=booked.id)

    assert page.heading == "Asha Rao"
    assert page.has_link_to("tel:+442079460999")
    assert page.has_link_to(f"mailto:{asha.user.email}")
    assert "Monday 23 November 2026, 09:00 to 09:20" in page.text
    assert "Chest pain when climbing stairs" in page.text
    assert page.texts(".//ol[@class='timeline']/li/p[1]") == ["Booked by Asha Rao", "Marked as arrived by Dr Anil Bose"]


def test_a_mark_taken_back_stays_in_the_history(dr_bose, booked, bose):
    with make.at(booked.starts_at):
        services.mark_arrived(booked.id, doctor=bose)
    with make.at(booked.starts_at + timedelta(minutes=1)):
        services.undo(booked.id, doctor=bose)

    page = dr_bose.page("doctor.appointment", appointment_id=booked.id)

    assert page.texts(".//ol[@class='timeline']//strong") == ["Booked", "Marked as arrived", "Mark undone"]


@pytest.mark.parametrize(
    ("born_on", "age"),
    [(date(1980, 11, 23), 46), (date(1980, 11, 24), 45), (date(2026, 11, 23), 0), (date(1904, 2, 29), 122)],
)
def test_the_age_counts_whole_years(born_on, age):
    assert clock.age_in_years(born_on, on=MONDAY) == age


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("booked", "Confirmed"),
        ("arrived", "Arrived"),
        ("fulfilled", "Completed"),
        ("cancelled", "Cancelled"),
        ("noshow", "Did not attend"),
    ],
)
def test_every_status_has_its_page_and_its_word(dr_bose, asha, bose, status, word):
    appointment = make.appointment(asha, doctor=bose, day=MONDAY, start=time(9), status=status)

    page = dr_bose.page("doctor.appointment", appointment_id=appointment.id)

    assert word in page.texts(".//span[@class]")


def test_upcoming_and_past_appointments_are_two_lists(dr_bose, asha, bose):
    make.appointment(asha, doctor=bose, day=THURSDAY, start=time(9))
    make.appointment(asha, doctor=bose, day=date(2026, 11, 19), start=time(9), status="fulfilled")
    make.appointment(asha, doctor=bose, day=THURSDAY, start=time(11), status="cancelled")

    assert dr_bose.page("doctor.appointments").texts(".//article//h3") == ["09:00 Asha Rao"]
    assert dr_bose.page("doctor.appointments", past=1).texts(".//article//h3") == ["11:00 Asha Rao", "09:00 Asha Rao"]


def test_both_lists_have_an_empty_state(dr_bose):
    assert "No appointments coming up" in dr_bose.page("doctor.appointments").text
    assert "No past appointments" in dr_bose.page("doctor.appointments", past=1).text


@pytest.mark.parametrize("page", ["0", "-1", "99999999999999999999", "x", ""])
def test_any_page_number_shows_a_page(dr_bose, booked, page):
    assert "Asha Rao" in dr_bose.page("doctor.appointments", page=page).text


def test_a_long_list_has_pages(dr_bose, asha, bose):
    availability.open_series(
        bose,
        first_day=THURSDAY,
        last_day=THURSDAY,
        weekdays=frozenset({3}),
        start=time(9),
        end=time(18),
        visit_minutes=10,
    )
    for item in queries.agenda(bose, starts_at=clock.now(), ends_at=clock.now() + timedelta(days=7))[:52]:
        services.book(item.slot_id, patient=asha, idempotency_key=make.new_key())

    first = dr_bose.page("doctor.appointments")
    second = dr_bose.get(first.link("Next page")).page

    assert "Page 1 of 2" in first.text
    assert len(second.all(".//article")) == 2


# cancelling


def test_cancelling_asks_why_frees_the_time_and_keeps_the_reason(dr_bose, booked):
    answer = dr_bose.submit("doctor.cancel", {"reason": "I am called away."}, appointment_id=booked.id)

    page = dr_bose.get(answer.location).page
    assert status_of(booked) == "cancelled"
    assert "I am called away." in page.text
    assert "slot is free again" in page.text
    assert not page.has_link_to(dr_bose.url("doctor.cancel", appointment_id=booked.id))
    assert db.session.get_one(Slot, booked.slot_id).status == "free"


@pytest.mark.parametrize("reason", ["", "   ", "\n", "x" * 501, "bell \x07"])
def test_without_a_proper_reason_nothing_is_cancelled(dr_bose, booked, reason):
    answer = dr_bose.submit("doctor.cancel", {"reason": reason}, status=422, appointment_id=booked.id)

    assert answer.page.title.startswith("Error:")
    assert status_of(booked) == "booked"


def test_a_visit_that_is_over_cannot_be_cancelled(dr_bose_at, booked, freeze):
    dr_bose = dr_bose_at(9, 10)
    page = dr_bose.page("doctor.cancel", appointment_id=booked.id)
    freeze(booked.ends_at)

    form = page.find_form(dr_bose.url("doctor.cancel", appointment_id=booked.id))
    answer = dr_bose.post(form.path, data={**form.values, "reason": "Too late"})

    assert answer.status_code == 409
    assert "can’t cancel" in answer.page.text
    assert status_of(booked) == "booked"
    assert "You can’t cancel this appointment" in dr_bose.page("doctor.cancel", appointment_id=booked.id).text


# strangers


READS = ["doctor.appointment", "doctor.cancel"]
ACTS = ["doctor.arrive", "doctor.complete", "doctor.no_show", "doctor.undo", "doctor.cancel"]


@pytest.mark.parametrize("endpoint", READS)
def test_another_doctors_appointment_is_not_there_to_read(signed_in, booked, eze, endpoint):
    page = signed_in(eze).page(endpoint, status=404, appointment_id=booked.id)

    assert "Asha" not in page.text


@pytest.mark.parametrize("endpoint", ACTS)
def test_another_doctors_appointment_is_not_there_to_act_on(signed_in, booked, eze, freeze, endpoint):
    freeze(booked.starts_at)
    client = signed_in(eze)
    token = client.page("doctor.slots").csrf_token

    answer = client.post(
        client.url(endpoint, appointment_id=booked.id), data={"csrf_token": token, "reason": "Mine now"}
    )

    assert answer.status_code == 404
    assert status_of(booked) == "booked"


def test_another_doctors_free_time_is_not_there(signed_in, bose, eze):
    slot, client = make.slot(bose, day=THURSDAY), signed_in(eze)
    token = client.page("doctor.slots").csrf_token
    change = {"csrf_token": token, "day": "2026-11-27", "start": "09:00", "end": "09:20"}

    assert client.get(client.url("doctor.slot", slot_id=slot.id)).status_code == 404
    assert client.post(client.url("doctor.slot", slot_id=slot.id), data=change).status_code == 404
    assert client.post(client.url("doctor.delete_slot", slot_id=slot.id), data=change).status_code == 404
    assert db.session.get_one(Slot, slot.id).starts_at == slot.starts_at


PAGES = ["doctor.today", "doctor.calendar", "doctor.slots", "doctor.appointments"]


@pytest.mark.parametrize("endpoint", PAGES)
def test_patients_and_staff_cannot_open_the_doctors_pages(signed_in, asha, dana, endpoint):
    assert signed_in(asha).page(endpoint, status=403)
    assert signed_in(dana).page(endpoint, status=403)


@pytest.mark.parametrize("endpoint", PAGES)
def test_visitors_are_sent_to_sign_in(client, endpoint):
    answer = client.get(client.url(endpoint))

    assert answer.status_code == 302
    assert answer.location.startswith(client.url("auth.login"))


# calendar


def test_the_calendar_shows_the_weeks_times_in_their_places(dr_bose, booked, bose):
    free = make.slot(bose, day=THURSDAY, start=time(14, 20))

    page = dr_bose.page("doctor.calendar")

    assert page.heading == "23 to 27 November 2026"
    assert "Week 48, times in UK time" in page.text
    assert page.has_link_to(dr_bose.url("doctor.appointment", appointment_id=booked.id))
    assert page.has_link_to(dr_bose.url("doctor.slot", slot_id=free.id))
    assert [li.get("class").split()[-2:] for li in page.all(".//li") if "ev" in li.get("class", "").split()] == [
        ["r13", "d4"],
        ["r77", "d4"],
    ]


def test_the_calendar_counts_and_says_who_is_next(dr_bose, booked, bose):
    make.slot(bose, day=THURSDAY)

    page = dr_bose.page("doctor.calendar")

    assert page.texts(".//dl[@class='stats']/div") == [
        "Booked 1 of 2",
        "Free 1 this week",
        "Next patient 09:00 in 1 h",
    ]


def test_weeks_lead_to_the_weeks_beside_them(dr_bose):
    page = dr_bose.page("doctor.calendar", week="2026-12-02")

    assert page.heading == "30 November to 4 December 2026"
    assert {"/doctor/calendar?week=2026-11-23", "/doctor/calendar?week=2026-12-07"} <= set(page.links)
    assert page.link("This week") == "/doctor/calendar"


def test_the_weekend_appears_when_it_holds_something(dr_bose, bose):
    assert dr_bose.page("doctor.calendar").heading == "23 to 27 November 2026"

    make.slot(bose, day=date(2026, 11, 28))

    assert dr_bose.page("doctor.calendar").heading == "23 to 28 November 2026"


def test_a_day_and_a_list_are_other_views_of_the_same(dr_bose, booked):
    day = dr_bose.page("doctor.calendar", week="2026-11-23", view="day")
    as_list = dr_bose.page("doctor.calendar", week="2026-11-25", view="list")

    assert day.heading == "Monday 23 November 2026"
    assert day.has_link_to("/doctor/calendar?week=2026-11-24&view=day")
    assert as_list.texts(".//section/h2") == ["Monday 23 November Today"]
    for page in (day, as_list):
        assert page.has_link_to(dr_bose.url("doctor.appointment", appointment_id=booked.id))


def test_every_view_has_an_empty_state(dr_bose):
    assert "Nothing on this day" in dr_bose.page("doctor.calendar").text
    assert "Nothing on this day" in dr_bose.page("doctor.calendar", view="day", week="2026-11-24").text
    assert "Nothing this week" in dr_bose.page("doctor.calendar", view="list").text


@pytest.mark.parametrize("week", ["now", "2026-13-01", "0001-01-01", "9999-12-31", "1999-12-31", "2026-11-2", "-1", ""])
@pytest.mark.parametrize("view", ["week", "day", "list", "month", ""])
def test_a_bad_address_shows_the_present(dr_bose, week, view):
    page = dr_bose.page("doctor.calendar", week=week, view=view)

    assert "23" in page.heading
    assert "November 2026" in page.heading


@pytest.mark.parametrize("week", ["2000-01-01", "2099-12-31"])
@pytest.mark.parametrize("view", ["week", "day", "list"])
def test_the_first_and_the_last_day_of_the_calendar_can_be_shown(dr_bose, week, view):
    for link in dr_bose.page("doctor.calendar", week=week, view=view).links:
        if link.startswith("/doctor/calendar"):
            assert dr_bose.get(link).status_code == 200


def test_a_week_with_a_clock_change_says_so_and_tells_doubled_times_apart(dr_bose_at, bose):
    dr_bose = dr_bose_at(9, day=date(2026, 10, 19))
    availability.open_series(
        bose,
        first_day=date(2026, 10, 25),
        last_day=date(2026, 10, 25),
        weekdays=frozenset({6}),
        start=time(0, 30),
        end=time(3),
        visit_minutes=30,
    )

    page = dr_bose.page("doctor.calendar")

    assert "The clocks go back on Sunday 25 October." in page.text
    assert [at.get("data-shown") for at in page.all(".//span[@class='at']")] == [
        "00:30",
        "01:00 BST",
        "01:30 BST",
        "01:00 GMT",
        "01:30 GMT",
        "02:00",
        "02:30",
    ]


def test_pages_ask_the_database_once_for_each_thing_they_show(dr_bose, booked, bose):
    for start in range(10, 16):
        make.slot(bose, day=MONDAY, start=time(start))
        make.appointment(doctor=bose, day=THURSDAY, start=time(start))

    for endpoint, most in (("doctor.calendar", 6), ("doctor.today", 4), ("doctor.slots", 4)):
        with dr_bose.statements() as statements:
            dr_bose.page(endpoint)
        assert len(statements) <= most, (endpoint, statements)


def test_appointments_stand_under_their_days_and_are_found_by_name_and_reference(dr_bose, bose, asha, chen):
    visit = make.appointment(asha, doctor=bose, day=MONDAY, start=time(9), reason="Chest pain")
    make.appointment(chen, doctor=bose, day=MONDAY, start=time(10))
    make.appointment(asha, doctor=bose, day=THURSDAY, start=time(9))

    page = dr_bose.page("doctor.appointments")
    assert page.texts(".//section/h2[@class='day-head']") == ["Today, Monday 23 November", "Thursday 26 November"]
    assert page.texts(".//article//h3") == ["09:00 Asha Rao", "10:00 Chen Wei", "09:00 Asha Rao"]

    for words, names in (
        ("rao ASHA", ["09:00 Asha Rao", "09:00 Asha Rao"]),
        (f"{visit.reference[:4].lower()}-{visit.reference[4:]}", ["09:00 Asha Rao"]),
        ("%", []),
    ):
        with dr_bose.statements() as statements:
            page = dr_bose.page("doctor.appointments", q=words)
        assert page.texts(".//article//h3") == names, words
        assert len(statements) <= 5, statements
    assert "No results for “%”" in page.text


def test_a_search_finds_nobody_elses_patients(signed_in, booked, eze):
    assert "Asha Rao" not in signed_in(eze).page("doctor.appointments", q="asha").text


def test_appointments_ask_no_more_the_longer_the_list(dr_bose, booked, bose):
    for start in range(10, 14):
        make.appointment(doctor=bose, day=THURSDAY, start=time(start))
    appointment_id = booked.id

    with dr_bose.statements() as statements:
        dr_bose.page("doctor.appointments")
    assert len(statements) <= 5, statements  # the session, the doctor, the numbers on the tabs, the list

    with dr_bose.statements() as statements:
        dr_bose.page("doctor.appointment", appointment_id=appointment_id)
    assert len(statements) <= 5, statements  # the session, the appointment, its messages, and whose they are


# free times


def test_one_time_is_added_and_listed_under_its_day(dr_bose):
    answer = dr_bose.submit("doctor.slots", {"day": "2026-11-26", "start": "09:00", "end": "09:30"})

    page = dr_bose.get(answer.location).page
    assert "1 slot added" in page.text
    assert "Thursday 26 November, 1 slot" in page.texts(".//h3")
    assert page.find_form("/doctor/slots").values["start"] == "09:30"  # ready for the one after it
    assert page.find_form("/doctor/slots").values["day"] == "26/11/2026"


def test_without_an_end_a_time_lasts_as_long_as_the_doctors_visits(dr_bose, bose):
    dr_bose.submit("doctor.slots", {"day": "2026-11-26", "start": "14:10", "end": ""})

    slot = db.session.scalar(db.select(Slot).filter_by(doctor_id=bose.id))
    assert slot.ends_at - slot.starts_at == timedelta(minutes=bose.visit_minutes)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"day": ""}, "Enter the day."),
        ({"day": "11/26/2026"}, "Enter a day, like 26/11/2026."),
        ({"day": "2026-02-30"}, "Enter a day, like 26/11/2026."),
        ({"day": "2126-11-26"}, "Enter a year between 2000 and 2099."),
        ({"start": ""}, "Enter a start time."),
        ({"start": "25:00"}, "Enter a time, like 09:40."),
        ({"end": "09:00"}, "The end must be after the start."),
        ({"end": "09:04"}, "A visit must be between 5 minutes and 8 hours."),
        ({"end": "9:3"}, "Enter a time, like 09:40."),
        ({"day": "2026-11-20"}, "This slot is in the past. Choose a later time."),
        ({"day": "2027-03-28", "start": "01:30", "end": "02:30"}, "the clocks go forward"),
    ],
)
def test_a_time_that_cannot_be_is_refused_and_what_was_typed_is_kept(dr_bose, change, says):
    typed = {"day": "2026-11-26", "start": "09:00", "end": "09:20", **change}

    answer = dr_bose.submit("doctor.slots", typed, status=422)

    assert says in answer.page.text
    assert answer.page.title.startswith("Error:")
    assert answer.page.find_form("/doctor/slots").values["start"] == typed["start"]
    assert count_slots() == 0


def test_a_time_that_overlaps_another_is_refused(dr_bose, bose):
    make.slot(bose, day=THURSDAY, start=time(9))

    answer = dr_bose.submit("doctor.slots", {"day": "2026-11-26", "start": "09:10", "end": "09:40"}, status=409)

    assert "You already have a slot that overlaps this one." in answer.page.text
    assert answer.page.find_form("/doctor/slots").values["end"] == "09:40"
    assert count_slots() == 1


SERIES = {
    "first_day": "2026-11-23",
    "last_day": "2026-11-29",
    "weekdays": ["0", "3"],
    "start": "07:00",
    "end": "09:00",
    "visit_minutes": "30",
}


def test_a_series_is_added_and_what_was_left_out_is_said(dr_bose, bose):
    make.slot(bose, day=THURSDAY, start=time(8, 10))

    answer = dr_bose.submit("doctor.series", SERIES, on="/doctor/slots")

    page = dr_bose.get(answer.location).page
    assert "4 slots added" in page.text  # today 08:30, Thursday 07:00, 07:30 and 08:30
    assert "1 slot left out because you already have a slot then." in page.text
    assert "3 slots left out because they’re in the past." in page.text


def test_a_day_on_which_the_clocks_skip_the_hour_is_left_out_and_named(dr_bose):
    spring = {
        "first_day": "2027-03-28",
        "last_day": "2027-03-29",
        "weekdays": ["0", "6"],
        "start": "01:30",
        "end": "03:00",
    }

    answer = dr_bose.submit("doctor.series", {**SERIES, **spring}, on="/doctor/slots")

    page = dr_bose.get(answer.location).page
    assert "3 slots added" in page.text
    assert "Sunday 28 March 2027 left out" in page.text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"weekdays": []}, "Choose at least one day of the week."),
        ({"last_day": "2026-11-22"}, "The last day must be on or after the first."),
        ({"last_day": "2028-11-22"}, "A series can last up to one year."),
        ({"end": "07:00"}, "The end must be after the start."),
        ({"visit_minutes": "4"}, "A visit must be between 5 minutes and 8 hours."),
        ({"visit_minutes": "99999999999"}, "A visit must be between 5 minutes and 8 hours."),
        ({"visit_minutes": "half an hour"}, "Enter a number of minutes, like 20."),
        ({"visit_minutes": ""}, "Enter the visit length in minutes."),
        ({"first_day": ""}, "Enter the first day."),
    ],
)
def test_a_series_that_cannot_be_is_refused_and_what_was_typed_is_kept(dr_bose, change, says):
    answer = dr_bose.submit("doctor.series", {**SERIES, **change}, on="/doctor/slots", status=422)

    assert says in answer.page.text
    assert answer.page.title.startswith("Error:")
    kept = answer.page.find_form("/doctor/slots/series").values
    assert kept["visit_minutes"] == change.get("visit_minutes", "30")
    assert count_slots() == 0


def test_days_of_the_week_that_do_not_exist_are_refused(dr_bose):
    for weekdays in (["7"], ["x"], ["-1"]):
        dr_bose.submit("doctor.series", {**SERIES, "weekdays": weekdays}, on="/doctor/slots", status=422)


def test_free_times_of_a_week_without_any_say_what_to_do(dr_bose):
    assert "No free slots this week" in dr_bose.page("doctor.slots", week="2026-12-07").text


@pytest.mark.parametrize("query", ["opened=x&past=-3", "opened=-1", "opened=1&skipped=never&start=noon&week=soon"])
def test_any_address_of_the_free_times_page_is_a_page(dr_bose, query):
    assert dr_bose.get(f"/doctor/slots?{query}").status_code == 200


def test_booked_times_are_not_listed_as_free(dr_bose, booked):
    page = dr_bose.page("doctor.slots")

    assert page.find_form(dr_bose.url("doctor.delete_slot", slot_id=booked.slot_id)) is None


def test_a_free_time_is_moved(dr_bose, bose):
    slot = make.slot(bose, day=THURSDAY, start=time(9))

    answer = dr_bose.submit("doctor.slot", {"day": "2026-11-27", "start": "10:05", "end": "10:35"}, slot_id=slot.id)

    assert "Friday 27 November 2026, 10:05 to 10:35" in dr_bose.get(answer.location).page.text
    assert db.session.get_one(Slot, slot.id).starts_at == datetime(2026, 11, 27, 10, 5, tzinfo=UTC)


def test_a_free_time_is_not_moved_onto_another(dr_bose, bose):
    slot, other = make.slot(bose, day=THURSDAY, start=time(9)), make.slot(bose, day=THURSDAY, start=time(11))

    answer = dr_bose.submit(
        "doctor.slot", {"day": "2026-11-26", "start": "11:10", "end": ""}, slot_id=slot.id, status=409
    )

    assert "overlaps" in answer.page.text
    assert db.session.get_one(Slot, slot.id).starts_at < other.starts_at


def test_a_free_time_is_removed_from_the_list_and_from_its_page(dr_bose, bose):
    first, second = make.slot(bose, day=THURSDAY, start=time(9)), make.slot(bose, day=THURSDAY, start=time(10))

    answer = dr_bose.submit("doctor.delete_slot", on="/doctor/slots", slot_id=first.id)
    assert "Removed: Thursday 26 November 2026, 09:00." in dr_bose.get(answer.location).page.text
    dr_bose.submit("doctor.delete_slot", on=dr_bose.url("doctor.slot", slot_id=second.id), slot_id=second.id)

    assert count_slots() == 0


def test_a_booked_time_shows_its_appointment_and_no_forms(dr_bose, booked):
    page = dr_bose.page("doctor.slot", slot_id=booked.slot_id)

    assert page.link("See the appointment") == dr_bose.url("doctor.appointment", appointment_id=booked.id)
    assert page.find_form(dr_bose.url("doctor.delete_slot", slot_id=booked.slot_id)) is None
    assert page.find_form(dr_bose.url("doctor.slot", slot_id=booked.slot_id)) is None


@pytest.mark.parametrize("endpoint", ["doctor.slot", "doctor.delete_slot"])
def test_a_time_that_is_booked_while_the_page_is_open_is_not_touched(dr_bose, asha, bose, endpoint):
    slot = make.slot(bose, day=THURSDAY, start=time(9))
    page = dr_bose.page("doctor.slot", slot_id=slot.id)
    form = page.find_form(dr_bose.url(endpoint, slot_id=slot.id))
    appointment = make.appointment(asha, slot=slot)

    answer = dr_bose.post(
        form.path, data={**form.values, **({"start": "15:00", "end": ""} if "start" in form.names else {})}
    )

    assert answer.status_code == 409
    assert answer.page.has_link_to(dr_bose.url("doctor.appointment", appointment_id=appointment.id))
    assert db.session.get_one(Slot, slot.id, populate_existing=True).starts_at == appointment.starts_at


def test_a_time_removed_twice_is_gone_and_not_an_error_of_ours(dr_bose, bose):
    slot = make.slot(bose, day=THURSDAY)
    form = dr_bose.page("doctor.slot", slot_id=slot.id).find_form(dr_bose.url("doctor.delete_slot", slot_id=slot.id))

    answers = [dr_bose.post(form.path, data=form.values).status_code for _ in range(2)]

    assert answers == [303, 303]
    assert "This slot was already removed." in dr_bose.page("doctor.slots").text


def test_an_unknown_id_is_not_found(dr_bose):
    assert dr_bose.get(dr_bose.url("doctor.slot", slot_id=uuid4())).status_code == 404
    assert dr_bose.get(dr_bose.url("doctor.appointment", appointment_id=uuid4())).status_code == 404
    assert dr_bose.get("/doctor/slots/not-an-id").status_code == 404


def test_without_the_token_nothing_is_changed(dr_bose, booked, bose):
    slot = make.slot(bose, day=THURSDAY)
    dr_bose.page("doctor.today")

    for endpoint, values in [
        ("doctor.arrive", {"appointment_id": booked.id}),
        ("doctor.delete_slot", {"slot_id": slot.id}),
    ]:
        assert dr_bose.post(dr_bose.url(endpoint, **values)).status_code == 400
    assert status_of(booked) == "booked"
    assert count_slots() == 2


def test_what_hangs_at_an_appointment_is_shown_there(dr_bose, booked, app):
    panel = mock.Mock(return_value="<p>Add to calendar</p>")
    with mock.patch.dict(app.extensions["hms.panels"], {"appointment": [panel]}):
        page = dr_bose.page("doctor.appointment", appointment_id=booked.id)

    assert "Add to calendar" in page.text
