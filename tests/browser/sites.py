"""A clinic that is served for browsers, and the people who use it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, time
from socket import socket
from typing import Any, NamedTuple
from uuid import UUID

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from hms import outbox
from hms.auth import guards, queries
from hms.auth.models import EmailCode, User
from hms.auth.sessions import browser_session
from hms.db import db
from hms.mailer.composing import compose
from hms.scheduling.models import Appointment
from tests import make


class Account(NamedTuple):
    """Somebody with an account. ``id`` is the patient's or doctor's own; ``cookie`` is what a sign-in gave them."""

    id: UUID
    email: str
    full_name: str
    cookie: str


class Site:
    """A served clinic. What is made here is committed, so that the pages show it."""

    def __init__(self, app: Flask, url: str):
        self.app, self.url = app, url

    def account(self, email: str) -> Account:
        """The account with that email, signed in."""
        with self.app.app_context():
            return self._sign_in(queries.find_user_by_email(email))

    def patient(self, full_name: str = "Asha Rao") -> Account:
        """A new patient, signed in."""
        with self.app.app_context():
            return self._sign_in(make.patient(full_name).user)

    def doctor(self, full_name: str = "Dr Anil Bose", **details: Any) -> Account:
        """A new doctor of a specialty that the demo clinic has not; ``is_approved=False`` for one nobody sees."""
        with self.app.app_context():
            return self._sign_in(make.doctor(full_name, specialty="urology", **details).user)

    def staff(self, role: str) -> Account:
        """A receptionist or an administrator, signed in."""
        with self.app.app_context():
            return self._sign_in(make.staff("Dana Reyes", role=role))

    def offer(self, doctor: Account, *, day: date, times: list[time]) -> list[UUID]:
        """Free times of a doctor; their ids, in the same order."""
        with self.app.app_context():
            owner = queries.find_user_by_email(doctor.email).doctor
            return [make.slot(owner, day=day, start=start).id for start in times]

    def book(self, patient: Account, doctor: Account, *, day: date, start: time, **details: Any) -> UUID:
        """An appointment at a time that the doctor offers for it; ``status`` and ``reason`` may be given."""
        with self.app.app_context():
            who, whom = (queries.find_user_by_email(account.email) for account in (patient, doctor))
            return make.appointment(who.patient, doctor=whom.doctor, day=day, start=start, **details).id

    def appointments_of(self, patient: Account) -> list[Appointment]:
        """All that a patient has ever booked."""
        with self.app.app_context():
            return list(db.session.scalars(db.select(Appointment).where(Appointment.patient_id == patient.id)))

    def code_for(self, email: str) -> str:
        """The code that was mailed to an address last, as the mail has it."""
        with self.app.app_context():
            request = db.session.scalars(
                db.select(EmailCode).where(EmailCode.email == email).order_by(EmailCode.requested_at.desc())
            ).first()
            assert request is not None, f"no code was asked for by {email}"
            (message,) = outbox.timeline(request.id)
            return str(compose(message.payload).data["code"])

    def _sign_in(self, user: User | None) -> Account:
        assert user is not None
        person = user.patient or user.doctor or user
        with self.app.test_request_context():
            guards.sign_in(user, proved_hash=user.password_hash)
            return Account(person.id, user.email, user.full_name, browser_session().new_secret or "")


class Silent(WSGIRequestHandler):
    """Answers requests and keeps no log of them."""

    def log(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(make_app: Callable[[str], Flask]) -> Iterator[Site]:
    """Serve the application that ``make_app(url)`` gives, on a port that is free, in threads of this process."""
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = make_app(url)
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent, fd=listener.fileno())
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield Site(app, url)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
