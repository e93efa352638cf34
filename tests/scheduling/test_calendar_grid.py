"""The calendar as a page draws it, without a database: places, hours, the line of now, numbers and words."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from flask import Flask

from hms.scheduling import calendar_folds, calendar_grid, month_grid
from hms.scheduling.queries import AgendaItem
from hms.web import formats

MONDAY = date(2026, 11, 23)
WEEK = [MONDAY + timedelta(days=n) for n in range(5)]


@pytest.fixture(autouse=True)
def clinic(steady_clock):
    """A clinic in London and nothing else of the application; it is Monday 23 November 2026, 08:00."""
    app = Flask("clinic")
    app.config["CLINIC_TIMEZONE"] = "Europe/London"
    with app.app_context():
        yield app


def an_item(starts_at: datetime, *, minutes: int = 20, slot: str = "busy", status: str | None = "booked", **changes):
    """A booked time of Asha's; with ``status=None`` one that nobody has booked."""
    item = AgendaItem(
        slot_id=uuid4(),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=minutes),
        slot_status=slot,
        appointment_id=uuid4() if status else None,
        appointment_status=status,
        reference="7KQ4M2PX" if status else None,
        reason="" if status else None,
        patient_name="Asha Rao" if status else None,
    )
    return item._replace(**changes)


def a_free_item(starts_at: datetime, **options):
    return an_item(starts_at, slot="free", status=None, **options)


