"""Making slots, taking them away and booking them, all at once: nothing booked is removed, nothing is made twice."""

from datetime import time, timedelta

import pytest
from sqlalchemy import func, select, text

from hms import clock
from hms.availability import services
from hms.availability.models import DoctorPlan, Slot, SlotStatus, TimeOff
from hms.availability.services import planning
from hms.db import Busy, db
from hms.errors import Conflict, NotFound
from hms.scheduling import services as scheduling
from hms.scheduling.models import Appointment
from tests import make
from tests.depth import depth
from tests.race.crowd import at_once
from tests.race.invariants import MUST_FIND_NOTHING

pytestmark = pytest.mark.race

held = pytest.mark.usefixtures("all_invariants_hold")

ROUNDS = range(depth(short=3, full=50))
DAY = timedelta(days=1)


def a_doctor(*, horizon: int = 6):
    """A doctor who works from 9 to 10 in three visits a day, and the first slot of tomorrow."""
    services.set_clinic_rules(horizon_days=horizon)
    doctor = make.doctor()
    make.schedule(doctor, make.hours(weekdays=range(7)))
    return doctor, slots_of(doctor)


def slots_of(doctor) -> list[Slot]:
    """The slots from tomorrow on, in order, as plain objects that any thread may read."""
    tomorrow = clock.start_of_day(clock.today() + DAY)
    own = select(Slot).where(Slot.doctor_id == doctor.id, Slot.starts_at >= tomorrow).order_by(Slot.starts_at)
    return list(db.session.scalars(own.execution_options(populate_existing=True)))


def on_their_own(*people) -> None:
    """Let any thread read them."""
    for person in people:
        _ = person.id, person.user_id
    db.session.expunge_all()


def book(slot, patient):
    """A piece of work: book the slot for the patient."""
    slot_id = slot.id
    return lambda: scheduling.book(slot_id, patient=patient, idempotency_key=make.new_key())


def booked() -> set:
    """The ids of the appointments that hold their time, and of their slots."""
    live = select(Appointment.id, Appointment.slot_id).where(Appointment.status != "cancelled")
    return {tuple(row) for row in db.session.execute(live)}


def check(bookings) -> None:
    """Everything that somebody was told is booked is booked, on a slot that is there; the others were refused."""
    told = {(each.id, each.slot_id) for each in bookings if isinstance(each, Appointment)}
    assert booked() == told
    for _, slot_id in told:
        assert db.session.get(Slot, slot_id, populate_existing=True).status == SlotStatus.BUSY
    refusals = [each for each in bookings if not isinstance(each, Appointment)]
    assert all(isinstance(each, Conflict | NotFound | Busy) for each in refusals), refusals


# -- one act against many bookings ---------------------------------------------------------------------------------


def save_other_hours(doctor, slots):
    """Visits of half an hour from now on."""
    schedule_id = planning.offers.schedules_of(doctor.id)[0].id
    return lambda: services.save_schedule(doctor, make.draft(make.hours(visit=30), schedule_id=schedule_id))


def remove_the_hours(doctor, slots):
    """No hours at all."""
    schedule_id = planning.offers.schedules_of(doctor.id)[0].id
    return lambda: services.delete_schedule(schedule_id, doctor=doctor)


def take_time_off(doctor, slots):
    """Away all the time."""
    starts_at, ends_at = slots[0].starts_at, slots[-1].ends_at
    return lambda: services.add_time_off(doctor, starts_at=starts_at, ends_at=ends_at)


def close_the_clinic(doctor, slots):
    """Nobody is there, for all the time."""
    first, last = (clock.to_clinic(slot.starts_at).date() for slot in (slots[0], slots[-1]))
    return lambda: services.add_closure(first_day=first, last_day=last, name="Fire")


def be_busy_elsewhere(doctor, slots):
    """Another calendar is full."""
    starts_at, ends_at = slots[0].starts_at, slots[-1].ends_at
    return lambda: services.note_busy_times(doctor.id, [(starts_at, ends_at)], starts_at=starts_at, ends_at=ends_at)


