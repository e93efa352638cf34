"""A form that is filled from what is stored gives the same moments back when nobody touches it: in every zone, on every
day, also those on which the clocks change; and a form that is carried through a page of checking stays as it was."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from hms import clock
from hms.auth.models import Doctor
from hms.availability.forms.doubled import WhichField
from hms.availability.forms.exceptions import TimeOffForm
from hms.availability.forms.hours import HoursForm, values_of
from hms.availability.forms.offering import SlotForm
from hms.availability.forms.rows import changed
from hms.availability.forms.staff import ClosureForm
from hms.availability.models import Mode, Slot, TimeOff
from hms.availability.plan import HoursDraft, ScheduleDraft
from hms.availability.services import offering
from hms.availability.views.doctor import slots as slot_views
from hms.db import db
from hms.forms import HmsForm
from tests import make
from tests.depth import examples
from tests.test_clock import days_of_change, zones

THOROUGHLY = examples(short=60, full=1000)
MINUTE = timedelta(minutes=1)
quarter_hours = st.integers(-8, 26 * 4).map(lambda n: n * 15 * MINUTE)


@pytest.fixture
def on_wall_of(app, monkeypatch):
    """``on_wall_of(zone)``: the clinic's wall shows that zone, and a form can be made."""

    def on_wall_of(zone: ZoneInfo):
        app.config["CLINIC_TIMEZONE"] = zone.key
        return app.test_request_context(method="POST")

    monkeypatch.setitem(app.config, "CLINIC_TIMEZONE", app.config["CLINIC_TIMEZONE"])
    monkeypatch.setattr(clock, "now", lambda: datetime(1999, 12, 1, tzinfo=UTC))  # every time is still to come
    return on_wall_of


def as_a_browser_sends(form: HmsForm) -> MultiDict[str, str]:
    """What would be sent if nobody touched the form."""
    sent = MultiDict()
    for field in form:
        if isinstance(field, WhichField):
            if field.is_asked:
                sent.add(field.name, field.data or field.choices[0][0])
        else:
            sent.add(field.name, field._value() if hasattr(field, "_value") else field.data or "")
    return sent


MIDNIGHT_TWICE = (ZoneInfo("America/Havana"), date(2026, 11, 1))  # at 01:00 the clocks go back


@THOROUGHLY
@example(MIDNIGHT_TWICE, -30 * MINUTE, 30)
@example(MIDNIGHT_TWICE, -30 * MINUTE, 90)
@example((ZoneInfo("Europe/London"), date(2099, 12, 31)), 23 * 60 * MINUTE, 60)
@given(days_of_change(), quarter_hours, st.integers(5, 480))
def test_a_time_that_is_opened_and_saved_keeps_its_moments(on_wall_of, zone_and_day, into_the_day, minutes):
    zone, day = zone_and_day
    starts_at = clock.start_of_day(day, zone=zone) + into_the_day
    stored = Slot(starts_at=starts_at, ends_at=starts_at + minutes * MINUTE, mode=Mode.BOTH)
    if not clock.FIRST_DAY <= clock.to_clinic(starts_at, zone=zone).date() <= clock.LAST_DAY:
        return
    with on_wall_of(zone):
        shown = SlotForm(formdata=None, **slot_views._time_of(stored))
        form = SlotForm(as_a_browser_sends(shown))
        assert form.validate(), form.errors
        interval = offering._interval(**form.interval(Doctor()))

    assert interval == (stored.starts_at, stored.ends_at)
    assert form.mode.data == Mode.BOTH


