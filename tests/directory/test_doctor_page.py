"""A doctor's page, as anybody sees it: the week, the day, days on which the clocks change, the photo."""

from datetime import UTC, date, datetime, time
from io import BytesIO

import pytest
from PIL import Image

from hms.auth import services as auth
from hms.availability import services
from tests import make
from tests.booking_page import block, open_times

TUESDAY, THURSDAY = date(2026, 11, 24), date(2026, 11, 26)
NO_DAYS = [
    *("tomorrow", "", "2026-02-30", "2026-13-01", "1999-01-01", "9999-12-31", "0000-00-00"),
    *("2026-11-22", "²026-11-26", "*"),
]


# ---- a doctor's page


def test_a_day_shows_its_free_times_in_parts(client, bose):
    open_times(bose, THURSDAY, time(9), time(11, 40), time(12), time(16, 40), time(17))
    page = client.page("directory.doctor", doctor_id=bose.id, day="2026-11-26")
    assert "Thursday 26 November, 5 free slots" in page.texts(".//h3")
    assert page.texts(".//h4") == ["Morning before 12:00", "Afternoon 12:00 to 17:00", "Evening from 17:00"]


def test_parts_without_times_are_left_out(client, bose):
    open_times(bose, THURSDAY, time(14))
    page = client.page("directory.doctor", doctor_id=bose.id)
    assert page.texts(".//h4") == ["Afternoon 12:00 to 17:00"]
    assert "Thursday 26 November, 1 free slot" in page.texts(".//h3")


def test_the_week_strip_counts_and_only_days_with_free_times_are_links(client, bose, asha):
    open_times(bose, THURSDAY, time(9), time(10))
    make.appointment(asha, slot=make.slot(bose, day=TUESDAY))
    page = client.page("directory.doctor", doctor_id=bose.id)
    days = page.all(".//ol/li/*")
    assert [day.tag for day in days] == ["span", "span", "span", "a", "span", "span", "span"]
    text = " ".join(page.texts(".//ol/li"))
    assert "Thursday 26 November, 2 free" in text
    assert "Tuesday 24 November, no free slots (full)" in text
    assert "Wednesday 25 November, no free slots Thursday" in text


def test_the_page_opens_on_the_earliest_free_day(client, bose):
    make.slot(bose, day=date(2026, 12, 10), start=time(9, 40))
    page = client.page("directory.doctor", doctor_id=bose.id)
    assert "Thursday 10 December, 1 free slot" in page.texts(".//h3")
    assert page.link("Next free slot: Thursday 10 December, 09:40").endswith("?day=2026-12-10#times")


def test_a_time_leads_to_check_and_book(client, bose):
    slot = make.slot(bose, day=THURSDAY)
    page = client.page("directory.doctor", doctor_id=bose.id)
    assert page.link("09:00 on Thursday 26 November with Dr Anil Bose") == f"/patient/slots/{slot.id}/book"


def test_weeks_lead_to_each_other_but_not_into_the_past(client, bose):
    make.slot(bose, day=THURSDAY)
    this_week = client.page("directory.doctor", doctor_id=bose.id)
    assert not [link for link in this_week.links if "day=2026-11-16" in link]
    next_week = client.get(this_week.link("Next week")).page
    assert next_week.link("Previous week") == f"/doctors/{bose.id}?day=2026-11-23"


@pytest.mark.parametrize("day", NO_DAYS)
def test_a_bad_day_shows_this_week(client, bose, day):
    make.slot(bose, day=THURSDAY)
    page = client.page("directory.doctor", doctor_id=bose.id, day=day)
    assert "Thursday 26 November, 1 free slot" in page.texts(".//h3")


def test_the_last_day_of_the_calendar_is_shown_too(client, bose):
    make.slot(bose, day=THURSDAY)
    page = client.page("directory.doctor", doctor_id=bose.id, day="2099-12-31")
    assert "You can’t book these days yet" in page.texts(".//h3")


