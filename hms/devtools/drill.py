"""``flask race-drill``: many patients want one time at the same moment, for real, and exactly one may get it.

It makes accounts of its own (``race-drill-…@demo.test``), books through the very service that the portal uses, with a
thread, a session and a commit for each patient, and closes the accounts afterwards. It touches nobody else's rows.
"""

import secrets
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import time, timedelta
from functools import partial
from typing import cast
from uuid import UUID

import click
from flask import Flask, current_app

from hms import clock
from hms.auth import queries as people
from hms.auth import services as auth
from hms.auth.models import Patient
from hms.availability import services as availability
from hms.cli import Command, say
from hms.db import db
from hms.errors import NotFound, Refusal
from hms.scheduling import services as scheduling
from hms.scheduling.refusals import SlotTaken

MAX_PATIENTS = 200
DAYS_AHEAD = 30


@click.command("race-drill", cls=Command)
@click.option(
    "--patients", type=click.IntRange(2, MAX_PATIENTS), default=20, show_default=True, help="How many at once."
)
@click.option(
    "--yes", is_flag=True, help="Do it in production too: made-up accounts are created there, and closed again."
)
def race_drill(patients: int, yes: bool) -> None:
    """Let many patients book one time at once; fail unless exactly one gets it."""
    if current_app.config["MODE"] == "production" and not yes:
        raise click.ClickException("This makes accounts of its own. Say --yes to do it in production.")
    outcomes = run(patients=patients)
    for outcome, count in sorted(outcomes.items()):
        say(f"{count:4} {outcome}")
    if outcomes != {"booked": 1, "just taken": patients - 1}:
        raise click.ClickException("Exactly one had to get it, and all others had to be told that it was taken.")
    say(f"One winner, {patients - 1} refusals: exactly one of {patients} patients got the time.")


def run(*, patients: int) -> Counter[str]:
    """What became of so many patients who booked one fresh slot at once: ``booked``, ``just taken``, or worse."""
    tag = secrets.token_hex(3)
    addresses = [f"race-drill-{tag}-{number:04}@demo.test" for number in range(patients + 1)]
    try:
        slot_id = _offer(addresses[0])
        claims = [_claim(slot_id, address) for address in addresses[1:]]
        return Counter(_all_at_once(claims))
    finally:
        _close(addresses)


def _offer(address: str) -> UUID:
    """A free slot of a doctor made for this."""
    auth.sign_up_doctor(
        full_name="Race Drill",
        email=address,
        phone="",
        password=secrets.token_urlsafe(),
        specialty=people.list_specialties()[0].slug,
        licence_number="RACE-DRILL",
    )
    doctor = auth.approve_doctor(address)
    day = clock.today() + timedelta(days=DAYS_AHEAD)
    return availability.open_slot(doctor, day=day, start=time(12), end=time(12, 20)).id


def _claim(slot_id: UUID, address: str) -> Callable[[], str]:
    """A function that books the slot for a patient made for this, and says what came of it."""
    user = auth.sign_up_patient(full_name="Race Drill", email=address, phone="", password=secrets.token_urlsafe())
    patient = user.patient
    db.session.expunge_all()  # the thread uses the plain values of it only
    return partial(_book, slot_id, cast(Patient, patient))


def _book(slot_id: UUID, patient: Patient) -> str:
    try:
        scheduling.book(slot_id, patient=patient, idempotency_key=secrets.token_urlsafe(16))
    except SlotTaken:
        return "just taken"
    except Refusal as refusal:
        return f"refused: {refusal.message}"
    except Exception as error:
        return f"failed: {type(error).__name__}"
    return "booked"


def _all_at_once(claims: list[Callable[[], str]]) -> list[str]:
    """The outcomes of all claims, each in a thread and a session of its own, started at one moment."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy stays in this thread
    start = threading.Barrier(len(claims))

    def one(claim: Callable[[], str]) -> str:
        with app.app_context():
            start.wait()
            return claim()

    with ThreadPoolExecutor(len(claims)) as pool:
        return list(pool.map(one, claims))


def _close(addresses: list[str]) -> None:
    for address in addresses:
        with suppress(NotFound):
            auth.deactivate_and_cancel(address, reason="It was a drill.")