@THOROUGHLY
@given(days_of_change(), quarter_hours, st.integers(1, 100 * 4).map(lambda n: n * 15 * MINUTE))
def test_time_off_means_the_moments_that_were_meant_also_after_the_check(
    on_wall_of, zone_and_day, into_the_day, length
):
    zone, day = zone_and_day
    starts_at = clock.start_of_day(day, zone=zone) + into_the_day
    begin, end = (clock.to_clinic(moment, zone=zone) for moment in (starts_at, starts_at + length))
    if not clock.FIRST_DAY <= begin.date() <= end.date() <= clock.LAST_DAY or end.time() == time.min:
        return  # midnight as an end belongs to the day before, which has a test of its own
    sent = {"first_day": f"{begin:%d/%m/%Y}", "last_day": f"{end:%d/%m/%Y}", "start": f"{begin:%H:%M}"}
    sent |= {"end": f"{end:%H:%M}", "start_which": str(begin.fold + 1), "end_which": str(end.fold + 1)}
    with on_wall_of(zone):
        form = TimeOffForm(MultiDict(sent))
        assert form.validate(), form.errors
        again = TimeOffForm(MultiDict(form.as_sent()))
        assert again.validate()

    assert (form.starts_at, form.ends_at) == (again.starts_at, again.ends_at) == (starts_at, starts_at + length)


def test_time_off_until_the_end_of_a_day_that_began_twice_is_asked_nothing(on_wall_of):
    zone, day = MIDNIGHT_TWICE
    with on_wall_of(zone):
        form = TimeOffForm(MultiDict({"first_day": f"{day:%d/%m/%Y}", "start": "12:00", "end": "00:00"}))
        assert form.validate(), form.errors
        assert form.doubled == []

    assert form.ends_at == clock.day_bounds(day, zone=zone)[1]


minutes_of_a_row = st.tuples(st.integers(0, 287), st.integers(1, 288)).filter(lambda pair: pair[0] < pair[1])


@THOROUGHLY
@given(
    st.lists(st.tuples(st.integers(0, 6), minutes_of_a_row), min_size=1, max_size=7, unique_by=lambda one: one[0]),
    zones,
)
def test_weekly_hours_that_are_opened_and_saved_are_the_same_hours(on_wall_of, rows, zone):
    hours = [HoursDraft(day, 5 * start, 5 * end, 5, None, "online") for day, (start, end) in sorted(rows)]
    stored = ScheduleDraft(None, date(2026, 10, 25), date(2027, 3, 28), zone.key, hours)
    with on_wall_of(zone):
        shown = HoursForm(formdata=None, **values_of(stored))
        form = HoursForm(formdata=changed(dict(shown.as_sent()), "check", visit_minutes=20))
        assert form.validate(), form.errors
        draft = form.draft()

    assert draft == stored


@pytest.mark.parametrize("last", ["", "28/10/2026"])
def test_a_closure_is_the_same_after_the_check(on_wall_of, last):
    with on_wall_of(ZoneInfo("Europe/London")):
        form = ClosureForm(MultiDict({"first_day": "25 Oct 2026", "last_day": last, "name": "Works"}))
        assert form.validate()
        again = ClosureForm(MultiDict(form.as_sent()))
        assert again.validate()
        assert again.data == form.data


# midnight, and past it


@pytest.fixture
def dr_bose(signed_in, bose):
    """A browser in which Dr Bose is signed in, on Monday 23 November."""
    return signed_in(bose)


def walls(doctor) -> list[tuple[str, str]]:
    found = db.session.scalars(db.select(Slot).filter_by(doctor_id=doctor.id).order_by(Slot.starts_at))
    return [tuple(f"{clock.to_clinic(at):%d %H:%M}" for at in (slot.starts_at, slot.ends_at)) for slot in found]


@pytest.mark.parametrize(
    ("start", "end", "ends"),
    [("23:30", "00:00", "27 00:00"), ("23:30", "24:00", "27 00:00"), ("23:30", "0:20", "27 00:20")],
)
def test_a_time_may_end_at_midnight_or_after_it(dr_bose, bose, start, end, ends):
    dr_bose.submit("doctor.slots", {"day": "26/11/2026", "start": start, "end": end})

    assert walls(bose) == [("26 23:30", ends)]


def test_a_time_late_in_the_evening_lasts_as_long_as_the_doctors_visits(dr_bose, bose):
    dr_bose.submit("doctor.slots", {"day": "26/11/2026", "start": "23:50", "end": ""})

    assert walls(bose) == [("26 23:50", f"27 00:{bose.visit_minutes - 10:02}")]


