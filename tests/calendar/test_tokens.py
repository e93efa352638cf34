"""Access tokens: several workers, one refresh at a time, and a refresh token that Google may replace."""

import threading
from collections.abc import Iterator

import pytest

from hms import clock, outbox, vault
from hms.auth.models import Patient
from hms.calendar.google.errors import AccessRevoked, Later
from hms.calendar.google.oauth import Grant
from hms.calendar.models import CalendarConnection
from hms.calendar.services import mirroring, tokens
from hms.db import db, transaction
from hms.outbox import OutboxMessage
from hms.scheduling import services
from tests import make
from tests.calendar.mirror import assert_equal
from tests.race.crowd import at_once
from tests.standins.google import SCOPES, Google, served

pytestmark = pytest.mark.race
CROWD = 8


class Replacing:
    """Replaces the refresh token at every refresh, as OAuth allows (RFC 6749, 6): the old one is dead at once.

    Notes how many refreshes were under way at the same moment.
    """

    def __init__(self, google: Google) -> None:
        self._google, self._renew = google, google.tokens.renew
        self.now, self.most, self.total = 0, 0, 0
        self._lock = threading.Lock()

    def __call__(self, refresh_token: str, scope: str | None) -> dict:
        with self._lock:
            self.now += 1
            self.total += 1
            self.most = max(self.most, self.now)
        try:
            answer = self._renew(refresh_token, scope)
            replaced = f"1//0replaced-{self.total}"
            self._google.tokens.refresh[replaced] = self._google.tokens.refresh.pop(refresh_token)
            return answer | {"refresh_token": replaced}
        finally:
            with self._lock:
                self.now -= 1


@pytest.fixture
def world(committing, monkeypatch) -> Iterator[tuple[Google, CalendarConnection]]:
    """Asha's calendar is connected, for real: what is committed here is seen by every thread."""
    with served(now=lambda: clock.now()) as google:
        for name, value in google.settings().items():
            monkeypatch.setitem(committing.config, name, value)
        monkeypatch.setitem(committing.extensions, "hms.senders", {mirroring.KIND: mirroring.deliver})
        monkeypatch.setattr(tokens, "_kept", {})
        asha = make.patient("Asha Rao", email="asha@example.test")
        account = google.add_account("asha@example.test")
        grant = Grant(account.sub, account.email, " ".join(SCOPES), google.grant(account.email), "unused")
        yield google, make.connection(asha.user, grant)


def stored(connection: CalendarConnection) -> CalendarConnection:
    """The connection as it stands now."""
    db.session.rollback()
    return db.session.get(CalendarConnection, connection.id, populate_existing=True)


def test_workers_that_refresh_one_connection_at_once_take_turns_and_all_get_in(world, committing, monkeypatch):
    google, connection = world
    replacing = Replacing(google)
    monkeypatch.setattr(google.tokens, "renew", replacing)
    got = at_once(committing, [lambda: tokens._refresh(connection.id)] * CROWD)
    assert [token for token in got if not isinstance(token, str)] == []
    assert replacing.most == 1
    assert replacing.total == CROWD
    now = stored(connection)
    assert now.status == "connected"
    assert now.token_leased_until is None
    last = vault.unseal(now.refresh_token, owner_id=now.user_id, purpose=vault.REFRESH_TOKEN)
    assert last == f"1//0replaced-{CROWD}"
    assert last in google.tokens.refresh


def test_without_taking_turns_a_replaced_token_would_end_the_connection(world, committing, monkeypatch):
    """The negative control: both read the same token, so the second one comes with a dead one."""
    google, connection = world
    monkeypatch.setattr(google.tokens, "renew", Replacing(google))
    both_have_read = threading.Barrier(2)

    def lease(connection_id):
        found = db.session.get(CalendarConnection, connection_id, populate_existing=True)
        db.session.rollback()
        both_have_read.wait()
        return found, clock.now()

    monkeypatch.setattr(tokens, "_lease", lease)
    got = at_once(committing, [lambda: tokens._refresh(connection.id)] * 2)
    assert any(isinstance(error, AccessRevoked | Later) for error in got)


def test_a_lease_that_nobody_ends_is_waited_for_and_then_runs_out(world, monkeypatch, steady_clock):
    _, connection = world
    with transaction():
        stored(connection).token_leased_until = clock.now() + tokens.LEASE
    monkeypatch.setattr(tokens, "WAIT_SECONDS", 0.2)
    with pytest.raises(Later):
        tokens.access_token(connection.id)
    steady_clock.advance(seconds=tokens.LEASE.total_seconds() + 1)
    assert tokens.access_token(connection.id).startswith("ya29.")


def test_connecting_again_while_a_dead_token_is_tried_keeps_the_new_one(world, monkeypatch):
    google, connection = world
    google.revoke_grant("asha@example.test")
    fresh = google.grant("asha@example.test")

    def refresh_meanwhile(refresh_token):
        account = google.accounts["asha@example.test"]
        make.connection(connection.user, Grant(account.sub, account.email, " ".join(SCOPES), fresh, "unused"))
        raise AccessRevoked("dead")

    with monkeypatch.context() as patch:
        patch.setattr(tokens.api, "refresh", refresh_meanwhile)
        with pytest.raises(Later):
            tokens.access_token(connection.id)
    assert stored(connection).status == "connected"
    assert tokens.access_token(connection.id).startswith("ya29.")


def test_a_dead_token_that_many_workers_try_is_noted_and_mailed_once(world, committing):
    google, connection = world
    google.revoke_grant("asha@example.test")
    got = at_once(committing, [lambda: tokens._refresh(connection.id)] * CROWD)
    assert all(isinstance(error, AccessRevoked | Later) for error in got)
    assert stored(connection).status == "broken"
    mails = db.session.scalars(db.select(OutboxMessage).filter_by(kind="email"))
    assert [mail.payload["type"] for mail in mails].count("CALENDAR_DISCONNECTED") == 1


def test_two_workers_bring_the_same_appointments_to_google_and_double_none(world, committing):
    google, connection = world
    asha, bose = connection.user.patient, make.doctor()
    visits = [make.appointment(asha, doctor=bose) for _ in range(12)]
    for visit in visits[::3]:
        services.cancel_as_patient(visit.id, patient=asha)
    with transaction():
        for number, visit in enumerate(visits):
            payload = {"type": "GOOGLE_EVENT", "connection": str(connection.id), "appointment": str(visit.id)}
            outbox.enqueue(mirroring.KIND, payload, dedup_key=f"again {number}")
    db.session.remove()
    at_once(committing, [outbox.deliver_due] * 2)
    assert len(google.events("asha@example.test")) == 8
    assert_equal(google, db.session.get(Patient, asha.id))
