"""Why is there no time? Every segment of a doctor's day that patients are not offered has its reason in words."""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from hms import clock
from hms.auth.models import User
from hms.availability import booking_rules, queries, services
from hms.availability.models import Slot
from hms.availability.queries import offers
from hms.availability.services import planning
from hms.db import db, transaction
from hms.errors import NotFound, Refusal
from hms.scheduling import services as scheduling
from tests import make
from tests.depth import examples
from tests.race import invariants

MONDAY, THURSDAY = date(2026, 11, 23), date(2026, 11, 26)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def invariants_hold(session):
    """Asked of the rows at the end of every test here."""
    yield
    assert invariants.broken(session.connection()) == {}


def wall(moment: datetime) -> str:
    """What the clinic's wall shows."""
    return f"{clock.to_clinic(moment):%H:%M}"


def explained(doctor, day=THURSDAY) -> dict[str, str]:
    """The reasons of a day by their intervals."""
    return {f"{wall(each[0])}-{wall(each[1])}": each.reason for each in queries.explain_day(doctor.id, day)}


def words(doctor, day=THURSDAY) -> list[str]:
    """The reasons of a day in words."""
    return [each.words for each in queries.explain_day(doctor.id, day)]


def offered(doctor, day=THURSDAY) -> list[tuple[datetime, datetime]]:
    """The times of a day that patients can book at this moment."""
    starts_at, ends_at = clock.day_bounds(day)
    window = booking_rules.of(doctor.id).window
    own = select(Slot.starts_at, Slot.ends_at).where(Slot.doctor_id == doctor.id, Slot.status == "free")
    within = own.where(Slot.starts_at >= starts_at, Slot.starts_at < ends_at)
    within = within.where(Slot.starts_at >= window.opens_at, Slot.starts_at < window.closes_at)
    return [tuple(row) for row in db.session.execute(within)]


def covers_the_day(doctor, day=THURSDAY) -> None:
    """What is offered and what is explained fill the day, without overlap."""
    pieces = sorted([*offered(doctor, day), *(each[:2] for each in queries.explain_day(doctor.id, day))])
    pieces = [piece for piece in pieces if piece[0] < piece[1]]
    assert (pieces[0][0], pieces[-1][1]) == clock.day_bounds(day)
    assert all(one[1] == other[0] for one, other in pairwise(pieces)), pieces


def at(text: str, day=THURSDAY) -> datetime:
    """A moment by the wall."""
    return clock.from_clinic(day, time.fromisoformat(text))


def slot_at(doctor, text: str) -> Slot:
    """The doctor's slot of Thursday that starts then."""
    return db.session.scalars(select(Slot).where(Slot.doctor_id == doctor.id, Slot.starts_at == at(text))).one()


def test_a_day_says_every_reason_that_it_has(session, bose):
    make.schedule(bose, make.hours("09:00", "12:10", gap=10))
    make.slot(bose, day=THURSDAY, start=time(14))
    scheduling.book(slot_at(bose, "09:00").id, patient=make.patient(), idempotency_key="k")
    services.block_slot(slot_at(bose, "09:30").id, doctor=bose)
    services.delete_slot(slot_at(bose, "10:00").id, doctor=bose)
    services.note_busy_times(bose.id, [(at("10:35"), at("10:40"))], starts_at=at("00:00"), ends_at=at("23:00"))
    services.add_time_off(bose, starts_at=at("11:30"), ends_at=at("11:40"), reason="Dentist")
    assert explained(bose) == {
        "00:00-09:00": "outside-hours",
        "09:00-09:20": "booked",
        "09:20-09:30": "gap",
        "09:30-09:50": "blocked",
        "09:50-10:00": "gap",
        "10:00-10:20": "removed",
        "10:20-10:30": "gap",
        "10:30-10:50": "calendar",
        "10:50-11:00": "gap",
        "11:20-11:30": "gap",
        "11:30-11:50": "time-off",
        "11:50-12:10": "remainder",
        "12:10-14:00": "outside-hours",
        "14:20-00:00": "outside-hours",
    }
    covers_the_day(bose)
    assert {"Outside the weekly hours", "Booked", "Blocked by the doctor", "Time off: Dentist"} <= set(words(bose))


def test_a_closed_day_says_so_by_name(session, bose, eze):
    make.schedule(bose, make.hours("09:00", "12:00"))
    make.slot(eze, day=THURSDAY)
    services.add_closure(first_day=THURSDAY, last_day=THURSDAY, name="Founders’ Day")
    for doctor in (bose, eze):
        assert "The clinic is closed: Founders’ Day" in words(doctor)
        covers_the_day(doctor)
    while services.refresh_next():
        pass
    assert explained(bose) == {"00:00-09:00": "outside-hours", "09:00-12:00": "closure", "12:00-00:00": "outside-hours"}
    assert explained(eze)["09:00-09:20"] == "closure"


def test_a_time_of_ones_own_under_time_off_says_why(session, bose):
    make.slot(bose, day=THURSDAY)
    services.add_time_off(bose, starts_at=at("00:00"), ends_at=at("23:00"), reason="Ill")
    assert words(bose) == ["No weekly hours are set", "Time off: Ill", "No weekly hours are set"]


