"""A machine that does everything people can do with times and visits, in any order, beside a model of a few lines.

After each step what is stored is what the model says, and the invariants hold. The last tests plant bugs and expect
the machine to find them: one that cannot fail would prove nothing.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from hms.availability import services as availability
from hms.availability.models import Slot
from hms.availability.refusals import SlotInPast, SlotNotFree, SlotOverlap
from hms.availability.services import offering
from hms.db import db
from hms.errors import NotFound, Refusal
from hms.scheduling import appointment_rules, services
from hms.scheduling.models import Appointment
from hms.scheduling.refusals import (
    AlreadyBooked,
    ChangedOften,
    KeyReused,
    MoveNotAllowed,
    SameTime,
    SlotPast,
    SlotTaken,
    TooLateToCancel,
    TooLateToChange,
    TooSoon,
)
from hms.scheduling.services import cancelling
from tests import make
from tests.depth import examples
from tests.fixtures.time import START
from tests.race import invariants

NOTICE, WINDOW, MOST_CHANGES = timedelta(hours=1), timedelta(hours=24), 3
THOROUGHLY = examples(short=15, full=250, stateful_step_count=40)
UNTIL_THE_FIRST_BUG = settings(
    THOROUGHLY, max_examples=200, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False
)

which = st.integers(0, 50)
days = st.sampled_from([0, 0, 1, 2])
owner = st.integers(0, 9)  # nine times of ten it is the owner who does it, else somebody else
starts = st.integers(8 * 6, 17 * 6).map(lambda tens: timedelta(minutes=10 * tens))  # 08:00 to 17:00
lengths = st.sampled_from([10, 20, 30, 60]).map(lambda minutes: timedelta(minutes=minutes))


@dataclass
class Time:
    """A slot as the model knows it."""

    doctor: int
    starts_at: datetime
    ends_at: datetime
    is_free: bool = True

    def overlaps(self, other: "Time | Visit") -> bool:
        """Whether the two have a moment in common."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass
class Visit:
    """An appointment as the model knows it. ``before`` are the statuses that undoing goes back to, the last first."""

    slot_id: UUID | None
    patient: int
    doctor: int
    starts_at: datetime
    ends_at: datetime
    key: str
    status: str = "booked"
    changes: int = 0
    before: list[str] = field(default_factory=list)


