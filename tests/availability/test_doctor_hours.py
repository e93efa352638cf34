"""Weekly hours as the doctor sees and changes them: rows, a look before saving, ending and deleting."""

from datetime import date, time, timedelta

import pytest

from hms import clock
from hms.availability.models import Schedule, Slot
from hms.availability.services import add_time_off
from hms.db import db
from hms.scheduling import queries
from tests import make

MONDAY = date(2026, 11, 23)  # the tests' clock starts on it at 08:00, in London
TUESDAY = MONDAY + timedelta(days=1)
ROW = {"start": "09:00", "end": "10:00", "visit": "20", "gap": "", "mode": "in-person"}


@pytest.fixture
def dr_bose(signed_in, bose):
    """A browser in which Dr Bose is signed in."""
    return signed_in(bose)


def sent(do: str = "check", *, rows=None, **others) -> dict[str, str]:
    """What the form sends: Mondays from 9 to 10 in visits of 20 minutes, from next Monday on for a week."""
    whole = {"valid_from": "2026-11-30", "valid_until": "2026-12-06", "timezone": "", "do": do}
    cells = {
        f"{name}-{part}": text for name, row in (rows or {"mon-0": {}}).items() for part, text in (ROW | row).items()
    }
    return whole | cells | others


def send(browser, *, to: str = "/doctor/hours/new", status: int = 200, **form):
    """Send the form; the page that answers."""
    answer = browser.post(to, data={"csrf_token": browser.csrf_token(), **sent(**form)})
    assert answer.status_code == status, answer.text[:2000]
    return answer if status == 303 else answer.page


def shown(page, name: str) -> list[str]:
    """The values of the fields whose name ends so."""
    form = next(form for form in page.forms if any("-start" in one or one == "valid_from" for one in form.names))
    return [str(value) for key, value in form.values.items() if key.endswith(name)]


def schedules_of(doctor) -> list[Schedule]:
    return list(db.session.scalars(db.select(Schedule).filter_by(doctor_id=doctor.id).order_by(Schedule.valid_from)))


def slots_of(doctor) -> list[Slot]:
    return list(db.session.scalars(db.select(Slot).filter_by(doctor_id=doctor.id).order_by(Slot.starts_at)))


def id_of_hours(doctor):
    (schedule,) = schedules_of(doctor)
    return schedule.id


# the page


def test_a_doctor_without_hours_finds_usual_ones_to_change(dr_bose):
    page = dr_bose.page("doctor.hours")

    assert page.heading == "Availability"
    assert shown(page, "mon-0-start") == ["09:00"]
    assert shown(page, "valid_from") == ["30/11/2026"]
    assert "This makes 420 slots in the 4 weeks from 30 November 2026." in page.text


def test_the_three_kinds_of_free_times_are_links_to_each_other(dr_bose):
    for endpoint in ("doctor.hours", "doctor.exceptions", "doctor.slots"):
        page = dr_bose.page(endpoint)
        for other in ("doctor.hours", "doctor.exceptions", "doctor.slots"):
            assert page.has_link_to(dr_bose.url(other)), (endpoint, other)


def test_the_hours_that_hold_are_open_and_the_others_listed(dr_bose, bose):
    make.schedule(bose, make.hours("09:00", "10:00"), first=MONDAY, last=date(2026, 12, 6))
    make.schedule(bose, make.hours("13:00", "15:00", weekdays=[0, 2], mode="online"), first=date(2026, 12, 7))

    page = dr_bose.page("doctor.hours")

    assert page.texts(".//ul[@aria-label='Your weekly hours']//h3") == [
        "23 November 2026 to 6 December 2026",
        "From 7 December 2026",
    ]
    assert "Mon to Fri 09:00–10:00" in page.text
    assert "Mon 13:00–15:00 online; Wed 13:00–15:00 online" in page.text
    assert shown(page, "mon-0-start") == ["09:00"]
    assert "This makes 60 slots in the next 4 weeks." not in page.text  # they end after two
    assert "This makes 30 slots in the next 4 weeks." in page.text