def at(hour: int, minute: int = 0, *, day: date = MONDAY) -> datetime:
    """A moment in UTC, which is the clinic's time in winter."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def lay_out(*items: AgendaItem, days=WEEK) -> calendar_grid.Grid:
    return calendar_grid.lay_out(items, days=days, link=lambda item: f"/{item.slot_status}")


def only_event(*items: AgendaItem, days=WEEK) -> calendar_grid.Event:
    (event,) = [event for day in lay_out(*items, days=days).days for event in day.events]
    return event


# places


def test_a_time_stands_in_the_rows_of_its_five_minutes():
    event = only_event(an_item(at(9, 40)))

    assert (event.row, event.span) == (21, 4)  # 100 minutes after 08:00, 20 minutes long
    assert (event.time, event.text, event.kind) == ("09:40", "Asha Rao", "booked")


@pytest.mark.parametrize(("minute", "row"), [(2, 1), (3, 2), (7, 2), (8, 3)])
def test_a_time_off_the_five_minutes_stands_in_the_nearest_row_and_says_its_true_time(minute, row):
    event = only_event(an_item(at(8, minute)))

    assert event.row == row
    assert event.time == f"08:{minute:02}"


def test_back_to_back_times_off_the_five_minutes_never_share_a_row():
    first, second = lay_out(an_item(at(9, 3), minutes=7), an_item(at(9, 10), minutes=7)).days[0].events

    assert first.row + first.span == second.row


def test_the_shortest_time_has_a_row_of_its_own():
    assert only_event(an_item(at(9, 1), minutes=1)).span == 1


def test_each_time_is_on_its_own_day():
    grid = lay_out(an_item(at(9)), an_item(at(9, day=WEEK[3])))

    assert [len(day.events) for day in grid.days] == [1, 0, 0, 1, 0]


def test_an_event_leads_where_the_page_says():
    assert only_event(a_free_item(at(9))).href == "/free"


# hours


def test_an_empty_week_shows_the_usual_hours():
    grid = lay_out()

    assert (grid.first_hour, grid.last_hour) == (8, 18)


def test_early_and_late_times_widen_the_hours_to_whole_ones():
    grid = lay_out(an_item(at(6, 30)), an_item(at(19, 50)))

    assert (grid.first_hour, grid.last_hour) == (6, 21)


def test_a_time_that_ends_on_the_hour_adds_none():
    assert lay_out(an_item(at(18, 40))).last_hour == 19


def test_a_time_up_to_midnight_stays_on_its_day():
    grid = lay_out(an_item(at(23, 30), minutes=60))

    event = grid.days[0].events[0]
    assert grid.last_hour == 24
    assert event.row + event.span - 1 == (24 - 8) * calendar_grid.ROWS_PER_HOUR


# days


def test_the_weekend_is_shown_only_when_it_holds_something():
    saturday, sunday = MONDAY + timedelta(days=5), MONDAY + timedelta(days=6)

    assert calendar_grid.week_days(MONDAY, []) == WEEK
    assert calendar_grid.week_days(MONDAY, [a_free_item(at(9, day=sunday))]) == [*WEEK, sunday]
    assert calendar_grid.week_days(MONDAY, [a_free_item(at(9, day=saturday))]) == [*WEEK, saturday]


def test_a_day_counts_what_is_booked_on_it():
    grid = lay_out(an_item(at(9)), an_item(at(10), status="fulfilled"), a_free_item(at(11)))

    assert grid.days[0].booked == 2


def test_a_day_has_its_name_in_short_and_in_full():
    day = lay_out().days[3]

    assert (day.id, day.weekday, day.day, day.full) == ("d-2026-11-26", "Thu", 26, "Thursday 26 November")


# now


def test_the_line_of_now_is_on_today_only(freeze):
    freeze(at(10, 12))

    grid = lay_out()

    assert [day.now_row for day in grid.days] == [27, None, None, None, None]
    assert [day.today for day in grid.days] == [True, False, False, False, False]


def test_the_line_of_now_is_left_out_before_and_after_the_hours_shown(freeze):
    freeze(at(7, 59))
    assert lay_out().days[0].now_row is None

    freeze(at(18))
    assert lay_out().days[0].now_row is None


# kinds and words


@pytest.mark.parametrize(
    ("slot", "status", "kind"),
    [
        ("busy", "pending", "booked"),
        ("busy", "booked", "booked"),
        ("busy", "arrived", "arrived"),
        ("busy", "fulfilled", "done"),
        ("busy", "noshow", "noshow"),
        ("free", None, "free"),
        ("busy-tentative", None, "held"),
        ("busy-unavailable", None, "block"),
    ],
)
def test_every_status_has_its_kind(slot, status, kind):
    assert calendar_grid.kind_of(an_item(at(9), slot=slot, status=status)) == kind


def test_a_free_time_says_so_and_what_can_be_done(freeze):
    freeze(at(8))

    event = only_event(a_free_item(at(9)))

    assert (event.text, event.label) == ("Free", "change or remove")


def test_a_free_time_that_has_passed_is_not_called_free(freeze):
    freeze(at(10))

    assert only_event(a_free_item(at(9))).text == "Not booked"


def test_the_numbers_count_what_is_booked_offered_and_still_free(freeze):
    freeze(at(10))
    items = [
        an_item(at(9)),
        an_item(at(11), status="arrived"),
        a_free_item(at(9, 20)),
        a_free_item(at(12)),
        an_item(at(13), slot="busy-unavailable", status=None),
    ]

    assert calendar_grid.count(items) == calendar_grid.Counts(booked=2, offered=4, free=1)


def test_the_next_visit_is_the_first_that_is_not_over_and_not_marked(freeze):
    freeze(at(10))
    items = [
        an_item(at(9)),
        an_item(at(9, 50), status="fulfilled"),
        a_free_item(at(10)),
        an_item(at(11)),
        an_item(at(12)),
    ]

    assert calendar_grid.next_visit(items) is items[3]


def test_a_visit_that_has_begun_is_still_the_next(freeze):
    freeze(at(9, 10))
    visit = an_item(at(9))

    assert calendar_grid.next_visit([visit]) is visit
    assert calendar_grid.next_visit([]) is None


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (at(9), "now"),
        (at(9, 59), "now"),
        (at(10, 8), "in 8 min"),
        (at(11), "in 1 h"),
        (at(12, 5), "in 2 h 5 min"),
        (at(9, day=WEEK[3]), "Thu 26 Nov"),
    ],
)
def test_the_wait_is_said_in_minutes_hours_or_days(freeze, moment, words):
    freeze(at(10))

    assert calendar_grid.until(moment) == words


def test_part_of_a_minute_is_a_minute(freeze):
    freeze(at(10) + timedelta(seconds=30))

    assert calendar_grid.until(at(10, 1)) == "in 1 min"


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2026, 11, 23), date(2026, 11, 23), "Monday 23 November 2026"),
        (date(2026, 11, 23), date(2026, 11, 27), "23 to 27 November 2026"),
        (date(2026, 11, 30), date(2026, 12, 4), "30 November to 4 December 2026"),
        (date(2026, 12, 28), date(2027, 1, 1), "28 December 2026 to 1 January 2027"),
    ],
)
def test_the_title_names_the_days_without_saying_anything_twice(first, last, words):
    assert formats.days(first, last) == words


# clock changes: in London on 29 March and 25 October 2026


def test_the_hour_that_comes_twice_has_both_times_in_the_same_rows_with_the_zone_letters():
    sunday = date(2026, 10, 25)
    summer, winter = at(0, 30, day=sunday), at(1, 30, day=sunday)

    first, second = lay_out(a_free_item(summer), a_free_item(winter), days=[sunday]).days[0].events

    assert first.row == second.row
    assert (first.time, second.time) == ("01:30 BST", "01:30 GMT")


def test_a_time_across_a_clock_change_keeps_its_real_length():
    back, forward = date(2026, 10, 25), date(2026, 3, 29)

    assert only_event(a_free_item(at(0, 50, day=back)), days=[back]).span == 4
    assert only_event(a_free_item(at(0, 50, day=forward)), days=[forward]).span == 4


def test_a_clock_change_is_said_in_a_sentence():
    assert calendar_grid.clock_changes(date(2026, 10, 19), date(2026, 10, 25)) == [
        "The clocks go back on Sunday 25 October."
    ]
    assert calendar_grid.clock_changes(date(2026, 3, 23), date(2026, 3, 29)) == [
        "The clocks go forward on Sunday 29 March."
    ]
    assert calendar_grid.clock_changes(MONDAY, WEEK[-1]) == []


def test_a_day_that_the_calendar_skipped_is_said_too(clinic):
    clinic.config["CLINIC_TIMEZONE"] = "Pacific/Apia"

    assert calendar_grid.clock_changes(date(2011, 12, 29), date(2011, 12, 31)) == [
        "The calendar leaves out Friday 30 December."
    ]


def test_half_an_hour_of_lord_howe_is_a_clock_change(clinic):
    clinic.config["CLINIC_TIMEZONE"] = "Australia/Lord_Howe"

    assert calendar_grid.clock_changes(date(2026, 4, 5), date(2026, 4, 5)) == ["The clocks go back on Sunday 5 April."]


# kinds of visits


@pytest.mark.parametrize(("mode", "words"), [("in-person", ""), ("online", "Online"), ("both", "In person or online")])
def test_a_free_time_says_how_a_visit_takes_place_when_that_is_not_in_person(mode, words):
    event = only_event(a_free_item(at(9), mode=mode))

    assert (event.kind, event.mode) == ("free", words)


def test_a_visit_that_will_be_online_has_a_colour_of_its_own_until_it_begins():
    assert only_event(an_item(at(9), mode="online")).kind == "online"
    assert only_event(an_item(at(9), mode="online", status="arrived")).kind == "arrived"


@pytest.mark.parametrize(
    ("blocked_by", "text"), [("doctor", "Blocked"), ("calendar", "Busy elsewhere"), ("time-off", "Time off")]
)
def test_a_blocked_time_says_by_what(blocked_by, text):
    event = only_event(an_item(at(9), slot="busy-unavailable", status=None, blocked_by=blocked_by, mode="online"))

    assert (event.kind, event.text, event.mode) == ("block", text, "")


# blocks


def a_block(first: datetime, last: datetime, text: str = "Conference") -> calendar_grid.Block:
    return calendar_grid.Block(first, last, text)


def blocked(*blocks: calendar_grid.Block, items=()) -> list[list[calendar_grid.Event]]:
    grid = calendar_grid.lay_out(items, days=WEEK, link=lambda item: None, blocks=blocks)
    return [[event for event in day.events if event.kind == "off"] for day in grid.days]


def test_a_block_stands_at_its_time_and_says_both_ends():
    (event,) = blocked(a_block(at(9), at(12, 30)))[0]

    assert (event.row, event.span) == (13, 42)
    assert (event.time, event.text) == ("09:00 to 12:30", "Conference")


def test_a_block_over_several_days_stands_on_each_with_its_part():
    days = blocked(a_block(at(14), at(10, day=WEEK[2])))

    assert [[event.time for event in day] for day in days] == [["From 14:00"], ["All day"], ["Until 10:00"], [], []]
    assert [(day[0].row, day[0].span) for day in days[:3]] == [(73, 48), (1, 120), (1, 24)]


def test_a_block_outside_the_hours_shown_is_a_line_at_their_edge():
    early, late = blocked(a_block(at(5), at(6)), a_block(at(20), at(21)))[0]

    assert (early.row, early.span) == (1, 1)
    assert (late.row, late.span) == (120, 1)
    assert (early.time, late.time) == ("05:00 to 06:00", "20:00 to 21:00")


def test_a_block_makes_room_for_its_words_beside_the_times_before_it():
    (free_of_times,) = blocked(a_block(at(9), at(12)), items=[an_item(at(13))])[0]
    (with_a_time,) = blocked(a_block(at(9), at(12)), items=[an_item(at(11))])[0]

    assert not free_of_times.beside
    assert with_a_time.beside


def test_times_that_a_block_hides_are_not_shown_again_before_it():
    hidden = an_item(at(9), slot="busy-unavailable", status=None, blocked_by="time-off")

    grid = calendar_grid.lay_out([hidden], days=WEEK, link=lambda item: None, blocks=[a_block(at(8), at(18))])
    alone = calendar_grid.lay_out([hidden], days=WEEK, link=lambda item: None)

    assert [event.kind for event in grid.days[0].events] == ["off"]
    assert [event.text for event in alone.days[0].events] == ["Time off"]


def test_a_block_counts_neither_as_booked_nor_as_times_to_copy():
    grid = calendar_grid.lay_out([], days=WEEK, link=lambda item: None, blocks=[a_block(at(8), at(18))])

    assert grid.days[0].booked == 0
    assert not grid.days[0].can_copy
    assert grid.days[0].can_add


# what a phone and a date need


def test_free_slots_that_follow_each_other_fold_and_one_alone_does_not():
    free = [a_free_item(at(10, minute)) for minute in (0, 20, 40)]
    grid = lay_out(*free, an_item(at(11)), a_free_item(at(11, 20)))

    folds = calendar_folds.folds_of(grid)["d-2026-11-23"]

    assert set(folds) == {0, 1, 2}
    assert folds[0].text == "3 free, 10:00–11:00"
    assert [slot.time for slot in folds[0].slots] == ["10:00", "10:20", "10:40"]


def test_a_visit_says_age_reason_and_kind():
    event = only_event(an_item(at(9), born_on=date(1990, 11, 24), reason="Chest\npain", mode="online"))

    assert event.detail == "35, Chest pain, online"


def test_a_month_has_whole_weeks_and_leads_to_each_day_and_the_months_beside_it():
    month = month_grid.lay_out(MONDAY, shown=WEEK, link=lambda day: day.isoformat())

    assert (month.name, month.previous, month.next) == ("November 2026", "2026-10-01", "2026-12-01")
    days = [day for week in month.weeks for day in week]
    assert (days[0].href, days[-1].href) == ("2026-10-26", "2026-12-06")
    assert [day.day for day in days if day.is_shown] == [23, 24, 25, 26, 27]
    assert [day.full for day in days if day.is_today] == ["Monday 23 November"]
