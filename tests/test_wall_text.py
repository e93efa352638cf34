"""Days and times as people write them."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms import wall_text
from tests.depth import examples


@pytest.mark.parametrize(
    "text",
    [
        "26/11/2026",
        "26/11/26",
        "26.11.2026",
        "26-11-2026",
        "26 11 2026",
        " 26 / 11 / 2026 ",
        "2026-11-26",
        "2026/11/26",
        "26 November 2026",
        "26 nov 2026",
        "26nov2026",
        "26-Nov-26",
        "26th of November 2026",
        "Thursday 26 November 2026",
        "Thu, 26 Nov 2026",
        "Nov 26, 2026",
        "November 26th 2026",
        "26\u201111\u20112026",
        "26\u00a0November\u202f2026",
        "\u206626/11/2026\u2069",
        "２６／１１／２０２６",
        "٢٦/١١/٢٠٢٦",
    ],
)
def test_a_day_is_read_however_it_is_written(text):
    assert wall_text.read_day(text) == date(2026, 11, 26)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "26/11",
        "26 Nov",
        "11/26/2026",
        "20261126",
        "26112026",
        "29/02/2027",
        "0/1/2026",
        "26/11/2026 09:00",
        "Friday 26 November 2026",  # it is a Thursday
        "26 N 2026",
        "26 no 2026",
        "26 novembre 2026",
        "²026-11-26",
        "26/11/½",
        "26/11/2026" + " " * 40,
        "1" * 400_000,
    ],
)
def test_what_could_mean_another_day_or_none_is_not_read(text):
    assert wall_text.read_day(text) is None


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("09:00", 540),
        ("9", 540),
        ("9:00", 540),
        ("0900", 540),
        ("900", 540),
        ("9.30am", 570),
        ("9.30 a.m.", 570),
        ("9h30", 570),
        ("9 30", 570),
        ("09:30:00", 570),
        ("9:30PM", 1290),
        ("12am", 0),
        ("12pm", 720),
        ("12.15 am", 15),
        ("noon", 720),
        ("0", 0),
        ("23:59", 1439),
        ("24:00", 1440),
        ("2400", 1440),
        ("midnight", 1440),
        ("０９：３０", 570),
        ("٠٩:٣٠", 570),
    ],
)
def test_a_time_is_read_however_it_is_written(text, minutes):
    assert wall_text.read_minutes(text) == minutes


@pytest.mark.parametrize(
    "text",
    ["", "25:00", "24:01", "09:60", "9:5", "9:", ":30", "-1:00", "13pm", "0am", "09:00:30", "9-30", "²3", "9" * 99],
)
def test_what_is_no_time_is_not_read(text):
    assert wall_text.read_minutes(text) is None


@examples(short=100, full=5000)
@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_day_that_a_field_shows_is_read_as_that_day(day):
    assert wall_text.read_day(wall_text.day_written(day)) == day


@examples(short=100, full=5000)
@given(st.times().map(lambda at: at.replace(second=0, microsecond=0)))
def test_a_time_that_a_field_shows_is_read_as_that_time(at):
    assert time(*divmod(wall_text.read_minutes(wall_text.time_written(at)), 60)) == at


@examples(short=100, full=5000)
@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text):
    assert wall_text.read_day(text) is None or isinstance(wall_text.read_day(text), date)
    assert wall_text.read_minutes(text) in (None, *range(1441))