def test_another_doctors_hours_are_not_there(signed_in, bose, eze):
    make.schedule(bose)
    stranger, schedule_id = signed_in(eze), id_of_hours(bose)

    assert "Your hours" not in stranger.page("doctor.hours").text
    for endpoint in ("doctor.edit_hours", "doctor.end_hours", "doctor.delete_hours"):
        stranger.page(endpoint, schedule_id=schedule_id, status=404)
        send(stranger, to=stranger.url(endpoint, schedule_id=schedule_id), do="save", status=404)
    assert id_of_hours(bose) == schedule_id


def test_the_page_asks_the_database_as_often_for_many_visits_as_for_one(dr_bose, bose):
    make.schedule(bose)
    slots = slots_of(bose)
    make.appointment(doctor=bose, slot=slots[0])
    with dr_bose.statements() as few:
        dr_bose.page("doctor.hours")
    for slot in slots[1:6]:
        make.appointment(doctor=bose, slot=slot)
    with dr_bose.statements() as many:
        dr_bose.page("doctor.hours")

    assert len(many) == len(few) <= 10


# rows, without JavaScript


def test_a_row_is_added_and_nothing_is_saved(dr_bose, bose):
    page = send(dr_bose, do="add-mon", rows={"mon-0": {"start": "07:30"}})

    assert shown(page, "mon-0-start") == ["07:30"]
    assert shown(page, "mon-1-visit") == ["20"]
    assert schedules_of(bose) == []


def test_the_first_row_of_a_day_starts_with_the_usual_hours(dr_bose):
    page = send(dr_bose, do="add-sat")

    assert (shown(page, "sat-0-start"), shown(page, "sat-0-end")) == (["09:00"], ["12:00"])


def test_a_row_is_removed_and_the_others_move_up(dr_bose):
    page = send(dr_bose, do="remove-mon-0", rows={"mon-0": {}, "mon-1": {"start": "13:00", "end": "14:00"}})

    assert shown(page, "mon-0-start") == ["13:00"]
    assert shown(page, "mon-1-start") == []


def test_monday_is_copied_to_the_other_working_days_as_it_was_typed(dr_bose):
    page = send(dr_bose, do="copy-mon", rows={"mon-0": {"end": "nonsense", "gap": "5"}, "wed-3": {"start": "08:00"}})

    for day in ("tue", "wed", "thu", "fri"):
        assert (shown(page, f"{day}-0-end"), shown(page, f"{day}-0-gap")) == (["nonsense"], ["5"])
        assert shown(page, f"{day}-1-end") == []
    assert shown(page, "sat-0-end") == []


def test_the_working_days_have_the_same_hours_until_the_doctor_wants_others(dr_bose, bose):
    page = dr_bose.page("doctor.hours")
    assert page.texts(".//details[@class='hday']//h3") == ["Monday to Friday", "Saturday", "Sunday"]
    assert page.texts(".//details[@class='hday'][@open]//h3") == ["Monday to Friday"]

    page = send(dr_bose, do="add-mon", rows={"mon-0": {"visit": "30"}}, same="1")
    assert shown(page, "mon-1-visit") == ["30"]
    assert shown(page, "tue-0-start") == []
    apart = send(dr_bose, do="split", rows={"mon-0": {"visit": "30"}}, same="1")
    assert [shown(apart, f"{day}-0-visit") for day in ("mon", "fri", "sat")] == [["30"], ["30"], []]
    alike = send(dr_bose, do="join", rows={"mon-0": {"visit": "30"}, "tue-0": {"visit": "10"}})
    assert alike.texts(".//details[@class='hday']//h3")[0] == "Monday to Friday"

    carried = send(dr_bose, rows={"mon-0": {"visit": "30"}}, same="1").find_form("/doctor/hours/new").values
    dr_bose.post("/doctor/hours/new", data=carried | {"do": "save"})
    assert [(row.weekday, row.visit_minutes) for row in schedules_of(bose)[0].hours] == [(n, 30) for n in range(5)]


