"""What every form has in common: the edge for text, the fields for days and times, the status of the page."""

from datetime import date, time

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import IntegerField

from hms.errors import Conflict, Invalid
from hms.forms import ClockField, DayField, EndField, HmsForm, LineField, TextField, has_forbidden_characters
from hms.text import clean
from tests.pages import Page


class Visit(HmsForm):
    """A form with one field of each kind."""

    name = LineField("Name", longest=20, required="Enter a name.")
    note = TextField("Note", longest=30)
    day = DayField("Day", required="Enter the day.")
    start = ClockField("Start")
    end = EndField("End")
    number = IntegerField("Number")


GOOD = {"name": "Asha", "note": "", "day": "2026-11-26", "start": "09:40", "number": "7"}


@pytest.fixture
def fill(app):
    """``fill(name="…")`` is the form as it was sent, without the question of where it came from."""
    with app.test_request_context(method="POST"):
        yield lambda **values: Visit(MultiDict(GOOD | values), meta={"csrf": False})


@pytest.mark.parametrize(
    "text",
    [
        "\0",
        "\x07",
        "\x1b",
        "\x7f",
        "\x85",
        "\x9f",
        "\u2028",
        "\u2029",
        "\ud800",
        chr(0xDFFF),
        "\ufffe",
        "\U0010ffff",
        "\ufdd0",
    ],
)
def test_what_no_page_can_carry_is_forbidden_and_taken_out(fill, text):
    assert has_forbidden_characters(f"a{text}b")
    form = fill(name=f"a{text}b", note=f"a{text}b")
    assert not form.validate()
    assert form.errors.keys() == {"name", "note"}
    assert "removed characters that can’t be shown" in form.name.errors[0]
    assert not has_forbidden_characters(form.name.data + form.note.data)


@pytest.mark.parametrize(
    "text", ["O'Brien", "Nguyễn", "名前", "محمد", "👩‍👩‍👧‍👦", "-", "null", "<b>", "a\u200db", "%", "\\"]
)
def test_what_people_are_called_is_allowed(fill, text):
    form = fill(name=text)
    assert form.validate(), form.errors
    assert form.name.data == text


def test_text_is_kept_in_one_form(fill):
    assert clean("  Nguye\u0302\u0303n \r\n", longest=9) == "Nguyễn"
    assert clean("a\r\nb\rc", longest=9) == "a\nb\nc"
    assert fill(note="a\r\nb").note.data == "a\nb"


@pytest.mark.parametrize("text", ["a\nb", "a\r\nBcc: x@evil.test", "a\tb"])
def test_one_line_is_one_line(fill, text):
    form = fill(name=text)
    assert not form.validate()
    assert form.name.errors[0] == "Write this on one line."
    assert "\n" not in form.name.data
    assert fill(note=text.replace("\t", " ")).validate() or "\t" in text


@pytest.mark.parametrize("text", ["", " ", "\u00a0", "\n", "\t "])
def test_blanks_are_nothing(fill, text):
    form = fill(name=text, day=text)
    assert not form.validate()
    assert form.errors == {"name": ["Enter a name."], "day": ["Enter the day."]}
    assert fill(note=text).validate()


def test_length_is_counted_in_characters_after_tidying(fill):
    assert fill(name="é" * 20).validate()
    assert fill(name="e\u0301" * 20).validate()
    assert fill(name=" " * 30 + "x" * 20).validate()
    form = fill(name="x" * 21, note="👍" * 31)
    assert not form.validate()
    assert form.errors == {"name": ["Use at most 20 characters."], "note": ["Use at most 30 characters."]}


@pytest.mark.parametrize("text", ["26/11/2026", " 26 Nov 2026 ", "2026-11-26", "26/11/26", "٢٦/١١/٢٠٢٦"])
def test_a_day_is_read_as_people_write_it(fill, text):
    form = fill(day=text)
    assert form.validate(), form.errors
    assert form.day.data == date(2026, 11, 26)


