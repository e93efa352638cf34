"""How many times a doctor can have ahead: judged before they are made, written in parts, and said in a sentence."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import event, func, select

from hms import clock
from hms.auth import services as auth
from hms.availability import reach, services
from hms.availability.models import DoctorPlan, Slot
from hms.availability.queries import offers
from hms.availability.services import planning
from hms.db import db, transaction
from hms.errors import Invalid
from tests import make

MONDAY = date(2026, 11, 23)
DAY = timedelta(days=1)
ALL_DAY = make.hours("00:00", "24:00", weekdays=range(7), visit=5)


@pytest.fixture
def two_years(session):
    services.set_clinic_rules(horizon_days=730)


@pytest.fixture
def little_room(monkeypatch):
    """Sixty times ahead at most, and seven before approval."""
    for module in (reach, offers, planning, services.room):
        for name, number in (("MAX_AHEAD", 60), ("MAX_BEFORE_APPROVAL", 7)):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, number)


def ahead(doctor) -> int:
    return db.session.scalar(select(func.count()).where(Slot.doctor_id == doctor.id, Slot.starts_at > clock.now()))


def plan_of(doctor) -> DoctorPlan:
    return db.session.get(DoctorPlan, doctor.id, populate_existing=True)


# -- counting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gap", [0, 7])
@pytest.mark.parametrize(("first", "last"), [(0, 0), (0, 6), (3, 40), (5, 5), (6, 400)])
def test_what_is_counted_is_what_is_planned(session, bose, gap, first, last):
    lines = make.hours("09:00", "11:10", weekdays=(0, 2, 6), visit=25) + make.hours(
        "13:00", "13:25", weekdays=(2,), visit=25, gap=3
    )
    drafts = [make.draft(lines, first=MONDAY + 2 * DAY, last=MONDAY + 90 * DAY)]
    offer = offers.load_offer(bose.id, since=clock.now())._replace(schedules=drafts, gap_minutes=gap)
    days = {"first_day": MONDAY + first * DAY, "last_day": MONDAY + last * DAY}
    assert reach.number_of_times(drafts, gap_minutes=gap, **days) == len(
        [slot for slot in offer.plan(*days.values()).slots if slot.starts_at >= clock.start_of_day(days["first_day"])]
    )


@pytest.mark.parametrize(("most", "last_day"), [(0, -1), (287, -1), (288, 0), (600, 1), (100_000, 30)])
def test_the_last_day_that_fits_is_found(most, last_day):
    days = {"first_day": MONDAY, "last_day": MONDAY + 30 * DAY}
    found = reach.last_day_within(most, [make.draft(ALL_DAY, first=MONDAY)], gap_minutes=0, **days)
    assert found == MONDAY + last_day * DAY


# -- weekly hours ----------------------------------------------------------------------------------------------------


def test_hours_that_make_too_many_times_are_refused_before_any_is_made(two_years, session, monkeypatch, bose):
    monkeypatch.setattr(planning, "_apply", lambda *_: pytest.fail("times were made"))
    draft = make.draft(ALL_DAY)
    for act in (services.preview_schedule, services.save_schedule):
        with pytest.raises(Invalid) as refused:
            act(bose, draft)
        assert "would make 210,528 slots in the 730 days" in refused.value.message
        assert "Make visits longer or reduce your hours" in refused.value.message
    assert ahead(bose) == 0


def test_the_page_of_hours_says_so_and_keeps_what_was_typed(two_years, signed_in, bose):
    browser = signed_in(bose)
    form = browser.get("/doctor/hours/new").page.find_form("/doctor/hours/new")
    starts = [name for name in form.names if name.endswith("-0-start")]
    typed = dict.fromkeys(starts, "00:00") | {name.replace("start", "end"): "24:00" for name in starts}
    typed |= {name.replace("start", "visit"): "5" for name in starts}
    kept = {name: value for name, value in form.values.items() if "-1-" not in name}
    answer = browser.post("/doctor/hours/new", data={**kept, **typed, "do": "check"})
    assert answer.status_code == 422
    assert "The most you can have is 20,000." in answer.page.text
    assert answer.page.find_form("/doctor/hours/new").values[starts[0]] == "00:00"


def test_many_times_are_written_in_parts(session, monkeypatch, bose):
    monkeypatch.setattr(planning, "AT_ONCE", 25)
    written: list[int] = []

    def note(_connection, _cursor, statement, parameters, *_):
        if statement.startswith("INSERT INTO slots"):
            written.append(len(next(value for value in parameters.values() if isinstance(value, list))))

    event.listen(db.engines[None], "before_cursor_execute", note)
    try:
        make.schedule(bose, make.hours(weekdays=range(7)))
    finally:
        event.remove(db.engines[None], "before_cursor_execute", note)
    assert sum(written) == ahead(bose) == 61 * 3 - (3 if clock.to_clinic(clock.now()).hour >= 10 else 0)
    assert max(written) <= 25


def test_a_horizon_that_a_doctor_has_no_room_for_is_made_as_far_as_it_reaches(
    little_room, session, steady_clock, caplog, bose, eze
):
    services.set_clinic_rules(horizon_days=10)
    for doctor in (bose, eze):
        make.schedule(doctor, make.hours("14:00", "15:00", weekdays=range(7)))
    services.set_doctor_rules(bose.id, horizon_days=100)
    with caplog.at_level("ERROR"):
        while services.refresh_next():
            pass
        assert (ahead(bose), ahead(eze)) == (60, 33)
        (said,) = [record.getMessage() for record in caplog.records]
        assert said.startswith(f"the times of doctor {bose.id} end on {MONDAY + 19 * DAY}: the hours make 303 times")
        for _ in range(2):
            steady_clock.advance(days=1)
            services.extend_plans()
            while services.refresh_next():
                pass
    assert len([r for r in caplog.records if str(bose.id) in r.getMessage()]) == 1
    assert ahead(bose) == 60
    services.set_doctor_rules(bose.id, horizon_days=None)
    while services.refresh_next():
        pass
    assert plan_of(bose).problem is None


def test_so_many_periods_of_hours_and_no_more(session, monkeypatch, bose):
    monkeypatch.setattr(services.room, "MAX_SCHEDULES", 3)
    for n in range(3):
        make.schedule(bose, first=MONDAY + n * 10 * DAY, last=MONDAY + (n * 10 + 5) * DAY)
    with pytest.raises(Invalid, match="You already have 3 periods of weekly hours"):
        make.schedule(bose, first=MONDAY + 50 * DAY, last=MONDAY + 55 * DAY)


# -- by hand ---------------------------------------------------------------------------------------------------------


def series(doctor, days=7):
    return services.open_series(
        doctor,
        first_day=MONDAY + DAY,
        last_day=MONDAY + days * DAY,
        weekdays=frozenset(range(7)),
        start=time(8),
        end=time(12),
        visit_minutes=20,
    )


def test_a_series_a_copy_and_a_single_time_that_there_is_no_room_for_are_refused(little_room, session, bose):
    with pytest.raises(Invalid, match="You can have up to 60 slots, and this would make 84"):
        series(bose)
    assert ahead(bose) == 0
    assert series(bose, days=5).opened == 60
    with pytest.raises(Invalid, match="this would make 72"):
        services.copy_day(bose, day=MONDAY + DAY, to_days=[MONDAY + 9 * DAY])
    with pytest.raises(Invalid, match="this would make 61"):
        services.open_slot(bose, day=MONDAY + 9 * DAY, start=time(9), end=time(10))
    assert series(bose, days=5).opened == 0  # the same again adds nothing
    assert ahead(bose) == 60


def test_the_page_says_so_beside_the_series(little_room, signed_in, bose):
    browser = signed_in(bose)
    typed = {"first_day": "2026-11-24", "last_day": "2026-11-30", "start": "08:00", "end": "12:00"}
    typed |= {"visit_minutes": "20", "weekdays": [str(n) for n in range(7)]}
    answer = browser.submit("doctor.series", typed, on="/doctor/slots", status=422)
    assert "You can have up to 60 slots, and this would make 84." in answer.page.text


def test_the_command_line_is_told_the_same(little_room, app, session, bose):
    words = ["slots", "open", "--doctor", bose.user.email, "--day", "2026-11-24", "--until", "2026-11-30"]
    result = app.test_cli_runner().invoke(args=[*words, "--start", "08:00", "--end", "12:00", "--visit-minutes", "20"])
    assert result.exit_code == 1
    assert "You can have up to 60 slots, and this would make 84." in result.output


# -- who may offer ---------------------------------------------------------------------------------------------------


def test_before_approval_only_a_small_number_is_made(little_room, session):
    services.set_clinic_rules(horizon_days=10)
    doctor = make.doctor(is_approved=False)
    make.schedule(doctor, make.hours("14:00", "15:00", weekdays=range(7)))
    assert ahead(doctor) == 6
    assert services.open_slot(doctor, day=MONDAY + 9 * DAY, start=time(9), end=time(10)).status == "free"
    with pytest.raises(Invalid, match="Until your account is approved you can have up to 7 slots"):
        series(doctor)
    auth.approve_doctor(doctor.user.email)
    services.extend_plans()
    while services.refresh_next():
        pass
    assert ahead(doctor) == 33 + 1


def test_the_look_before_saving_says_how_few_before_approval(signed_in):
    browser = signed_in(make.doctor(is_approved=False))
    form = browser.get("/doctor/hours/new").page.find_form("/doctor/hours/new")
    answer = browser.post("/doctor/hours/new", data={**form.values, "do": "check"})
    assert "Until your account is approved, you can have up to 200 slots." in answer.page.text


def test_nothing_is_offered_in_the_name_of_a_closed_account(session, app, bose):
    make.schedule(bose)
    auth.deactivate(bose.user.email)
    acts = (
        lambda: series(bose),
        lambda: services.open_slot(bose, day=MONDAY + 9 * DAY, start=time(12), end=time(13)),
        lambda: make.schedule(bose, first=MONDAY + 200 * DAY),
    )
    for act in acts:
        with pytest.raises(Invalid, match="account is closed"):
            act()
    with transaction():
        plan_of(bose).planned_to = MONDAY
    assert services.extend_plans() == 0


def test_a_series_that_can_never_fit_is_not_written_first(session, monkeypatch):
    monkeypatch.setattr(services.offering, "_insert", lambda *_: pytest.fail("times were written"))
    stranger = make.doctor("Dr Pia Penn", is_approved=False)
    with pytest.raises(Invalid, match="you can have up to 200 slots, and this would make 288"):
        services.open_series(
            stranger,
            first_day=MONDAY + 7 * DAY,
            last_day=MONDAY + 7 * DAY,
            weekdays=frozenset(range(7)),
            start=time(0),
            end=time(0),
            visit_minutes=5,
        )