ACTS = [save_other_hours, remove_the_hours, take_time_off, close_the_clinic, be_busy_elsewhere]


@held
@pytest.mark.parametrize("attempt", ROUNDS)
@pytest.mark.parametrize("act", ACTS)
def test_what_is_booked_at_the_same_moment_stays_and_the_rest_goes(together, act, attempt):
    doctor, slots = a_doctor()
    people = [make.patient() for _ in slots[:12]]
    work = act(doctor, slots)
    on_their_own(*people, doctor)
    bookings = [book(slot, patient) for slot, patient in zip(slots, people, strict=False)]
    done, *outcomes = together([work, *bookings])
    assert not isinstance(done, Exception), done
    check(outcomes)
    services.refresh_plan(doctor.id)
    check(outcomes)
    if act is not save_other_hours:
        assert SlotStatus.FREE not in {slot.status for slot in slots_of(doctor)}


@held
@pytest.mark.parametrize("attempt", ROUNDS)
def test_a_slot_is_booked_or_blocked_never_both(together, attempt):
    doctor, slots = a_doctor()
    patient = make.patient()
    on_their_own(patient, doctor)
    outcome, blocked = together([book(slots[0], patient), lambda: services.block_slot(slots[0].id, doctor=doctor)])
    check([outcome])
    assert isinstance(outcome, Appointment) != isinstance(blocked, Slot)
    status = db.session.get(Slot, slots[0].id, populate_existing=True).status
    assert status == (SlotStatus.BUSY if isinstance(outcome, Appointment) else SlotStatus.BUSY_UNAVAILABLE)


@held
@pytest.mark.parametrize("attempt", ROUNDS)
def test_a_visit_that_is_cancelled_while_the_doctor_takes_time_off_frees_nothing(together, attempt):
    doctor, slots = a_doctor()
    own = services.open_slot(doctor, day=clock.today() + 2 * DAY, start=time(15), end=time(16))
    visits = [make.appointment(slot=slot) for slot in (slots[3], own)]
    patients = [visit.patient for visit in visits]
    ids = [visit.id for visit in visits]
    work = take_time_off(doctor, slots_of(doctor))
    on_their_own(*patients, doctor)
    cancelling = [
        lambda i=i, p=p: scheduling.cancel_as_patient(i, patient=p) for i, p in zip(ids, patients, strict=True)
    ]
    outcomes = together([work, *cancelling])
    assert outcomes.kinds == {"TimeOff": 1, "Appointment": 2}, outcomes
    assert SlotStatus.FREE not in {slot.status for slot in slots_of(doctor)}


# -- making slots --------------------------------------------------------------------------------------------------


@held
@pytest.mark.parametrize("attempt", ROUNDS)
def test_slots_are_made_once_however_many_make_them(together, attempt):
    services.set_clinic_rules(horizon_days=3)
    doctor = make.doctor()
    make.schedule(doctor, make.hours(weekdays=range(7)))
    services.set_clinic_rules(horizon_days=12)
    doctor_id = doctor.id
    db.session.expunge_all()
    outcomes = together([lambda: len(services.refresh_plan(doctor_id).added)] * 3)
    assert sorted(outcomes) == [0, 0, 9 * 3]


@held
def test_workers_share_the_doctors_among_them(together):
    services.set_clinic_rules(horizon_days=3)
    doctors = [make.doctor() for _ in range(9)]
    for doctor in doctors:
        make.schedule(doctor, make.hours(weekdays=range(7)))
    services.set_clinic_rules(horizon_days=5)
    db.session.expunge_all()

    def work_until_nothing_waits():
        return sum(iter(services.refresh_next, 0))

    outcomes = together([work_until_nothing_waits] * 4)
    assert all(isinstance(outcome, int) for outcome in outcomes), outcomes
    services.refresh_next()  # whatever was locked when the last of them looked
    assert db.session.scalar(select(func.count()).where(DoctorPlan.stale_since.is_not(None))) == 0
    assert db.session.scalar(select(func.count()).select_from(Slot)) == 9 * (5 + 1) * 3


