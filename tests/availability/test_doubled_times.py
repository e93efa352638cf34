"""The night on which the clocks go back: what is opened comes back unchanged, and one of two equal times is meant."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from hms import clock
from hms.availability import services
from hms.availability.models import Slot, TimeOff
from hms.db import db
from tests import make

NIGHT = date(2026, 10, 25)  # a Sunday: 01:00 to 02:00 in London comes twice
FIRST, SECOND = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # both are 01:30
HALF = timedelta(minutes=30)


@pytest.fixture
def dr_bose(signed_in, bose, freeze):
    """A browser in which Dr Bose is signed in, on the Tuesday before."""
    freeze(datetime(2026, 10, 20, 8, tzinfo=UTC))
    return signed_in(bose)


def slots() -> list[tuple[datetime, datetime, str]]:
    found = db.session.scalars(db.select(Slot).order_by(Slot.starts_at).execution_options(populate_existing=True))
    return [(slot.starts_at, slot.ends_at, slot.mode) for slot in found]


def labels(page, name: str) -> list[str]:
    return page.texts(f".//select[@name='{name}']/option")


# changing a time


@pytest.mark.parametrize("starts_at", [FIRST - HALF, FIRST, SECOND - HALF, SECOND, SECOND + HALF])
def test_a_time_of_that_night_keeps_its_moments_when_only_its_kind_is_changed(dr_bose, bose, starts_at):
    slot = make.slot(bose, starts_at=starts_at, minutes=30)

    dr_bose.submit("doctor.slot", {"mode": "online"}, slot_id=slot.id)

    assert slots() == [(starts_at, starts_at + HALF, "online")]


def test_the_page_of_a_doubled_time_says_which_it_is_and_lets_one_choose_the_other(dr_bose, bose):
    slot = make.slot(bose, starts_at=SECOND, minutes=40)
    page = dr_bose.page("doctor.slot", slot_id=slot.id)

    assert labels(page, "start_which") == ["01:30 BST, the first time", "01:30 GMT, the second time"]
    assert page.find_form(f"/doctor/slots/{slot.id}").values["start_which"] == "2"
    assert labels(page, "end_which") == []  # 02:10 comes once

    dr_bose.submit("doctor.slot", {"start_which": "1"}, slot_id=slot.id)
    assert slots() == [(FIRST, SECOND + timedelta(minutes=40), "in-person")]


def test_on_another_day_nothing_is_asked(dr_bose, bose):
    slot = make.slot(bose, starts_at=SECOND + timedelta(days=1), minutes=30)

    assert labels(dr_bose.page("doctor.slot", slot_id=slot.id), "start_which") == []


# adding one


def test_a_doubled_time_is_asked_about_and_what_was_typed_is_kept(dr_bose):
    answer = dr_bose.submit("doctor.slots", {"day": "25/10/2026", "start": "1.30", "end": "1.45"}, status=422)

    assert "The clocks go back that day, so 01:30 happens twice. Choose which one you mean." in answer.page.text
    values = answer.page.find_form("/doctor/slots").values
    assert (values["day"], values["start"], values["end"], values["start_which"]) == ("25/10/2026", "1.30", "1.45", "")
    assert slots() == []

    dr_bose.submit("doctor.slots", {"start_which": "2"})
    assert slots() == [(SECOND, SECOND + timedelta(minutes=15), "in-person")]


@pytest.mark.parametrize(("which", "minutes"), [("1", 45), ("2", 105)])
def test_an_end_that_comes_twice_is_asked_about_when_the_start_comes_once(dr_bose, which, minutes):
    answer = dr_bose.submit("doctor.slots", {"day": "25/10/2026", "start": "00:30", "end": "01:15"}, status=422)
    assert "so 01:15 happens twice" in answer.page.text
    assert labels(answer.page, "start_which") == []

    dr_bose.submit("doctor.slots", {"end_which": which})

    starts_at = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert slots() == [(starts_at, starts_at + timedelta(minutes=minutes), "in-person")]


def test_without_an_end_a_time_lasts_real_minutes_through_the_change(dr_bose, bose):
    dr_bose.submit("doctor.slots", {"day": "25/10/2026", "start": "01:50", "end": ""}, status=422)
    dr_bose.submit("doctor.slots", {"start_which": "1"})

    ((starts_at, ends_at, _),) = slots()
    assert ends_at - starts_at == timedelta(minutes=bose.visit_minutes)


def test_the_next_time_is_proposed_where_the_last_one_ended_the_second_one_too(dr_bose):
    dr_bose.submit("doctor.slots", {"day": "25/10/2026", "start": "01:00", "end": "01:30"}, status=422)
    answer = dr_bose.submit("doctor.slots", {"start_which": "2"})

    values = dr_bose.get(answer.location).page.find_form("/doctor/slots").values
    assert (values["day"], values["start"], values["start_which"]) == ("25/10/2026", "01:30", "2")


@pytest.mark.parametrize("which", ["", "0", "3", "²", "x" * 999])
def test_a_choice_that_is_none_is_asked_for_again(dr_bose, which):
    form = {"day": "2026-10-25", "start": "01:30", "end": "02:00", "mode": "in-person", "start_which": which}
    answer = dr_bose.post("/doctor/slots", data={"csrf_token": dr_bose.csrf_token(), **form})

    assert answer.status_code == 422
    assert "Choose which one you mean." in answer.page.text


# adding a series


def send_series(browser, status: int = 422, **form):
    data = {"first_day": "24/10/2026", "last_day": "26/10/2026", "weekdays": ["5", "6", "0"], "mode": "in-person"}
    data |= {"start": "01:30", "end": "02:30", "visit_minutes": "30", "csrf_token": browser.csrf_token(), **form}
    answer = browser.post("/doctor/slots/series", data=data)
    assert answer.status_code == status
    return answer


def test_a_series_asks_once_which_of_two_equal_times_is_meant(dr_bose):
    page = send_series(dr_bose).page

    sentence = "The clocks go back on Sunday 25 October 2026, so 01:30 happens twice. Choose which one you mean."
    assert sentence in page.text
    assert labels(page, "start_which") == [
        "Choose which one",
        "01:30 BST, the first time",
        "01:30 GMT, the second time",
    ]
    assert labels(page, "end_which") == []
    assert slots() == []


@pytest.mark.parametrize(
    ("which", "starts"), [("1", [FIRST + n * HALF for n in range(4)]), ("2", [SECOND, SECOND + HALF])]
)
def test_a_series_starts_that_night_at_the_time_that_was_chosen(dr_bose, which, starts):
    send_series(dr_bose, 303, start_which=which)

    assert [start for start, _, _ in slots() if start.date() == NIGHT] == starts
    assert len(slots()) == len(starts) + 4


@pytest.mark.parametrize(("which", "number"), [("1", 1), ("2", 3)])
def test_a_series_ends_that_night_at_the_time_that_was_chosen(dr_bose, which, number):
    assert "so 01:15 happens twice" in send_series(dr_bose, start="00:45", end="01:15").page.text

    send_series(dr_bose, 303, start="00:45", end="01:15", end_which=which)
    assert len(slots()) == number + 2


def test_a_series_that_would_end_before_it_starts_by_the_choice_is_refused(dr_bose):
    page = send_series(dr_bose, start="01:15", end="01:45", start_which="2", end_which="1").page

    assert "The end must be after the start." in page.text
    assert slots() == []


@pytest.mark.parametrize(
    "form", [{"weekdays": ["5", "0"]}, {"end": "00:00", "start": "02:00"}, {"first_day": "26/10/2026"}]
)
def test_a_series_without_such_a_time_asks_nothing(dr_bose, form):
    send_series(dr_bose, 303, **form)
    assert slots()


# from the command line


@pytest.fixture
def open_slots(app, bose, freeze):
    """``flask slots open`` for Dr Bose, who opens times of that night."""
    freeze(datetime(2026, 10, 20, 8, tzinfo=UTC))
    told = ["slots", "open", "--doctor", bose.user.email, "--day", "2026-10-25"]
    return lambda *more: app.test_cli_runner().invoke(args=[*told, *more])


TWICE = "Error: The clocks go back on Sunday 25 October 2026, so 01:30 happens twice: 01:30 BST and 01:30 GMT."


@pytest.mark.parametrize("more", [[], ["--visit-minutes", "30"]])
def test_a_command_that_could_mean_two_times_opens_none_and_names_both(open_slots, more):
    answer = open_slots("--start", "01:30", "--end", "02:30", *more)

    assert (answer.exit_code, answer.output.strip()) == (1, f"{TWICE} Add --start-which first or --start-which second.")
    assert slots() == []


@pytest.mark.parametrize("more", [[], ["--visit-minutes", "60"]])
@pytest.mark.parametrize(("which", "starts_at"), [("first", FIRST), ("second", SECOND)])
def test_a_command_opens_the_one_that_is_said(open_slots, which, starts_at, more):
    answer = open_slots("--start", "01:30", "--end", "02:30", "--start-which", which, *more)

    assert answer.exit_code == 0
    assert slots()[0][0] == starts_at


@pytest.mark.parametrize("more", [[], ["--visit-minutes", "30"]])
def test_an_end_that_comes_twice_is_said_too(open_slots, more):
    answer = open_slots("--start", "00:30", "--end", "01:30", *more)
    assert (answer.exit_code, answer.output.strip()) == (1, f"{TWICE} Add --end-which first or --end-which second.")

    assert open_slots("--start", "00:30", "--end", "01:30", "--end-which", "second", *more).exit_code == 0
    assert slots()[-1][1] == SECOND


# time off


def send_time_off(browser, do: str, status: int, **form):
    data = {"first_day": "25/10/2026", "start": "01:15", "end": "01:45", "do": do, **form}
    answer = browser.post("/doctor/exceptions", data={"csrf_token": browser.csrf_token(), **data})
    assert answer.status_code == status
    return answer.page


def away() -> list[tuple[datetime, datetime]]:
    return [(one.starts_at, one.ends_at) for one in db.session.scalars(db.select(TimeOff))]


def test_time_off_in_the_doubled_hour_covers_both_unless_one_is_chosen(dr_bose):
    page = send_time_off(dr_bose, "check", 200)
    assert "Sunday 25 October 2026, 01:15 BST to 01:45 GMT" in page.text
    assert "The clock shows 01:15 twice that day. To choose which one you mean, go back and edit." in page.text
    carried = page.find_form("/doctor/exceptions").values

    dr_bose.post("/doctor/exceptions", data=carried | {"do": "save"})

    assert away() == [(FIRST - HALF / 2, SECOND + HALF / 2)]


@pytest.mark.parametrize(("which", "around"), [("1", FIRST), ("2", SECOND)])
def test_time_off_can_be_in_one_of_the_two_hours_alone(dr_bose, which, around):
    page = send_time_off(dr_bose, "edit", 200)
    assert labels(page, "start_which") == ["01:15 BST, the first time", "01:15 GMT, the second time"]
    values = page.find_form("/doctor/exceptions").values
    assert (values["start_which"], values["end_which"]) == ("1", "2")

    page = send_time_off(dr_bose, "check", 200, start_which=which, end_which=which)
    dr_bose.post("/doctor/exceptions", data=page.find_form("/doctor/exceptions").values | {"do": "save"})

    assert away() == [(around - HALF / 2, around + HALF / 2)]


def test_time_off_that_would_end_before_it_starts_by_the_choice_is_refused(dr_bose):
    page = send_time_off(dr_bose, "check", 422, start_which="2", end_which="1")

    assert "The end must be after the start." in page.text


# copying that day


def test_both_of_two_equal_times_are_copied_to_a_day_that_has_both(bose, freeze):
    freeze(datetime(2026, 10, 20, 8, tzinfo=UTC))
    for starts_at in (FIRST, SECOND):
        make.slot(bose, starts_at=starts_at, minutes=30)
    next_night = date(2027, 10, 31)

    result = services.copy_day(bose, day=NIGHT, to_days=[next_night])

    assert (result.opened, result.overlapping, result.skipped_days) == (2, 0, [])
    assert [slot[0] for slot in slots()][2:] == [clock.on_wall(next_night, time(1, 30, fold=fold)) for fold in (0, 1)]


def test_what_an_ordinary_day_has_only_once_is_said_and_everything_else_is_copied(dr_bose, bose):
    for starts_at in (FIRST - HALF, FIRST, SECOND - HALF, SECOND, SECOND + HALF):
        make.slot(bose, starts_at=starts_at, minutes=30)

    data = {"csrf_token": dr_bose.csrf_token(), "to_days": ["2026-11-01", "2026-11-08"]}
    answer = dr_bose.post("/doctor/calendar/2026-10-25/copy", data=data)

    text = dr_bose.get(answer.location).page.text
    assert "6 slots added on 2 days." in text
    assert "01:00 happens twice on the day you copied, and only once on that day. Left out on 2 days." in text
    assert "because you already have a slot then" not in text
    copied = [clock.to_clinic(slot[0]) for slot in slots() if slot[0] > SECOND + timedelta(days=1)]
    assert [f"{wall:%d %H:%M}" for wall in copied] == [
        f"{d} {t}" for d in ("01", "08") for t in ("01:00", "01:30", "02:00")
    ]
