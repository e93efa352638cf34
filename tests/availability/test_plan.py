"""The plan: which times weekly hours make, and the reason for every segment without one."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from hms.availability.plan import Away, Closed, HoursDraft, Reason, ScheduleDraft, plan

LONDON = ZoneInfo("Europe/London")
MONDAY = date(2026, 11, 23)
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)  # the clocks of London go forward, and back; Sundays


def minute(text: str) -> int:
    """``09:30`` as minutes since midnight."""
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def hours(start="09:00", end="10:00", *, weekday=0, visit=20, gap=None, mode="in-person") -> HoursDraft:
    """Hours of a Monday, unless told otherwise."""
    return HoursDraft(weekday, minute(start), minute(end), visit, gap, mode)


def schedule(*lines: HoursDraft, first=date(2026, 1, 1), last=None, zone=None) -> ScheduleDraft:
    """A schedule of these lines."""
    return ScheduleDraft(None, first, last, zone, lines)


def planned(*schedules: ScheduleDraft, day=MONDAY, last_day=None, time_off=(), closures=(), gap=0, zone=LONDON):
    """The plan of one day, or of several."""
    return plan(
        schedules,
        time_off=time_off,
        closures=closures,
        gap_minutes=gap,
        first_day=day,
        last_day=last_day or day,
        clinic_zone=zone,
    )


def wall(moment: datetime, zone=LONDON) -> str:
    """What the wall shows."""
    return f"{moment.astimezone(zone):%H:%M}"


def times(made, zone=LONDON) -> list[str]:
    """The planned times as the wall shows them."""
    return [f"{wall(slot.starts_at, zone)}-{wall(slot.ends_at, zone)}" for slot in made.slots]


def reasons(made, zone=LONDON) -> list[str]:
    """The reasons as the wall shows them, without *outside hours*."""
    return [
        f"{wall(each.starts_at, zone)}-{wall(each.ends_at, zone)} {each.reason}{f' {each.note}' if each.note else ''}"
        for each in made.hidden
        if each.reason != Reason.OUTSIDE_HOURS
    ]


def at(text: str, day=MONDAY, zone=LONDON) -> datetime:
    """A moment by the wall."""
    return datetime.combine(day, time.fromisoformat(text), zone).astimezone(UTC)


def test_visits_follow_each_other_within_the_hours():
    made = planned(schedule(hours()))
    assert times(made) == ["09:00-09:20", "09:20-09:40", "09:40-10:00"]
    assert [(each.reason, wall(each.starts_at), wall(each.ends_at)) for each in made.hidden] == [
        ("outside-hours", "00:00", "09:00"),
        ("outside-hours", "10:00", "00:00"),
    ]


def test_a_day_has_several_intervals_each_with_its_own_visits():
    made = planned(
        schedule(hours("08:00", "09:00", visit=30), hours("13:00", "14:00", visit=60, mode="online"), hours(weekday=1))
    )
    assert times(made) == ["08:00-08:30", "08:30-09:00", "13:00-14:00"]
    assert [slot.mode for slot in made.slots] == ["in-person", "in-person", "online"]


def test_a_gap_follows_each_visit_but_the_last_may_end_with_the_hours():
    made = planned(schedule(hours("09:00", "10:10", visit=20, gap=5)))
    assert times(made) == ["09:00-09:20", "09:25-09:45", "09:50-10:10"]
    assert reasons(made) == ["09:20-09:25 gap", "09:45-09:50 gap"]


def test_the_gap_of_the_policy_holds_where_the_hours_name_none():
    assert times(planned(schedule(hours()), gap=10)) == ["09:00-09:20", "09:30-09:50"]
    assert times(planned(schedule(hours(gap=0)), gap=10)) == ["09:00-09:20", "09:20-09:40", "09:40-10:00"]


def test_what_is_too_short_for_a_visit_is_named():
    made = planned(schedule(hours("09:00", "09:50", gap=5), hours("11:00", "11:15")))
    assert times(made) == ["09:00-09:20", "09:25-09:45"]
    assert reasons(made) == ["09:20-09:25 gap", "09:45-09:50 remainder", "11:00-11:15 remainder"]


def test_hours_can_last_until_midnight():
    made = planned(schedule(hours("23:00", "24:00", visit=30), hours("00:00", "00:30", weekday=1, visit=30)))
    assert times(made) == ["23:00-23:30", "23:30-00:00"]
    assert times(planned(schedule(hours("00:00", "24:00", visit=480)))) == ["00:00-08:00", "08:00-16:00", "16:00-00:00"]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (MONDAY, None, 3),
        (MONDAY + timedelta(days=1), None, 0),
        (date(2026, 1, 1), MONDAY, 3),
        (date(2026, 1, 1), MONDAY - timedelta(days=1), 0),
    ],
)
def test_a_schedule_holds_from_its_first_day_to_its_last(first, last, expected):
    assert len(planned(schedule(hours(), first=first, last=last)).slots) == expected


def test_one_schedule_follows_another():
    early = schedule(hours("09:00", "10:00"), hours("09:00", "10:00", weekday=1), last=MONDAY)
    late = schedule(hours("14:00", "15:00"), hours("14:00", "15:00", weekday=1), first=MONDAY + timedelta(days=1))
    made = planned(early, late, last_day=MONDAY + timedelta(days=1))
    assert times(made) == [
        *("09:00-09:20", "09:20-09:40", "09:40-10:00"),
        *("14:00-14:20", "14:20-14:40", "14:40-15:00"),
    ]


def test_without_schedules_a_day_is_outside_hours():
    made = planned()
    assert (made.slots, [each.reason for each in made.hidden]) == ([], ["outside-hours"])


# -- what takes times out ------------------------------------------------------------------------------------------


def test_time_off_hides_every_time_that_it_touches_as_a_whole():
    made = planned(schedule(hours()), time_off=[Away(at("09:30"), at("09:35"), "Dentist")])
    assert times(made) == ["09:00-09:20", "09:40-10:00"]
    assert reasons(made) == ["09:20-09:40 time-off Dentist"]


def test_time_off_that_ends_where_a_time_starts_does_not_touch_it():
    made = planned(schedule(hours()), time_off=[Away(at("08:00"), at("09:00")), Away(at("10:00"), at("11:00"))])
    assert len(made.slots) == 3
    assert reasons(made) == []


def test_a_gap_within_time_off_is_time_off_and_one_beside_it_stays_a_gap():
    made = planned(schedule(hours("09:00", "10:10", gap=5)), time_off=[Away(at("09:00"), at("09:45"))])
    assert times(made) == ["09:50-10:10"]
    assert reasons(made) == ["09:00-09:45 time-off", "09:45-09:50 gap"]


def test_a_closure_hides_whole_days_and_speaks_before_time_off():
    made = planned(
        schedule(hours(), hours(weekday=1), hours(weekday=2)),
        last_day=MONDAY + timedelta(days=2),
        closures=[Closed(MONDAY, MONDAY + timedelta(days=1), "Fair")],
        time_off=[Away(at("00:00"), at("23:00"), "Ill")],
    )
    assert times(made) == ["09:00-09:20", "09:20-09:40", "09:40-10:00"]
    assert reasons(made) == ["09:00-10:00 closure Fair", "09:00-10:00 closure Fair"]


def test_a_time_that_was_removed_is_not_planned_again():
    made = planned(schedule(hours()), time_off=[Away(at("09:20"), at("09:40"), single=True)])
    assert times(made) == ["09:00-09:20", "09:40-10:00"]
    assert reasons(made) == ["09:20-09:40 removed"]


# -- clock changes -------------------------------------------------------------------------------------------------


def test_in_spring_the_skipped_hour_is_named_and_visits_count_real_minutes():
    made = planned(schedule(hours("00:30", "03:00", weekday=6, visit=45)), day=SPRING)
    assert times(made) == ["00:30-02:15", "02:15-03:00"]
    assert all(slot.ends_at - slot.starts_at == timedelta(minutes=45) for slot in made.slots)
    assert reasons(made) == ["02:00-02:00 clock-change 01:00 to 02:00"]


def test_hours_that_the_clocks_skip_make_no_time_and_say_why():
    made = planned(schedule(hours("01:00", "02:00", weekday=6)), day=SPRING)
    assert times(made) == []
    assert reasons(made) == ["02:00-02:00 clock-change 01:00 to 02:00"]


def test_hours_that_begin_in_the_skipped_hour_begin_after_it():
    made = planned(schedule(hours("01:40", "02:40", weekday=6)), day=SPRING)
    assert times(made) == ["02:00-02:20", "02:20-02:40"]
    assert reasons(made) == ["02:00-02:00 clock-change 01:40 to 02:00"]


def test_in_autumn_the_doubled_hour_is_offered_once_the_first_time():
    made = planned(schedule(hours("00:30", "02:30", weekday=6, visit=30)), day=AUTUMN)
    assert times(made) == ["00:30-01:00", "01:00-01:30", "01:30-01:00", "02:00-02:30"]
    assert made.slots[1].starts_at == datetime(2027, 10, 31, 0, 0, tzinfo=UTC)  # summer time
    assert made.slots[3].starts_at == datetime(2027, 10, 31, 2, 0, tzinfo=UTC)
    assert reasons(made) == ["01:00-02:00 clock-change 01:00 to 02:00"]


@pytest.mark.parametrize(("day", "length"), [(SPRING, 23), (AUTUMN, 25), (MONDAY, 24)])
def test_a_day_is_planned_from_midnight_to_midnight(day, length):
    made = planned(day=day)
    assert made.hidden[0].ends_at - made.hidden[0].starts_at == timedelta(hours=length)


@pytest.mark.parametrize(
    ("zone", "day", "expected", "named"),
    [
        # Lord Howe moves by half an hour.
        ("Australia/Lord_Howe", date(2027, 10, 3), ["01:30-02:45"], ["02:30-02:30 clock-change 02:00 to 02:30"]),
        # Havana's midnight comes twice in autumn, and in spring it does not come.
        (
            "America/Havana",
            date(2027, 3, 14),
            ["01:00-01:45", "01:45-02:30"],
            ["01:00-01:00 clock-change 00:00 to 01:00"],
        ),
    ],
)
def test_other_zones_have_changes_of_their_own(zone, day, expected, named):
    its = ZoneInfo(zone)
    start = {"Australia/Lord_Howe": "01:30"}.get(zone, "00:00")
    lines = hours(start, "03:00", weekday=day.weekday(), visit=45)
    made = planned(schedule(lines, first=date(2000, 1, 1)), day=day, zone=its)
    assert times(made, its) == expected
    assert [each for each in reasons(made, its) if "clock-change" in each] == named


def test_hours_of_a_day_that_was_skipped_are_named_where_it_would_have_been():
    samoa, friday = ZoneInfo("Pacific/Apia"), date(2011, 12, 30)
    fridays, thursday = schedule(hours(weekday=4), first=date(2011, 1, 1)), friday - timedelta(days=1)
    made = planned(fridays, day=thursday, last_day=date(2011, 12, 31), zone=samoa)
    assert made.slots == []
    assert reasons(made, samoa) == ["00:00-00:00 clock-change 09:00 to 10:00"]


def test_a_schedule_with_a_zone_of_its_own_is_planned_on_its_own_wall():
    tokyo = schedule(hours("09:00", "10:00", visit=30), zone="Asia/Tokyo")
    made = planned(tokyo)
    assert times(made) == ["00:00-00:30", "00:30-01:00"]
    assert times(made, ZoneInfo("Asia/Tokyo")) == ["09:00-09:30", "09:30-10:00"]


def test_a_time_over_the_clinics_midnight_belongs_to_both_days():
    kolkata = schedule(hours("05:10", "05:50", weekday=1, visit=40), zone="Asia/Kolkata")
    monday, tuesday = planned(kolkata), planned(kolkata, day=MONDAY + timedelta(days=1))
    assert times(monday) == times(tuesday) == ["23:40-00:20"]
    assert monday.hidden[-1].ends_at == monday.slots[0].starts_at
    assert tuesday.hidden[0].starts_at == tuesday.slots[0].ends_at


def test_where_the_next_schedule_begins_earlier_on_its_own_wall_it_takes_over_there():
    west = schedule(hours("00:00", "24:00", visit=60), first=MONDAY, last=MONDAY, zone="America/Los_Angeles")
    east = schedule(
        hours("12:00", "13:00", weekday=1, visit=60), first=MONDAY + timedelta(days=1), zone="Pacific/Auckland"
    )
    made = planned(west, east, last_day=MONDAY + timedelta(days=1))
    eastern_midnight = datetime.combine(MONDAY + timedelta(days=1), time(), ZoneInfo("Pacific/Auckland"))
    assert [slot.starts_at for slot in made.slots][-1] == eastern_midnight + timedelta(hours=12)
    assert max(slot.ends_at for slot in made.slots[:-1]) == eastern_midnight