def test_a_full_week_leads_to_the_next_free_day_and_to_other_doctors(client, bose):
    make.slot(bose, day=date(2026, 12, 10))
    page = client.page("directory.doctor", doctor_id=bose.id, day="2026-11-30")
    assert "No free slots from 30 November to 6 December" in page.texts(".//h3")
    assert page.link("Go to Thursday 10 December") == f"/doctors/{bose.id}?day=2026-12-10"
    assert page.link("Other doctors in Cardiology") == "/doctors?specialty=cardiology"
    assert page.link("020 7946 0100") == "tel:+442079460100"


def test_a_doctor_with_nothing_free_leads_to_others_and_to_the_phone(client, bose):
    page = client.page("directory.doctor", doctor_id=bose.id)
    assert "Dr Anil Bose has no free slots at the moment" in page.texts(".//h3")
    assert page.link("Other doctors in Cardiology") == "/doctors?specialty=cardiology"


def test_times_inside_the_minimum_notice_are_not_offered(client, bose, freeze):
    make.slot(bose, day=TUESDAY, start=time(9))
    freeze(datetime(2026, 11, 24, 8, 30, tzinfo=UTC))
    page = client.page("directory.doctor", doctor_id=bose.id)
    assert "no free slots at the moment" in page.text


def test_the_promise_names_the_zone_and_until_when_one_can_cancel(client, bose):
    make.slot(bose, day=THURSDAY)
    text = client.page("directory.doctor", doctor_id=bose.id).text
    assert "All times are UK time." in text
    assert "You can cancel online until the same time on Wednesday 25 November." in text
    assert "hold" not in text.casefold()


def test_a_doctors_page_costs_one_statement(client, bose):
    open_times(bose, THURSDAY, time(9), time(10))
    address = f"/doctors/{bose.id}"
    with client.statements() as statements:
        assert client.get(address).status_code == 200
    assert len(statements) == 1


def test_seven_days_are_shown_from_today_on(client, bose, freeze):
    freeze(datetime(2026, 11, 26, 8, tzinfo=UTC))
    make.slot(bose, day=date(2026, 12, 1))
    make.slot(bose, day=date(2026, 12, 4))
    page = client.page("directory.doctor", doctor_id=bose.id)
    days = " ".join(page.texts(".//ol/li"))
    assert days.startswith("Thursday 26 November, no free slots")
    assert "Tuesday 1 December, 1 free" in days
    assert "4 December" not in days
    assert page.link("Next week").endswith("?day=2026-12-03") or page.link("Next week").endswith("?day=2026-12-08")
    later = client.page("directory.doctor", doctor_id=bose.id, day="2026-12-04")
    assert later.texts(".//ol/li")[0].startswith("Thursday 3 December")
    address = f"/doctors/{bose.id}?day=2026-12-04"
    with client.statements() as statements:
        client.get(address)
    assert len(statements) == 1


def test_a_closed_day_says_why_and_where_to_go_on(client, bose):
    make.slot(bose, day=date(2026, 12, 21))
    make.slot(bose, day=date(2026, 12, 27))
    services.add_closure(first_day=date(2026, 12, 25), last_day=date(2026, 12, 26), name="Christmas")
    page = client.page("directory.doctor", doctor_id=bose.id, day="25 December")
    assert "Friday 25 December, closed: Christmas" in page.texts(".//h3")
    assert page.link("Go to Sunday 27 December").endswith("?day=2026-12-27")
    assert page.link("Friday 25 December, closed").endswith("?day=2026-12-25")
    assert "closed" not in client.page("directory.doctor", doctor_id=bose.id, day="2026-12-21").texts(".//h3")[0]


def test_a_day_is_found_as_people_write_it_and_one_that_is_none_is_said(client, bose):
    make.slot(bose, day=THURSDAY)
    make.slot(bose, day=date(2026, 12, 4))
    page = client.page("directory.doctor", doctor_id=bose.id, day="Fri 4 Dec")
    assert "Friday 4 December, 1 free slot" in page.texts(".//h3")
    assert "We couldn’t find that day" in client.page("directory.doctor", doctor_id=bose.id, day="soon").text
    full = client.page("directory.doctor", doctor_id=bose.id, day="2026-11-25")
    assert "There are no free slots on Wednesday 25 November." in full.text