@held
@pytest.mark.parametrize("attempt", ROUNDS)
def test_whoever_asks_for_another_look_gets_one(together, attempt):
    """A rule that changes while a plan is being made is not overlooked."""
    doctor, _ = a_doctor(horizon=4)
    doctor_id = doctor.id
    db.session.expunge_all()
    together([lambda: services.refresh_plan(doctor_id), lambda: services.set_clinic_rules(gap_minutes=10)])
    while services.refresh_next():
        pass
    assert {f"{clock.to_clinic(slot.starts_at):%M}" for slot in slots_of(doctor)} == {"00", "30"}


@held
@pytest.mark.parametrize("attempt", ROUNDS)
def test_everything_at_once_comes_to_an_end_and_breaks_nothing(together, attempt):
    doctor, slots = a_doctor()
    people = [make.patient() for _ in range(8)]
    on_their_own(*people, doctor)
    works = [
        *(act(doctor, slots) for act in ACTS if act is not remove_the_hours),
        lambda: services.refresh_plan(doctor.id),
        lambda: services.delete_slot(slots[2].id, doctor=doctor),
        lambda: services.block_slot(slots[4].id, doctor=doctor),
        *(book(slot, patient) for slot, patient in zip(slots[1:], people, strict=False)),
    ]
    outcomes = together(works)
    check(outcomes[-8:])
    kinds = {type(each).__name__ for each in outcomes[:-8]}
    done = {"Preview", "TimeOff", "Closing", "bool", "Changes", "NoneType", "Slot"}
    assert kinds <= done | {"SlotNotFree", "NotFound", "Busy"}  # who waited too long for the others has changed nothing
    while services.refresh_next():
        pass
    check(outcomes[-8:])
    assert len(services.refresh_plan(doctor.id).added) == 0


@held
@pytest.mark.parametrize("attempt", ROUNDS)
def test_a_removed_time_is_noted_once_and_stays_away(together, attempt):
    doctor, slots = a_doctor()
    slot_id = slots[0].id
    on_their_own(doctor)
    outcomes = together(
        [*[lambda: services.delete_slot(slot_id, doctor=doctor)] * 2, lambda: services.refresh_plan(doctor.id)]
    )
    assert outcomes.kinds == {"NoneType": 1, "NotFound": 1, "Changes": 1}
    assert db.session.scalar(select(func.count()).select_from(TimeOff)) == 1
    assert db.session.get(Slot, slot_id) is None


# -- the tests can fail --------------------------------------------------------------------------------------------


@pytest.fixture
def scratch(new_app, migrated_database, steady_clock, cheap_passwords):
    """The application on a database of its own, which a test may break."""
    app = new_app(migrated_database())
    with app.app_context():
        yield app
        db.session.remove()


def test_without_asking_once_more_a_booked_slot_is_removed(scratch, monkeypatch):
    """What the statement that removes slots asks again saves a visit; without it and the constraint, one is lost."""
    with db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE appointments DROP CONSTRAINT ck_appointments_slot"))
    monkeypatch.setattr(planning, "UNBOOKED", tuple(SlotStatus))
    compare, doctor_and_slots = planning.compare, a_doctor()
    doctor, slots = doctor_and_slots
    patient, work = make.patient(), take_time_off(doctor, slots)
    on_their_own(patient, doctor)

    def compare_and_wait(*arguments, **more):
        changes = compare(*arguments, **more)
        at_once(scratch, [book(slots[0], patient)])  # between the look and the removal
        return changes

    monkeypatch.setattr(planning, "compare", compare_and_wait)
    work()
    with db.engine.connect() as connection:
        lost = connection.execute(text(MUST_FIND_NOTHING["a visit holds no busy slot of its doctor and time"])).all()
    assert len(lost) == 1