@pytest.mark.parametrize(
    "text", ["11/26/2026", "26/11", "26/1", "2026-13-01", "29/02/2027", "now", "0000-01-01", "x" * 99]
)
def test_what_is_no_day_is_said_to_be_none_and_shown_again(fill, text):
    form = fill(day=text)
    assert not form.validate()
    assert form.day.errors[0] == "Enter a day, like 26/11/2026."
    assert f'value="{text}"' in form.day()


def test_days_and_times_are_text_fields_so_that_what_is_half_typed_is_sent(fill):
    """A browser's own field for days or times sends nothing at all while it holds 26/11/yyyy."""
    form = fill()
    assert 'type="text"' in form.day()
    assert 'type="text"' in form.start()
    assert form.day.description == "For example, 26/11/2026"
    assert form.start.description == "For example, 09:30"


@pytest.mark.parametrize("kind", ["date", "number", "time"])
def test_no_page_has_a_field_that_sends_nothing_of_what_is_half_typed(kind):
    with pytest.raises(AssertionError, match=f"'when' is one for a {kind}"):
        Page(f'<label>When<input name="when" type="{kind}"></label>', is_fragment=True)


@pytest.mark.parametrize("value", ["26/", "9:3"])
def test_what_is_half_typed_in_a_field_that_may_stay_empty_is_not_taken_as_left_out(fill, value):
    form = fill(day=value, start=value)
    assert not form.validate()
    assert form.errors.keys() == {"day", "start"}


@pytest.mark.parametrize("text", ["1999-12-31", "2100-01-01", "0001-01-01", "9999-12-31"])
def test_a_year_out_of_range_is_said_to_be(fill, text):
    form = fill(day=text)
    assert not form.validate()
    assert form.day.errors[0] == "Enter a year between 2000 and 2099."


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("09:40", time(9, 40)),
        ("9:40", time(9, 40)),
        ("0940", time(9, 40)),
        ("9.40 am", time(9, 40)),
        ("9", time(9)),
        ("00:00", time(0)),
        ("23:59", time(23, 59)),
        ("", None),
    ],
)
def test_a_time_is_read(fill, text, at):
    form = fill(start=text)
    assert form.validate(), form.errors
    assert form.start.data == at


@pytest.mark.parametrize("text", ["24:01", "09:60", "9:4", "09:40:30", "09:40Z", "soon", "-1:00", "13 pm", "9" * 99])
def test_what_is_no_time_is_said_to_be_none(fill, text):
    form = fill(start=text)
    assert not form.validate()
    assert form.start.errors[0] == "Enter a time, like 09:40."


def test_the_end_of_the_day_is_midnight_and_no_start(fill):
    form = fill(start="24:00", end="24:00")
    assert not form.validate()
    assert form.errors == {"start": ["A day starts at 00:00. For midnight, enter 00:00 on the next day."]}
    assert form.end.data == time(0)


def test_what_is_shown_again_holds_nothing_that_no_page_can_carry(fill):
    form = fill(day="2026\0", start="9\x1b", number="7\ufffe")
    form.validate()
    shown = "".join(str(field()) for field in (form.day, form.start, form.number))
    assert not has_forbidden_characters(shown)


def test_a_page_answers_the_status_of_its_form(fill):
    form = fill()
    assert form.status == 200
    assert form.validate()
    assert form.status == 200
    form.reject(Conflict("Just taken."))
    assert form.status == 409
    form = fill(name="")
    form.validate()
    assert form.status == 422


def test_a_refusal_is_shown_beside_the_field_it_is_about(fill):
    form = fill()
    form.validate()
    form.reject(Invalid("Too early.", field="start"))
    assert form.start.errors == ["Too early."]
    assert not form.form_errors


@pytest.mark.parametrize("field", [None, "nothing_like_it"])
def test_a_refusal_about_no_field_is_shown_above_the_form(fill, field):
    form = fill()
    form.validate()
    form.reject(Invalid("Not today.", field=field))
    assert form.form_errors == ["Not today."]
    assert form.refusal.message == "Not today."