def test_the_promise_holds_for_the_day_that_is_shown(client, bose, freeze):
    freeze(datetime(2026, 11, 23, 10, tzinfo=UTC))
    open_times(bose, date(2026, 11, 23), time(15))
    open_times(bose, TUESDAY, time(9), time(14))
    make.slot(bose, day=THURSDAY)
    said = {
        "2026-11-23": "Slots on this day are less than 24 hours away, so you can’t cancel them online.",
        "2026-11-24": "From 14:00 on, you can cancel online until 24 hours before. Earlier slots",
        "2026-11-26": "You can cancel online until the same time on Wednesday 25 November.",
    }
    for day, promise in said.items():
        assert promise in client.page("directory.doctor", doctor_id=bose.id, day=day).text
    services.set_doctor_rules(bose.id, cancellation_hours=2)
    text = client.page("directory.doctor", doctor_id=bose.id, day="2026-11-26").text
    assert "You can cancel online until 2 hours before." in text


def test_a_doctor_who_is_online_only_is_so_on_every_page(client, bose):
    make.slot(bose, day=THURSDAY, mode="online")
    page = client.page("directory.doctor", doctor_id=bose.id)
    assert "Online only" in page.text
    assert "Where to go" not in page.text
    assert page.all(".//*[@id='visitor-zone']")[0].get("data-zone") == "Europe/London"
    assert "Online only" in client.page("directory.doctors").text
    make.slot(bose, day=date(2026, 11, 27))
    for page in (client.page("directory.doctor", doctor_id=bose.id), client.page("directory.doctors")):
        assert "Also online" in page.text
    assert "Where to go" in client.page("directory.doctor", doctor_id=bose.id).text


# ---- what the rules of booking hide


def test_a_time_beyond_the_horizon_is_not_offered_and_the_page_says_until_when(client, bose):
    make.slot(bose, day=date(2027, 1, 22))
    make.slot(bose, day=date(2027, 1, 23))
    page = client.page("directory.doctor", doctor_id=bose.id, day="2027-01-22")
    assert "Friday 22 January, 1 free slot" in page.texts(".//h3")
    assert "You can book up to Friday 22 January (60 days ahead)." in page.text
    assert "Saturday 23 January, no free slots (not yet)" in " ".join(page.texts(".//ol/li"))


def test_nobody_walks_past_the_last_week_that_is_open(client, bose):
    make.slot(bose, day=date(2027, 1, 18))
    page = client.page("directory.doctor", doctor_id=bose.id, day="2027-01-18")
    assert not [link for link in page.links if "day=2027-01-25" in link]
    assert page.link("Previous week") == f"/doctors/{bose.id}?day=2027-01-11"


def test_a_week_beyond_the_horizon_says_from_when_it_can_be_booked_and_leads_back(client, bose):
    make.slot(bose, day=THURSDAY)
    make.slot(bose, day=date(2027, 3, 3))
    page = client.page("directory.doctor", doctor_id=bose.id, day="2027-03-03")
    assert "You can’t book these days yet" in page.texts(".//h3")
    assert "Monday 1 March can be booked from Thursday 31 December 2026." in page.text
    assert page.link("Previous week") == f"/doctors/{bose.id}?day=2027-01-18"
    assert page.link("Go to Thursday 26 November") == f"/doctors/{bose.id}?day=2026-11-26"


def test_a_doctor_whose_times_are_all_too_far_ahead_says_how_far_bookings_open(client, bose):
    make.slot(bose, day=date(2027, 3, 3))
    page = client.page("directory.doctor", doctor_id=bose.id)
    assert "Dr Anil Bose has no free slots at the moment" in page.texts(".//h3")
    assert "Bookings open 60 days ahead, so new times can appear every day." in page.text


def test_times_inside_the_minimum_notice_can_be_asked_for_by_telephone(client, bose, freeze):
    make.slot(bose, day=TUESDAY, start=time(9))
    freeze(datetime(2026, 11, 24, 8, 30, tzinfo=UTC))
    page = client.page("directory.doctor", doctor_id=bose.id)
    assert "Call us on 020 7946 0100 for times within the next hour." in page.text
    make.slot(bose, day=TUESDAY, start=time(15))
    page = client.page("directory.doctor", doctor_id=bose.id)
    assert "Call us on 020 7946 0100 for times within the next hour." in page.text
    assert "1 free slot" in page.text