def test_what_is_wrong_with_the_same_hours_is_said_once(dr_bose):
    page = send(dr_bose, status=422, rows={"mon-0": {"end": "08:00"}}, same="1")

    links = [link.get("href") for link in page.all(".//div[@id='problem']//a")]
    assert links == ["#mon-0-end"]
    assert "Monday to Friday: the end must be after the start." in page.text


@pytest.mark.parametrize(
    ("do", "place"), [("add-sat", "sat-0-start"), ("remove-mon-0", "add-mon"), ("join", "split"), ("count", None)]
)
def test_after_a_change_of_rows_the_focus_is_where_it_was_made(dr_bose, do, place):
    page = send(dr_bose, do=do)

    assert [one.get("id") for one in page.all(".//main//*[@autofocus]")] == ([place] if place else [])


@pytest.mark.parametrize("typed", ["Europe/Madrid", "madrid", " MADRID ", "europe/madrid"])
def test_a_zone_is_found_by_its_city_and_the_page_shows_it_in_words(dr_bose, typed):
    page = send(dr_bose, do="count", timezone=typed)

    assert "These hours are in Madrid time." in page.text
    assert shown(page, "timezone") == ["Europe/Madrid"]
    assert not page.all(".//option[@value='Europe/Madrid']")


@pytest.mark.parametrize("typed", ["9", "09:00", "9.00am", "0900", "9 am"])
def test_times_are_read_as_people_write_them(dr_bose, bose, typed):
    send(dr_bose, do="save", status=303, rows={"mon-0": {"start": typed}})

    assert [row.start_minute for row in schedules_of(bose)[0].hours] == [9 * 60]


@pytest.mark.parametrize("do", ["add-xyz", "remove-mon-99", "remove-mon-", "copy-tue", "nonsense", "count", ""])
def test_an_act_that_is_none_changes_nothing(dr_bose, bose, do):
    assert shown(send(dr_bose, do=do), "mon-0-start") == ["09:00"]
    assert schedules_of(bose) == []


def test_the_times_are_counted_again(dr_bose):
    page = send(dr_bose, do="count", rows={"mon-0": {"visit": "30"}}, valid_until="")

    assert "This makes 8 slots in the 4 weeks from 30 November 2026." in page.text


def test_the_button_that_enter_presses_checks(dr_bose):
    page = dr_bose.page("doctor.hours")

    buttons = page.all(".//form//button[@name='do']")
    assert buttons[0].get("value") == "check"