class Clinic(RuleBasedStateMachine):
    """Two doctors and three patients; ``cast`` and the clock come from the test that runs the machine."""

    cast = None

    def __init__(self) -> None:
        super().__init__()
        self.step = self.cast.connection.begin_nested()
        self.clock, self.doctors, self.patients = self.cast.clock, self.cast.doctors, self.cast.patients
        self.now = self.clock.freeze(START)
        self.times: dict[UUID, Time] = {}
        self.visits: dict[UUID, Visit] = {}

    def teardown(self) -> None:
        """Leave nothing behind."""
        db.session.rollback()
        self.step.rollback()

    def attempt(self, expected: type[Refusal] | None, work):
        """Do it; it must be refused as expected, or not at all."""
        if expected is None:
            return work()
        with pytest.raises(Refusal) as refused:
            work()
        assert type(refused.value) is expected
        return None

    # -- times

    @rule(doctor=st.integers(0, 1), day=days, start=starts, length=lengths)
    def offer(self, doctor, day, start, length):
        time = self.time_of(doctor, day, start, length)
        slot = self.attempt(
            self.why_not_offer(time), lambda: availability.open_slot(self.doctors[doctor], **wall(time))
        )
        if slot:
            self.times[slot.id] = time

    @precondition(lambda self: self.times)
    @rule(slot=which, day=days, start=starts, length=lengths, as_owner=owner)
    def change(self, slot, day, start, length, as_owner):
        slot_id = self.pick(self.times, slot)
        doctor = self.times[slot_id].doctor if as_owner else 1 - self.times[slot_id].doctor
        time = self.time_of(self.times[slot_id].doctor, day, start, length)
        expected = self.why_not_touch(slot_id, as_owner) or self.why_not_offer(time, excluding=slot_id)
        if self.attempt(expected, lambda: availability.change_slot(slot_id, doctor=self.doctors[doctor], **wall(time))):
            self.times[slot_id] = time

    @precondition(lambda self: self.times)
    @rule(slot=which, as_owner=owner)
    def delete(self, slot, as_owner):
        slot_id = self.pick(self.times, slot)
        time = self.times[slot_id]
        doctor = self.doctors[time.doctor if as_owner else 1 - time.doctor]
        expected = self.why_not_touch(slot_id, as_owner)
        self.attempt(expected, lambda: availability.delete_slot(slot_id, doctor=doctor))
        if expected is None:
            del self.times[slot_id]
            for visit in self.visits.values():
                visit.slot_id = None if visit.slot_id == slot_id else visit.slot_id

    # -- visits

    @precondition(lambda self: self.times)
    @rule(slot=which, patient=st.integers(0, 2))
    def book(self, slot, patient):
        slot_id, key = self.pick(self.times, slot), make.new_key()
        own = self.live_on(slot_id, patient)
        made = self.attempt(
            None if own else self.why_not_book(slot_id, patient),
            lambda: services.book(slot_id, patient=self.patients[patient], idempotency_key=key),
        )
        if made and own:
            assert made.id == own
        elif made:
            time = self.times[slot_id]
            time.is_free = False
            self.visits[made.id] = Visit(slot_id, patient, time.doctor, time.starts_at, time.ends_at, key)

    @precondition(lambda self: self.visits)
    @rule(visit=which, slot=which)
    def send_the_same_page_again(self, visit, slot):
        visit_id = self.pick(self.visits, visit)
        visit = self.visits[visit_id]
        slot_id = visit.slot_id or (self.pick(self.times, slot) if self.times else UUID(int=1))
        again = self.attempt(
            self.why_not_again(slot_id, visit),
            lambda: services.book(slot_id, patient=self.patients[visit.patient], idempotency_key=visit.key),
        )
        assert again is None or again.id == visit_id

    @precondition(lambda self: self.visits)
    @rule(visit=which, as_owner=owner)
    def cancel_as_patient(self, visit, as_owner):
        visit_id = self.pick(self.visits, visit)
        visit = self.visits[visit_id]
        by = visit.patient if as_owner else (visit.patient + 1) % 3
        expected = self.why_not_cancel_as_patient(visit) if as_owner else NotFound
        if self.attempt(expected, lambda: services.cancel_as_patient(visit_id, patient=self.patients[by])):
            self.cancelled(visit)

    @precondition(lambda self: self.visits)
    @rule(visit=which, as_owner=owner)
    def cancel_as_doctor(self, visit, as_owner):
        visit_id = self.pick(self.visits, visit)
        visit = self.visits[visit_id]
        by = visit.doctor if as_owner else 1 - visit.doctor
        expected = self.why_not_cancel_as_doctor(visit) if as_owner else NotFound
        if self.attempt(
            expected, lambda: services.cancel_as_doctor(visit_id, doctor=self.doctors[by], reason="Called away")
        ):
            self.cancelled(visit)

    @precondition(lambda self: self.visits and self.times)
    @rule(visit=which, slot=which, as_patient=st.booleans())
    def move(self, visit, slot, as_patient):
        visit_id, slot_id = self.pick(self.visits, visit), self.pick(self.times, slot)
        visit = self.visits[visit_id]
        new = services.NewTime(slot_id, db.session.get(Appointment, visit_id).version, make.new_key())

        def act():
            if as_patient:
                return services.move_as_patient(visit_id, new, patient=self.patients[visit.patient])
            return services.move_as_doctor(visit_id, new, doctor=self.doctors[visit.doctor])

        if not self.attempt(self.why_not_move(visit, slot_id, as_patient), act):
            return
        time = self.times[slot_id]
        self.times[visit.slot_id].is_free, time.is_free = True, False
        visit.slot_id, visit.doctor, visit.starts_at, visit.ends_at = slot_id, time.doctor, time.starts_at, time.ends_at
        visit.changes += as_patient

    def why_not_move(self, visit: Visit, slot_id: UUID, as_patient: bool):
        """The same slot first, then the visit, then the new time."""
        if slot_id == visit.slot_id:
            return SameTime
        time = self.times[slot_id]
        if not as_patient and time.doctor != visit.doctor:
            return NotFound
        return self.why_not_leave(visit, as_patient) or self.why_not_go_to(time, visit, as_patient)

    def why_not_leave(self, visit: Visit, as_patient: bool):
        if visit.status != "booked" or (not as_patient and self.now >= visit.ends_at):
            return MoveNotAllowed
        if as_patient and self.now >= visit.starts_at - WINDOW:
            return TooLateToChange
        return ChangedOften if as_patient and visit.changes >= MOST_CHANGES else None

    def why_not_go_to(self, time: Time, visit: Visit, as_patient: bool):
        if time.starts_at <= self.now:
            return SlotPast
        if not time.is_free:
            return SlotTaken
        if as_patient and time.starts_at < self.now + NOTICE:
            return TooSoon
        others = (v for v in self.visits.values() if v is not visit and v.patient == visit.patient)
        return AlreadyBooked if any(time.overlaps(v) for v in others if v.status != "cancelled") else None

    def cancelled(self, visit):
        if visit.status != "cancelled":
            visit.status, visit.before = "cancelled", []
            self.times[visit.slot_id].is_free = True

    @precondition(lambda self: self.visits)
    @rule(visit=which, mark=st.sampled_from(["arrived", "fulfilled", "noshow"]))
    def mark(self, visit, mark):
        visit_id = self.pick(self.visits, visit)
        visit = self.visits[visit_id]
        service = {
            "arrived": services.mark_arrived,
            "fulfilled": services.mark_fulfilled,
            "noshow": services.mark_noshow,
        }
        self.attempt(
            self.why_not_mark(visit, mark),
            lambda: service[mark](visit_id, doctor=self.doctors[visit.doctor]),
        )
        if self.why_not_mark(visit, mark) is None and visit.status != mark:
            visit.before = ["booked"] if visit.status == "noshow" else [*visit.before, visit.status]
            visit.status = mark

    @precondition(lambda self: self.visits)
    @rule(visit=which)
    def undo(self, visit):
        visit_id = self.pick(self.visits, visit)
        visit = self.visits[visit_id]
        expected = None if visit.before else MoveNotAllowed
        if self.attempt(expected, lambda: services.undo(visit_id, doctor=self.doctors[visit.doctor])):
            visit.status = visit.before.pop()

    # -- time

    @rule(minutes=st.sampled_from([5, 30, 60, 300, 1440]))
    def time_passes(self, minutes):
        self.now = self.clock.freeze(self.now + timedelta(minutes=minutes))

    # -- what must hold

    @invariant()
    def what_is_stored_is_what_the_model_says(self):
        columns = (Slot.id, Slot.starts_at, Slot.ends_at, Slot.status)
        slots = {row.id: (row.starts_at, row.ends_at, row.status) for row in db.session.execute(select(*columns))}
        assert slots == {
            slot_id: (time.starts_at, time.ends_at, "free" if time.is_free else "busy")
            for slot_id, time in self.times.items()
        }
        rows = db.session.execute(select(Appointment.id, Appointment.slot_id, Appointment.status))
        assert {row.id: (row.slot_id, row.status) for row in rows} == {
            visit_id: (visit.slot_id, visit.status) for visit_id, visit in self.visits.items()
        }

    @invariant()
    def the_invariants_hold(self):
        assert invariants.broken(db.session.connection()) == {}

    # -- how the model answers

    def pick(self, things: dict, number: int) -> UUID:
        """One of the things, by any number."""
        return list(things)[number % len(things)]

    def time_of(self, doctor, day, start, length) -> Time:
        """The time that begins ``start`` after midnight, so many days from now."""
        midnight = datetime.combine(self.now.date() + timedelta(days=day), datetime.min.time(), UTC)
        return Time(doctor, midnight + start, midnight + start + length)

    def why_not_offer(self, time: Time, *, excluding: UUID | None = None):
        if time.starts_at <= self.now:
            return SlotInPast
        others = (
            other for slot_id, other in self.times.items() if slot_id != excluding and other.doctor == time.doctor
        )
        return SlotOverlap if any(time.overlaps(other) for other in others) else None

    def why_not_book(self, slot_id: UUID, patient: int):
        time = self.times[slot_id]
        own = (visit for visit in self.visits.values() if visit.patient == patient and visit.status != "cancelled")
        if not time.is_free:
            return SlotTaken
        if time.starts_at <= self.now:
            return SlotPast
        if time.starts_at < self.now + NOTICE:
            return TooSoon
        return AlreadyBooked if any(time.overlaps(visit) for visit in own) else None

    def why_not_again(self, slot_id: UUID, visit: Visit):
        """A page with a key that is used gets what it booked, whatever has become of the slot; and nothing else."""
        return None if visit.slot_id == slot_id else KeyReused

    def why_not_touch(self, slot_id: UUID, as_owner: int):
        if not as_owner:
            return NotFound
        return None if self.times[slot_id].is_free else SlotNotFree

    def why_not_cancel_as_patient(self, visit: Visit):
        if visit.status == "cancelled":
            return None
        if visit.status != "booked":
            return MoveNotAllowed
        return TooLateToCancel if self.now >= visit.starts_at - WINDOW else None

    def why_not_cancel_as_doctor(self, visit: Visit):
        possible = visit.status in {"booked", "arrived"} and self.now < visit.ends_at
        return None if visit.status == "cancelled" or possible else MoveNotAllowed

    def why_not_mark(self, visit, mark):
        possible = {"arrived": {"booked", "noshow"}, "fulfilled": {"booked", "arrived"}, "noshow": {"booked"}}
        if visit.status == mark:
            return None
        day_has_come = visit.starts_at.date() <= self.now.date()
        has_begun = visit.starts_at <= self.now or mark != "noshow"
        return None if visit.status in possible[mark] and day_has_come and has_begun else MoveNotAllowed

    def live_on(self, slot_id: UUID, patient: int) -> UUID | None:
        """The patient's own visit on that slot."""
        found = (i for i, v in self.visits.items() if v.slot_id == slot_id and v.patient == patient)
        return next((i for i in found if self.visits[i].status != "cancelled"), None)