@pytest.mark.parametrize("end", ["00:00", "24:00"])
def test_a_series_may_end_at_midnight(dr_bose, bose, end):
    series = {"first_day": "26/11/2026", "last_day": "26/11/2026", "weekdays": ["3"], "visit_minutes": "30"}
    dr_bose.submit("doctor.series", series | {"start": "23:00", "end": end}, on="/doctor/slots")

    assert walls(bose) == [("26 23:00", "26 23:30"), ("26 23:30", "27 00:00")]


def test_a_series_past_midnight_is_refused_with_what_to_do(dr_bose, bose):
    series = {"first_day": "26/11/2026", "last_day": "26/11/2026", "weekdays": ["3"], "visit_minutes": "30"}
    answer = dr_bose.submit(
        "doctor.series", series | {"start": "23:00", "end": "01:00"}, on="/doctor/slots", status=422
    )

    assert "A series can end at midnight, but not later." in answer.page.text


@pytest.mark.parametrize("end", ["00:00", "24:00"])
def test_time_off_may_end_at_midnight(dr_bose, bose, end):
    data = {"first_day": "26/11/2026", "start": "22:00", "end": end, "do": "save", "csrf_token": dr_bose.csrf_token()}

    assert dr_bose.post("/doctor/exceptions", data=data).status_code == 303
    (one,) = db.session.scalars(db.select(TimeOff))
    assert (one.starts_at, one.ends_at) == (datetime(2026, 11, 26, 22, tzinfo=UTC), datetime(2026, 11, 27, tzinfo=UTC))


@pytest.mark.parametrize("end", ["00:00", "24:00"])
@pytest.mark.parametrize("more", [[], ["--visit-minutes", "30"]])
def test_the_command_line_knows_midnight_as_an_end(app, bose, end, more):
    args = [
        "slots",
        "open",
        "--doctor",
        bose.user.email,
        "--day",
        "2026-11-26",
        "--start",
        "23:30",
        "--end",
        end,
        *more,
    ]
    answer = app.test_cli_runner().invoke(args=args)

    assert answer.exit_code == 0, answer.output
    assert walls(bose) == [("26 23:30", "27 00:00")]


def test_a_day_of_the_command_line_does_not_start_at_its_end(app, bose):
    args = ["slots", "open", "--doctor", bose.user.email, "--day", "2026-11-26", "--start", "24:00", "--end", "00:30"]
    answer = app.test_cli_runner().invoke(args=args)

    assert answer.exit_code == 2
    assert walls(bose) == []


def test_a_time_that_the_hours_made_across_midnight_is_changed(dr_bose, bose):
    """The doctor works in New York, 18:45 to 19:15: from 23:45 to 00:15 in the clinic."""
    make.schedule(bose, make.hours("18:45", "19:15", weekdays=[3], visit=30), timezone="America/New_York")
    assert walls(bose)[0] == ("26 23:45", "27 00:15")
    slot = db.session.scalars(db.select(Slot).order_by(Slot.starts_at)).first()

    dr_bose.submit("doctor.slot", {"mode": "online"}, slot_id=slot.id)

    stored = db.session.get_one(Slot, slot.id, populate_existing=True)
    assert (walls(bose)[0], stored.mode) == (("26 23:45", "27 00:15"), "online")


def test_after_a_time_past_midnight_the_next_one_is_proposed_on_the_day_it_ends(dr_bose, bose):
    answer = dr_bose.submit("doctor.slots", {"day": "26/11/2026", "start": "23:50", "end": "00:10"})

    values = dr_bose.get(answer.location).page.find_form("/doctor/slots").values
    assert (values["day"], values["start"]) == ("27/11/2026", "00:10")
    values = dr_bose.page("doctor.slots", day="2026-11-26").find_form("/doctor/slots").values
    assert (values["day"], values["start"]) == ("27/11/2026", "00:10")