# what cannot be


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rows": {"mon-0": {"start": ""}}}, "Monday: enter a start time."),
        ({"rows": {"mon-0": {"end": ""}}}, "Monday: enter an end time."),
        ({"rows": {"mon-0": {"end": "08:00"}}}, "Monday: the end must be after the start."),
        ({"rows": {"mon-0": {"end": "9 o'clock"}}}, "Monday: enter a time, like 09:40."),
        ({"rows": {"mon-0": {"start": "25:00"}}}, "Monday: enter a time, like 09:40."),
        ({"rows": {"mon-0": {"start": "24:00"}}}, "Monday: a day starts at 00:00."),
        ({"rows": {"mon-0": {"visit": "90"}}}, "Monday: no visit of 90 minutes fits between these times."),
        ({"rows": {"mon-0": {"visit": "4"}}}, "Monday: a visit must be between 5 minutes and 8 hours."),
        ({"rows": {"mon-0": {"visit": "²"}}}, "Monday: enter a number of minutes, like 20."),
        ({"rows": {"mon-0": {"gap": "481"}}}, "Monday: a gap must be between 0 minutes and 8 hours."),
        ({"rows": {"mon-0": {"gap": "-5"}}}, "Monday: enter a number of minutes, like 20."),
        ({"rows": {"mon-0": {"mode": "telepathy"}}}, "Monday: choose in person, online, or both."),
        ({"rows": {"tue-0": {}, "tue-1": {"start": "09:30", "end": "11:00"}}}, "Tuesday: these hours overlap 09:00 to"),
        ({"rows": {"tue-0": {"start": "09:30", "end": "11:00"}, "tue-1": {}}}, "Tuesday: these hours overlap 09:00 to"),
        (
            {"rows": {"sun-0": {"start": "22:00", "end": "00:00"}, "sun-1": {"start": "23:00", "end": "23:30"}}},
            "Sunday: t",
        ),
        (
            {"rows": {f"mon-{n}": {"start": f"{n:02}:00", "end": f"{n:02}:30"} for n in range(11)}},
            "Monday: you can add up to",
        ),
        ({"rows": {"xyz-0": {}}}, "Add hours on at least one day."),
        ({"rows": {"mon-²": {}}}, "Add hours on at least one day."),
        ({"valid_from": ""}, "Enter the day these hours start."),
        ({"valid_until": "2026-11-29"}, "The last day must be on or after the first."),
        ({"valid_until": "2100-01-01"}, "Enter a year between 2000 and 2099."),
        ({"valid_from": "9999-12-31", "valid_until": ""}, "Enter a year between 2000 and 2099."),
        ({"timezone": "a\x00b"}, "Enter a city that has its own time zone, like Madrid."),
        ({"timezone": "Mars/Olympus"}, "Enter a city that has its own time zone, like Madrid."),
        (
            {"timezone": "Louisville"},
            "There is more than one. Enter America/Kentucky/Louisville or America/Louisville.",
        ),
    ],
)
@pytest.mark.parametrize("do", ["check", "save"])
def test_hours_that_cannot_be_are_refused_and_what_was_typed_is_kept(dr_bose, bose, do, change, sentence):
    page = send(dr_bose, do=do, status=422, **change)

    assert page.title.startswith("Error: ")
    assert sentence in page.text
    assert schedules_of(bose) == []
    for name, row in change.get("rows", {}).items():
        if name[:3] in ("mon", "tue") and "²" not in name and int(name[4:]) < 10:
            assert shown(page, f"{name}-start") == [(ROW | row)["start"]]


def test_every_complaint_leads_to_its_field(dr_bose):
    page = send(dr_bose, status=422, rows={"mon-0": {"end": "08:00"}, "tue-0": {"visit": ""}}, valid_until="2020-01-01")

    links = [link.get("href") for link in page.all(".//div[@id='problem']//a")]
    assert links == ["#valid_until", "#mon-0-end", "#tue-0-visit"]


@pytest.mark.parametrize("midnight", ["00:00", "24:00"])
def test_hours_may_end_at_midnight(dr_bose, bose, midnight):
    send(dr_bose, do="save", status=303, rows={"mon-0": {"start": "23:00", "end": midnight}})

    assert [(row.start_minute, row.end_minute) for row in schedules_of(bose)[0].hours] == [(23 * 60, 24 * 60)]
    assert shown(dr_bose.page("doctor.hours"), "mon-0-end") == ["00:00"]


def test_hours_that_overlap_others_of_ones_own_are_refused(dr_bose, bose):
    make.schedule(bose, first=date(2026, 12, 1), last=date(2026, 12, 24))

    page = send(dr_bose, do="check", status=409, valid_until="")

    assert "There is a problem" in page.text
    assert shown(page, "mon-0-start") == ["09:00"]


# a look before saving


def test_the_check_says_what_is_added_and_saves_nothing(dr_bose, bose):
    page = send(dr_bose)

    assert page.heading == "Check the changes"
    assert "Nothing is saved yet." in page.text
    assert "Slots added 3" in page.text
    assert "Mon 30 Nov" in page.text
    assert "09:00, 09:20, 09:40" in page.text
    assert schedules_of(bose) == []
    assert slots_of(bose) == []


