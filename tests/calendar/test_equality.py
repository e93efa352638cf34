"""I7: whatever happens, and whatever goes wrong on the way, in the end the calendars show the live appointments."""

import itertools
import random
from datetime import timedelta

import pytest

from hms import outbox
from hms.calendar import queries
from hms.calendar.services import busy_times, connections, mirroring, tokens
from hms.db import db
from hms.scheduling import services
from hms.scheduling.models import Appointment
from tests import make
from tests.calendar.mirror import assert_equal, move
from tests.depth import depth
from tests.fixtures.time import START
from tests.standins.google.faults import AFTERWARDS, FAULTS

OPERATIONS = 200
# Google does not say that an event is gone when it is not; and a slow answer only costs time.
LIES = {"404", "410", "slow"}
WRONG = sorted((FAULTS.keys() | AFTERWARDS) - LIES)


class Clinic:
    """Two doctors and two patients, all of them connected, who do things at random."""

    def __init__(self, chance: random.Random, google, connect, people, steady_clock) -> None:
        self.chance, self.google, self.connect, self.clock = chance, google, connect, steady_clock
        self.people, self.patients, self.doctors = people, people[:2], people[2:]
        self.times = (START + timedelta(days=20, minutes=30 * number) for number in itertools.count())
        self.visits: list[Appointment] = []
        for person in people:
            connect(person)

    def book(self) -> None:
        """A patient books."""
        doctor, patient = self.chance.choice(self.doctors), self.chance.choice(self.patients)
        self.visits.append(make.appointment(patient, slot=make.slot(doctor, starts_at=next(self.times))))

    def cancel(self) -> None:
        """A patient cancels."""
        if visit := self._a_visit():
            services.cancel_as_patient(visit.id, patient=visit.patient)
            self.visits.remove(visit)

    def move(self) -> None:
        """A visit is moved to a time of its own."""
        if visit := self._a_visit():
            move(visit, by=next(self.times) - visit.starts_at)

    def remove_and_move(self) -> None:
        """Somebody deletes our event in Google, now and then for good; then the visit is moved."""
        person = self.chance.choice(self.people)
        events = {event["id"]: event for event in self.google.events(person.user.email)}
        visit = self._a_visit()
        names = [name for name, event in events.items() if visit and str(visit.id) in event.get("description", "")]
        for name in names:
            self.google.remove_event(person.user.email, name, purge=self.chance.random() < 0.5)
        if names:
            move(visit, by=next(self.times) - visit.starts_at)

    def reconnect(self) -> None:
        """Somebody disconnects, or takes the permission back at Google, and connects again."""
        person = self.chance.choice(self.people)
        if self.chance.random() < 0.5:
            self.google.revoke_grant(person.user.email)
            outbox.deliver_due(limit=3)
        elif queries.find_live_connection(person.user.id):
            connections.disconnect(person.user)
        self.connect(person)

    def say_again(self) -> None:
        """A message comes twice."""
        mirroring.repair()

    def deliver(self) -> None:
        """The worker gets something done."""
        outbox.deliver_due(limit=self.chance.randint(1, 8))
        busy_times.refresh_next()

    def restart(self) -> None:
        """The worker forgets what it only remembers; or Google forgets its tokens."""
        self.google.expire_access_tokens() if self.chance.random() < 0.5 else tokens._kept.clear()

    def wait(self) -> None:
        """Some time passes."""
        self.clock.advance(minutes=self.chance.randint(1, 10))

    def _a_visit(self) -> Appointment | None:
        return self.chance.choice(self.visits) if self.visits else None


OFTEN = {
    Clinic.book: 5,
    Clinic.cancel: 2,
    Clinic.move: 3,
    Clinic.remove_and_move: 2,
    Clinic.reconnect: 1,
    Clinic.say_again: 1,
    Clinic.deliver: 8,
    Clinic.restart: 1,
    Clinic.wait: 4,
}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 1 + depth(short=1, full=25)))
def test_200_random_operations_with_random_faults_end_with_calendars_equal_to_appointments(
    connect, sync, google, steady_clock, asha, chen, bose, eze, seed
):
    chance, faults = random.Random(seed), random.Random(seed)
    clinic = Clinic(chance, google, connect, [asha, chen, bose, eze], steady_clock)
    google.chooser = lambda route: faults.choice(WRONG) if route != "board" and faults.random() < 0.3 else None
    for _ in range(OPERATIONS):
        chance.choices(list(OFTEN), list(OFTEN.values()))[0](clinic)
        db.session.expire_all()
    google.heal()
    for person in clinic.people:
        connect(person)
    sync()
    mirroring.repair()
    sync()

    assert_equal(google, *clinic.people)
    assert len(clinic.visits) >= 10
    assert len({call.fault for call in google.log}) > 15, "hardly anything has gone wrong"
    assert {visit.status for visit in clinic.visits} == {"booked"}, "Google has changed an appointment"