def test_notice_and_horizon_and_past_are_told_by_the_policy(session, bose, freeze):
    freeze(datetime(2026, 11, 23, 9, 10, tzinfo=UTC))
    services.set_clinic_rules(minimum_notice_minutes=30, horizon_days=1)
    make.schedule(bose, make.hours("09:00", "10:00"))
    assert explained(bose, MONDAY)["09:00-09:20"] == "past"
    assert explained(bose, MONDAY)["09:20-09:40"] == "minimum-notice"
    assert "09:40-10:00" not in explained(bose, MONDAY)
    assert "Starts in less than 30 minutes" in words(bose, MONDAY)
    assert set(explained(bose, THURSDAY).values()) == {"outside-hours", "beyond-horizon"}
    assert "More than 1 day ahead" in words(bose, THURSDAY)
    assert explained(bose, MONDAY - 7 * DAY) == {"00:00-00:00": "outside-hours"}  # the hours began today


def test_a_doctor_who_cannot_be_booked_is_the_reason(session):
    pending = make.doctor(is_approved=False)
    make.schedule(pending)
    assert explained(pending)["09:00-09:20"] == "doctor-pending"
    assert "The doctor is waiting for approval" in words(pending)
    with transaction():
        session.execute(update(User).where(User.id == pending.user_id).values(deactivated_at=clock.now()))
    session.expire_all()
    assert explained(pending)["09:00-09:20"] == "doctor-left"


def test_a_time_that_is_not_made_yet_says_so(session, bose):
    make.schedule(bose)
    services.set_clinic_rules(horizon_days=90)
    far = MONDAY + 84 * DAY
    assert explained(bose, far)["09:00-09:20"] == "being-made"
    services.refresh_next()
    assert "09:00-09:20" not in explained(bose, far)


def test_a_time_that_another_one_overlaps_says_so(session, bose):
    make.slot(bose, day=THURSDAY, start=time(9, 10))
    make.schedule(bose)
    assert explained(bose) == {
        "00:00-09:00": "outside-hours",
        "09:00-09:10": "overlap",
        "09:30-09:40": "overlap",
        "10:00-00:00": "outside-hours",
    }
    covers_the_day(bose)


def test_clock_changes_are_explained(session, bose):
    services.set_clinic_rules(horizon_days=400)
    make.schedule(bose, make.hours("00:30", "03:30", weekdays=[6], visit=30))
    spring, autumn = date(2027, 3, 28), date(2027, 10, 31)
    assert "The clocks go forward: 01:00 to 02:00 doesn’t exist on this day" in words(bose, spring)
    assert any(each.startswith("The clocks go back: 01:00 to 02:00 happens twice") for each in words(bose, autumn))
    for day in (spring, autumn):
        covers_the_day(bose, day)


def test_a_doctor_who_does_not_exist_is_not_found(session):
    with pytest.raises(NotFound):
        queries.explain_day(uuid4(), THURSDAY)


def test_a_day_is_explained_by_few_statements(session, bose, client):
    make.schedule(bose, make.hours("08:00", "18:00", visit=10))
    with client.statements() as asked:
        queries.explain_day(bose.id, THURSDAY)
    assert len(asked) <= 9


def open_one(doctor, moment):
    """A time of the doctor's own."""
    begin, end = (clock.to_clinic(each) for each in (moment, moment + timedelta(minutes=15)))
    services.open_slot(doctor, day=begin.date(), start=begin.time(), end=end.time())


def book(doctor, moment):
    """The next slot, by anybody."""
    scheduling.book(after(doctor, moment).id, patient=make.patient(), idempotency_key=make.new_key())


def be_busy(doctor, moment):
    """Another calendar has an hour."""
    busy = [(moment, moment + timedelta(hours=1))]
    services.note_busy_times(doctor.id, busy, starts_at=at("00:00"), ends_at=at("00:00") + DAY)


def change_the_hours(doctor, moment):
    """From this day on."""
    make.schedule(doctor, make.hours("07:00", "13:00", visit=30, weekdays=range(7)), first=THURSDAY)


def after(doctor, moment) -> Slot:
    """The doctor's next slot."""
    own = select(Slot).where(Slot.doctor_id == doctor.id, Slot.starts_at >= moment).order_by(Slot.starts_at)
    return db.session.scalars(own.limit(1)).one()


ACTS = [
    open_one,
    book,
    be_busy,
    change_the_hours,
    lambda doctor, moment: services.block_slot(after(doctor, moment).id, doctor=doctor),
    lambda doctor, moment: services.delete_slot(after(doctor, moment).id, doctor=doctor),
    lambda doctor, moment: services.add_time_off(doctor, starts_at=moment, ends_at=moment + timedelta(minutes=40)),
]
steps = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(36, 90)), min_size=2, max_size=7)


@given(steps=steps)
@examples(short=15, full=250)
def test_whatever_was_done_the_day_is_covered(session, steps):
    services.set_clinic_rules(horizon_days=4)
    doctor = make.doctor()
    make.schedule(doctor, make.hours("08:00", "12:00", visit=25, gap=5, weekdays=range(7)))
    for act, tens in steps:
        with suppress(Refusal):
            act(doctor, at("00:00") + timedelta(minutes=10 * tens))
        covers_the_day(doctor)
        left = planning.compare(doctor.id, offers.load_offer(doctor.id, since=clock.now())).changes
        assert (left.added, left.removed, left.marked) == ([], [], {})  # each act leaves the slots as they are planned