def test_what_was_checked_is_saved_with_what_the_page_carries(dr_bose, bose):
    page = send(dr_bose, rows={"mon-0": {"gap": "5", "mode": "both"}}, timezone="Europe/Madrid")
    carried = page.find_form("/doctor/hours/new").values

    answer = dr_bose.post("/doctor/hours/new", data=carried | {"do": "save"})

    assert answer.location == "/doctor/hours"
    assert "Saved. 2 slots added." in dr_bose.page("doctor.hours").text
    (schedule,) = schedules_of(bose)
    assert (schedule.timezone, schedule.valid_until) == ("Europe/Madrid", date(2026, 12, 6))
    assert [(row.visit_minutes, row.gap_minutes, row.mode) for row in schedule.hours] == [(20, 5, "both")]
    assert [(slot.starts_at.hour, slot.mode) for slot in slots_of(bose)] == [(8, "both"), (8, "both")]


def test_going_back_to_editing_keeps_everything(dr_bose):
    carried = send(dr_bose, rows={"wed-0": {"gap": "7"}}).find_form("/doctor/hours/new").values

    page = dr_bose.post("/doctor/hours/new", data=carried | {"do": "edit"}).page

    assert shown(page, "wed-0-gap") == ["7"]
    assert shown(page, "valid_until") == ["2026-12-06"]


def test_what_was_changed_between_checking_and_saving_is_checked_again(dr_bose, bose):
    carried = send(dr_bose).find_form("/doctor/hours/new").values
    make.schedule(bose, first=date(2026, 12, 1), last=date(2026, 12, 24))

    answer = dr_bose.post("/doctor/hours/new", data=carried | {"do": "save"})

    assert answer.status_code == 409
    assert len(schedules_of(bose)) == 1


def test_a_carried_form_that_was_tampered_with_is_refused(dr_bose, bose):
    carried = send(dr_bose).find_form("/doctor/hours/new").values

    answer = dr_bose.post("/doctor/hours/new", data=carried | {"mon-0-end": "08:00", "do": "save"})

    assert answer.status_code == 422
    assert schedules_of(bose) == []


def test_the_check_of_a_change_says_what_is_removed_kept_and_left_out(dr_bose, bose):
    make.schedule(bose, make.hours("09:00", "10:00", weekdays=[1]), first=TUESDAY, last=TUESDAY)
    make.slot(bose, day=TUESDAY, start=time(10, 10), minutes=15)
    change = {
        "rows": {"tue-0": {"start": "09:20", "end": "11:00"}},
        "valid_from": "2026-11-24",
        "valid_until": "2026-11-24",
    }

    page = send(dr_bose, to=f"/doctor/hours/{id_of_hours(bose)}", **change)

    assert "Slots added 1 Free slots removed 1 Kept 2 Left out 2" in page.text
    assert "leave out slots that overlap one that is booked" in page.text
    assert len(slots_of(bose)) == 4


def test_booked_times_that_no_longer_fit_are_named_and_stay(dr_bose, bose, asha):
    make.schedule(bose, make.hours("09:00", "10:00", weekdays=[1]), first=TUESDAY, last=TUESDAY)
    visit = make.appointment(asha, doctor=bose, slot=slots_of(bose)[0])
    change = {
        "rows": {"tue-0": {"start": "14:00", "end": "15:00"}},
        "valid_from": "2026-11-24",
        "valid_until": "2026-11-24",
    }

    page = send(dr_bose, to=f"/doctor/hours/{id_of_hours(bose)}", **change)

    assert "1 appointment would be outside your hours" in page.text
    assert page.has_link_to(dr_bose.url("doctor.appointment", appointment_id=visit.id))
    send(dr_bose, to=f"/doctor/hours/{id_of_hours(bose)}", do="save", status=303, **change)
    assert "1 appointment outside your hours" in dr_bose.page("doctor.hours").text
    left = dr_bose.page("doctor.unfit")
    assert "09:00 Asha Rao" in left.text
    assert left.has_link_to(dr_bose.url("doctor.cancel", appointment_id=visit.id))
    assert queries.get_appointment(visit.id, doctor=bose).status == "booked"