def test_a_page_without_such_times_speaks_of_no_rule(client, bose):
    make.slot(bose, day=THURSDAY)
    text = client.page("directory.doctor", doctor_id=bose.id).text
    assert "for times within" not in text
    assert "days ahead" not in text


def test_a_doctors_own_rules_hold_on_the_page_and_in_the_directory(client, bose, eze):
    for doctor in (bose, eze):
        open_times(doctor, TUESDAY, time(9))
        open_times(doctor, date(2026, 12, 10), time(9))
    services.set_doctor_rules(bose.id, minimum_notice_minutes=48 * 60, horizon_days=10)
    page = client.page("directory.doctor", doctor_id=bose.id)
    assert "has no free slots at the moment" in page.text
    assert "Bookings open 10 days ahead" in page.text
    assert client.page("directory.doctor", doctor_id=eze.id).link("09:00 on Tuesday 24 November")
    cards = client.page("directory.doctors").texts(".//article")
    assert "09:00 on Tuesday 24 November" in cards[0]
    assert "No free slots at the moment." in cards[1]


def test_blocked_times_are_nowhere(client, bose):
    slot = make.slot(bose, day=THURSDAY)
    block(slot)
    for page in (client.page("directory.doctor", doctor_id=bose.id), client.page("directory.doctors")):
        assert not [link for link in page.links if "/patient/slots/" in link]
    days = client.page("directory.doctor", doctor_id=bose.id, day="2026-11-26").texts(".//ol/li")
    assert days == []


# ---- days on which the clocks change


def test_the_day_on_which_the_clocks_go_forward_says_so(client, bose):
    services.set_clinic_rules(horizon_days=365)
    open_times(bose, date(2027, 3, 28), time(9))
    page = client.page("directory.doctor", doctor_id=bose.id, day="2027-03-28")
    assert "The clocks go forward on Sunday 28 March." in page.text
    assert "UK time" in page.text
    before = client.page("directory.doctor", doctor_id=bose.id, day="2027-03-22")
    assert "Sunday 28 March, 1 free slot" in before.text


def test_a_time_that_comes_twice_names_its_zone(client, bose, freeze):
    freeze(datetime(2026, 10, 20, 8, tzinfo=UTC))
    first = make.slot(bose, starts_at=datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    page = client.page("directory.doctor", doctor_id=bose.id, day="2026-10-25")
    assert "The clocks go back on Sunday 25 October." in page.text
    assert page.link("01:30 BST on Sunday 25 October") == f"/patient/slots/{first.id}/book"


def test_an_ordinary_day_says_nothing_of_clocks(client, bose):
    make.slot(bose, day=THURSDAY)
    assert "The clocks" not in client.page("directory.doctor", doctor_id=bose.id).text


# ---- the photo


@pytest.fixture
def photographed(bose):
    """Dr Bose with a photo."""
    add_photo(bose)
    return bose


def add_photo(doctor) -> None:
    kept = ("bio", "years_of_experience", "phone", "room", "languages", "visit_minutes", "fee_minor")
    auth.update_doctor(
        doctor,
        full_name=doctor.user.full_name,
        specialty=doctor.specialty.slug,
        photo=a_picture(),
        **{name: getattr(doctor, name) for name in kept},
    )


def a_picture() -> bytes:
    picture = BytesIO()
    Image.new("RGB", (600, 400), "teal").save(picture, "PNG")
    return picture.getvalue()


def test_a_photo_is_kept_by_browsers_for_as_long_as_its_version_stands(client, photographed):
    address = client.page("directory.doctor", doctor_id=photographed.id).all(".//main//img")[0].get("src")
    answer = client.get(address)
    assert answer.mimetype == "image/jpeg"
    assert answer.data.startswith(b"\xff\xd8")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_photo_without_its_version_is_not_kept(client, photographed):
    answer = client.get(f"/doctors/{photographed.id}/photo")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_photo_of_a_pending_doctor_is_not_shown(client, pending):
    add_photo(pending)
    client.page("directory.photo", doctor_id=pending.id, status=404)


def test_a_doctor_without_a_photo_has_initials_instead(client, bose):
    assert not client.page("directory.doctor", doctor_id=bose.id).all(".//main//img")
    client.page("directory.photo", doctor_id=bose.id, status=404)
