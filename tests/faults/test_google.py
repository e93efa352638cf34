"""A worker that is killed at any moment while it tells Google leaves no event out and doubles none; nor do two."""

import os
import random
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from hms.auth.models import Doctor, Patient
from hms.availability import services as availability
from hms.calendar.google.oauth import Grant
from hms.calendar.services import mirroring
from hms.db import db, transaction
from hms.scheduling import services, signals
from hms.scheduling.models import Appointment
from tests import make
from tests.calendar.mirror import assert_equal
from tests.depth import depth
from tests.faults.conftest import Process
from tests.standins.google import SCOPES, Google, served
from tests.waiting import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.slow]
KILLS, SEED = depth(short=3, full=200), 20261121
VISITS = 4 * KILLS


class Clinic:
    """A database with connected people and appointments, and as many workers as are started."""

    def __init__(self, app, url: str, folder, google: Google, keys: str) -> None:
        self.app, self.google, self._folder = app, google, folder
        self.workers: list[Process] = []
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("HMS_", "AWS_"))}
        settings = {
            "HMS_MODE": "testing",
            "HMS_DATABASE_URL": url,
            "HMS_DATA_DIR": str(folder),
            "HMS_ENCRYPTION_KEYS": keys,
            **{f"HMS_{name}": value for name, value in google.settings().items()},
        }
        self._environment = {**ours, **settings, "FLASK_APP": "wsgi", "FLASK_SKIP_DOTENV": "1"}
        self._times = (
            datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=10, minutes=30 * number)
            for number in count()
        )
        with app.app_context():
            self.people = [make.patient("Asha Rao"), make.doctor("Dr Bose")]
            for who in self.people:
                account = google.add_account(who.user.email)
                token = google.grant(account.email)
                make.connection(who.user, Grant(account.sub, account.email, " ".join(SCOPES), token, "unused"))

    def start_worker(self) -> Process:
        """Start ``flask worker``."""
        log = self._folder / "worker.log"
        self.workers.append(Process(["-m", "flask", "worker"], environment=self._environment, log=log))
        return self.workers[-1]

    def book(self, number: int) -> None:
        """Book so many visits, cancel some, move some."""
        with self.app.app_context():
            patient, doctor = db.session.get(Patient, self.people[0].id), db.session.get(Doctor, self.people[1].id)
            visits = [make.appointment(patient, slot=self._slot(doctor)) for _ in range(number)]
            for visit in visits[::4]:
                services.cancel_as_patient(visit.id, patient=patient)
            for visit in visits[1::4]:
                with transaction() as session:
                    moved = session.get(Appointment, visit.id)
                    moved.starts_at = next(self._times)
                    moved.ends_at, moved.version = moved.starts_at + timedelta(minutes=20), moved.version + 1
                    session.flush()
                    signals.appointment_moved.send(moved)

    def _slot(self, doctor):
        return make.slot(doctor, starts_at=next(self._times))

    def let_leases_end(self) -> None:
        """Let so much time pass that everything is due that waits for a lease to end or for another try."""
        self.ask("UPDATE outbox_messages SET due_at = now() WHERE status IN ('pending', 'sending')")
        self.ask("UPDATE calendar_connections SET token_leased_until = NULL")

    def is_done(self) -> bool:
        """Whether Google has been told everything."""
        self.ask("UPDATE outbox_messages SET due_at = now() WHERE status = 'pending' AND attempts > 0")
        unsent = "kind = 'google-calendar' AND status IN ('pending', 'sending')"
        return self.ask(f"SELECT count(*) FROM outbox_messages WHERE {unsent}") == 0

    def ask(self, statement: str) -> int | None:
        """The first value that a statement answers, if any."""
        with self.app.app_context(), db.engine.begin() as connection:
            result = connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None

    def told(self) -> int:
        """How often Google was told something about an event."""
        return sum(call.route.startswith("events.") for call in self.google.log)

    def stop(self) -> None:
        """End every worker."""
        for process in self.workers:
            if process._popen.poll() is None:
                process.end()


@pytest.fixture
def clinic(migrated_database, new_app, tmp_path, cheap_passwords) -> Iterator[Clinic]:
    """A clinic with a patient and a doctor, both connected, and nothing booked."""
    keys = Fernet.generate_key().decode()
    with served() as google:
        url = migrated_database()
        app = new_app(url, ENCRYPTION_KEYS=keys, **google.settings())
        with app.app_context():
            availability.set_clinic_rules(most_future_bookings=None)  # one patient books everything here
        clinic = Clinic(app, url.render_as_string(hide_password=False), tmp_path, google, keys)
        yield clinic
        clinic.stop()


def check(clinic: Clinic) -> None:
    """I7, and that nothing was given up."""
    with clinic.app.app_context():
        assert_equal(clinic.google, *(db.session.merge(who, load=False) for who in clinic.people))
        db.session.rollback()
    assert clinic.ask("SELECT count(*) FROM outbox_messages WHERE status = 'dead'") == 0
    assert clinic.ask("SELECT count(*) FROM calendar_events WHERE state = 'planned'") == 0


def test_kill_9_at_random_moments_leaves_no_event_out_and_doubles_none(clinic):
    chance = random.Random(SEED)
    clinic.google.fail("slow", on="*", times=None, seconds=0.05)  # so that a kill finds an answer under way
    for _ in range(KILLS):
        clinic.book(VISITS // KILLS + 1)
        worker, goal = clinic.start_worker(), clinic.told() + chance.randint(1, 6)
        wait_until(lambda goal=goal: clinic.told() >= goal or clinic.is_done(), what="Google is told of something")
        worker.end(signal.SIGKILL)
        clinic.let_leases_end()
    clinic.google.heal()
    worker = clinic.start_worker()
    wait_until(clinic.is_done, what="all is told")
    worker.end()

    assert clinic.ask("SELECT count(*) FROM outbox_messages WHERE kind = 'google-calendar' AND attempts > 1") > 0
    check(clinic)


def test_two_workers_at_once_tell_google_everything_and_double_nothing(clinic):
    clinic.google.fail("lost", on="events.*", times=10)
    clinic.book(VISITS)
    with clinic.app.app_context():
        mirroring.repair()  # everything is said twice
    for _ in range(2):
        clinic.start_worker()
    clinic.book(5)
    wait_until(clinic.is_done, what="all is told")
    check(clinic)