def wall(time: Time) -> dict[str, object]:
    """Day, start and end as a form sends them; in November London's wall shows UTC."""
    return {"day": time.starts_at.date(), "start": time.starts_at.time(), "end": time.ends_at.time()}


@pytest.fixture
def clinic(session, steady_clock):
    """The machine with its cast, in the test's own transaction."""

    class Cast:
        clock = steady_clock
        doctors = [make.doctor(), make.doctor()]  # noqa: RUF012  # read only
        patients = [make.patient() for _ in range(3)]  # noqa: RUF012

    for person in [*Cast.doctors, *Cast.patients]:
        session.refresh(person)
        session.expunge(person)
    session.commit()
    session.remove()
    Cast.connection = db.engines[None]
    return type("ThisClinic", (Clinic,), {"cast": Cast})


def test_whatever_people_do_the_rows_are_what_the_rules_say(clinic):
    run_state_machine_as_test(clinic, settings=THOROUGHLY)


def cancel_without_freeing(session, appointment, **_):
    """A planted bug: the slot stays busy after its visit was cancelled."""
    with session.no_autoflush:
        appointment.status = "cancelled"


def free_whatever_it_is(slot_id, doctor):
    """A planted bug: a booked slot counts as free."""
    return db.session.get(Slot, slot_id)


def until_it_starts(appointment):
    """A planted bug: nobody keeps to the window."""
    return appointment.starts_at


@pytest.mark.parametrize(
    ("module", "name", "bug"),
    [
        (cancelling, "_cancel", cancel_without_freeing),
        (offering, "_lock_free", free_whatever_it_is),
        (appointment_rules, "cancel_until", until_it_starts),
    ],
)
def test_the_machine_finds_a_bug_that_is_planted(clinic, monkeypatch, module, name, bug):
    monkeypatch.setattr(module, name, bug)
    with pytest.raises((AssertionError, IntegrityError, pytest.fail.Exception)):
        run_state_machine_as_test(clinic, settings=UNTIL_THE_FIRST_BUG)