ONE_TUESDAY = {"valid_from": "2026-11-24", "valid_until": "2026-11-24"}


def test_hours_that_changed_in_another_tab_are_looked_at_again_before_saving(dr_bose, bose):
    make.schedule(bose, make.hours("09:00", "10:00", weekdays=[1]), first=TUESDAY, last=TUESDAY)
    path = f"/doctor/hours/{id_of_hours(bose)}"
    looked_at = send(dr_bose, to=path, rows={"tue-0": {"end": "11:00"}}, **ONE_TUESDAY).find_form(path).values
    send(dr_bose, to=path, do="save", status=303, rows={"tue-0": {"end": "12:00"}}, **ONE_TUESDAY)

    again = dr_bose.post(path, data=looked_at | {"do": "save"})

    assert again.status_code == 409
    assert again.page.title.startswith("Error: ")
    assert "Nothing was saved." in again.page.text
    assert "Free slots removed 3" in again.page.text  # those that the other tab made
    assert len(slots_of(bose)) == 9
    assert dr_bose.post(path, data=again.page.find_form(path).values | {"do": "save"}).status_code == 303
    assert len(slots_of(bose)) == 6


def test_a_visit_booked_since_the_look_is_named_before_anything_is_saved(dr_bose, bose, asha):
    make.schedule(bose, make.hours("09:00", "10:00", weekdays=[1]), first=TUESDAY, last=TUESDAY)
    path, rows = f"/doctor/hours/{id_of_hours(bose)}", {"tue-0": {"start": "14:00", "end": "15:00"}}
    looked_at = send(dr_bose, to=path, rows=rows, **ONE_TUESDAY).find_form(path).values
    make.appointment(asha, doctor=bose, slot=slots_of(bose)[0])

    again = dr_bose.post(path, data=looked_at | {"do": "save"})

    assert again.status_code == 409
    assert again.page.title.startswith("Error: ")
    assert "1 appointment would be outside your hours" in again.page.text
    assert [f"{slot.starts_at:%H}" for slot in slots_of(bose)] == ["09", "09", "09"]


@pytest.mark.parametrize(
    ("endpoint", "do"), [("doctor.end_hours", {"last_day": "2026-11-23"}), ("doctor.delete_hours", {})]
)
def test_hours_end_and_go_only_as_they_were_looked_at(dr_bose, bose, asha, endpoint, do):
    make.schedule(bose, make.hours(weekdays=[1]), first=MONDAY, last=TUESDAY)
    path = dr_bose.url(endpoint, schedule_id=id_of_hours(bose))
    page = dr_bose.post(path, data={"csrf_token": dr_bose.csrf_token(), "do": "check"} | do).page if do else None
    looked_at = (page or dr_bose.page(endpoint, schedule_id=id_of_hours(bose))).find_form(path).values
    make.appointment(asha, doctor=bose, slot=slots_of(bose)[0])

    again = dr_bose.post(path, data=looked_at | {"do": "save"})

    assert again.status_code == 409
    assert again.page.title.startswith("Error: ")
    assert "1 appointment would be outside your hours" in again.page.text
    assert schedules_of(bose)[0].valid_until == TUESDAY
    assert dr_bose.post(path, data=again.page.find_form(path).values | {"do": "save"}).status_code == 303


def test_booked_times_that_do_not_fit_already_are_told_apart(dr_bose, bose, asha, chen):
    make.schedule(bose, make.hours("09:00", "10:00", weekdays=[1]), first=TUESDAY, last=TUESDAY)
    first, second, _ = slots_of(bose)
    make.appointment(asha, doctor=bose, slot=first)
    make.appointment(chen, doctor=bose, slot=second)
    add_time_off(bose, starts_at=first.starts_at, ends_at=first.ends_at)

    page = dr_bose.page("doctor.delete_hours", schedule_id=id_of_hours(bose))

    assert "1 appointment would be outside your hours" in page.text
    assert "Chen Wei" in page.text
    assert "Asha Rao" not in page.text
    assert "1 appointment (opens in a new tab) is already outside your hours." in page.text


def test_without_booked_times_that_do_not_fit_the_list_says_so(dr_bose):
    assert "No appointments outside your hours" in dr_bose.page("doctor.unfit").text


def test_new_hours_end_those_until_further_notice_and_the_check_says_when(dr_bose, bose):
    make.schedule(bose, first=MONDAY)

    page = send(dr_bose, valid_until="")

    assert "Your hours from 23 November 2026 end on 29 November 2026." in page.text


def test_hours_in_another_zone_are_named_so_and_shown_in_clinic_time(dr_bose, bose):
    page = send(dr_bose, timezone="America/New_York")

    assert "Time zone New York time" in page.text
    assert "Your calendar and patients see them in UK time." in page.text
    assert "14:00, 14:20, 14:40" in page.text


def test_clock_changes_among_the_hours_are_told_for_both_zones(signed_in, bose, freeze):
    freeze(clock.from_clinic(date(2027, 3, 1), time(9)))
    page = send(signed_in(bose), valid_from="2027-03-08", valid_until="2027-04-04", timezone="America/New_York")

    assert "The clocks go forward in New York on Sunday 14 March." in page.text
    assert "The clocks go forward on Sunday 28 March." in page.text


# ending and deleting


def test_hours_end_after_a_look_at_what_goes(dr_bose, bose):
    make.schedule(bose, make.hours(weekdays=[0, 1]), first=MONDAY, last=date(2026, 12, 6))
    path = dr_bose.url("doctor.end_hours", schedule_id=id_of_hours(bose))

    page = dr_bose.submit(
        "doctor.end_hours", {"last_day": "2026-11-29"}, status=200, schedule_id=id_of_hours(bose)
    ).page

    assert "Free slots removed 6 Kept 6" in page.text
    assert schedules_of(bose)[0].valid_until == date(2026, 12, 6)
    dr_bose.post(path, data=page.find_form(path).values | {"do": "save"})
    assert schedules_of(bose)[0].valid_until == date(2026, 11, 29)
    assert len(slots_of(bose)) == 6


@pytest.mark.parametrize("do", ["check", "save"])
@pytest.mark.parametrize("last_day", ["2026-11-22", "", "nonsense"])
def test_hours_do_not_end_before_they_start(dr_bose, bose, do, last_day):
    make.schedule(bose, first=MONDAY)
    path = dr_bose.url("doctor.end_hours", schedule_id=id_of_hours(bose))

    data = {"csrf_token": dr_bose.csrf_token(), "last_day": last_day, "do": do}
    answer = dr_bose.post(path, data=data)

    assert answer.status_code == 422
    assert answer.page.title.startswith("Error: ")
    assert schedules_of(bose)[0].valid_until is None


def test_hours_are_deleted_with_their_free_times_after_a_look(dr_bose, bose, asha):
    make.schedule(bose, make.hours(weekdays=[1]), first=TUESDAY, last=TUESDAY)
    make.appointment(asha, doctor=bose, slot=slots_of(bose)[0])

    page = dr_bose.page("doctor.delete_hours", schedule_id=id_of_hours(bose))

    assert page.heading == "Delete these hours?"
    assert "Free slots removed 2 Kept 0" in page.text
    assert "1 appointment would be outside your hours" in page.text
    dr_bose.submit("doctor.delete_hours", schedule_id=id_of_hours(bose))
    assert schedules_of(bose) == []
    assert [slot.status for slot in slots_of(bose)] == ["busy"]


def test_time_off_takes_times_out_of_the_count(dr_bose, bose):
    add_time_off(bose, starts_at=slot_day(30), ends_at=slot_day(31))

    assert "This makes 3 slots in the 4 weeks" in send(dr_bose, do="count", valid_until="2026-12-07").text


def slot_day(day: int):
    """Midnight of a day counted from 1 November 2026."""
    return clock.start_of_day(date(2026, 11, 1) + timedelta(days=day - 1))
