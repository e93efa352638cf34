"""A password that is reset while somebody uses the old one: what was proved with the old one counts no longer.

Everybody who uses the old password is stopped after it was checked and before anything is written, until the owner's
reset is stored: so the race is lost or won for certain, not by luck.
"""

import threading
from functools import partial

import pytest
from sqlalchemy import func, select

from hms.auth import codes, passwords, services, tokens
from hms.auth.models import EmailCode, SignIn, User
from hms.auth.services import recovery, sign_ins
from hms.auth.tokens import Purpose
from hms.db import db
from tests import make
from tests.waiting import GENEROUS_SECONDS

pytestmark = pytest.mark.race

MANY = 4
NEW = "another-passphrase-for-tests"
THEIRS = "what-an-attacker-would-like"


class Checkpoint:
    """Stops everybody whose password was found right, until it is opened."""

    def __init__(self, monkeypatch, people: int):
        self._matches, self._people, self._came = passwords.matches, people, 0
        self._all_here, self._lock, self._open = threading.Event(), threading.Lock(), threading.Event()
        monkeypatch.setattr(passwords, "matches", self._check)

    def _check(self, password, password_hash):
        is_right = self._matches(password, password_hash)
        if not self._open.is_set():
            with self._lock:
                self._came += 1
                if self._came == self._people:
                    self._all_here.set()
            assert self._open.wait(GENEROUS_SECONDS)
        return is_right

    def after(self, act):
        """Do something once everybody was checked, then let them go on."""
        assert self._all_here.wait(GENEROUS_SECONDS)
        try:
            return act()
        finally:
            self._open.set()


@pytest.fixture
def user(committing):
    return make.patient(email="asha@example.test").user


def sign_in(number: int) -> str:
    """What a browser does that signs in."""
    user = services.authenticate("asha@example.test", make.PASSWORD)
    services.begin_sign_in(user, proved_hash=user.password_hash, id_hash=bytes([number]) * 32, data={})
    return "in"


def change(user_id) -> str:
    services.change_password(db.session.get(User, user_id), current=make.PASSWORD, password=THEIRS)
    return "changed"


def reset_by_the_owner(token: str) -> str:
    services.reset_password(token, NEW)
    return "reset"


def race(user, monkeypatch, together, works):
    """``works`` check the old password, the owner resets it, they go on. What became of each, the reset last."""
    token, checkpoint = tokens.make(Purpose.RESET_PASSWORD, user), Checkpoint(monkeypatch, len(works))
    db.session.remove()
    return together([*works, lambda: checkpoint.after(partial(reset_by_the_owner, token))])


def rows(model) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model))


def kinds(outcomes) -> list[str]:
    return [outcome if isinstance(outcome, str) else type(outcome).__name__ for outcome in outcomes]


def test_no_session_begins_with_a_password_that_was_reset_meanwhile(user, monkeypatch, together):
    outcomes = race(user, monkeypatch, together, [partial(sign_in, number) for number in range(MANY)])
    assert kinds(outcomes) == ["WrongCredentials"] * MANY + ["reset"]
    assert rows(SignIn) == 0


def test_without_asking_again_under_the_lock_the_sessions_would_be_there(user, monkeypatch, together):
    monkeypatch.setattr(sign_ins, "lock_proved", lambda session, user_id, **_: session.get(User, user_id))
    outcomes = race(user, monkeypatch, together, [partial(sign_in, number) for number in range(MANY)])
    assert kinds(outcomes) == ["in"] * MANY + ["reset"]
    assert rows(SignIn) == MANY


def test_nobody_overwrites_the_owners_reset_with_the_old_password(user, monkeypatch, together):
    outcomes = race(user, monkeypatch, together, [partial(change, user.id)] * 2)
    assert kinds(outcomes) == ["WrongPassword"] * 2 + ["reset"]
    db.session.rollback()
    assert services.authenticate("asha@example.test", NEW)


def test_without_asking_again_under_the_lock_the_reset_would_be_overwritten(user, monkeypatch, together):
    monkeypatch.setattr(recovery, "lock_proved", lambda session, user_id, **_: session.get(User, user_id))
    outcomes = race(user, monkeypatch, together, [partial(change, user.id)] * 2)
    assert kinds(outcomes) == ["changed"] * 2 + ["reset"]
    db.session.rollback()
    assert services.authenticate("asha@example.test", THEIRS)


def test_of_two_changes_with_the_same_old_password_one_counts(user, together):
    user_id = user.id
    db.session.remove()
    assert sorted(kinds(together([partial(change, user_id)] * 2))) == ["WrongPassword", "changed"]


@pytest.mark.parametrize("end", ["reset", "deactivate"])
def test_sign_ins_and_the_end_of_an_account_leave_no_session_behind(user, together, end):
    """No checkpoint: all at once, in whatever order the machine chooses."""
    token = tokens.make(Purpose.RESET_PASSWORD, user)
    db.session.remove()
    ending = {"reset": partial(reset_by_the_owner, token), "deactivate": partial(services.deactivate, user.email)}[end]
    outcomes = together([*(partial(sign_in, number) for number in range(MANY)), ending])
    assert set(kinds(outcomes)) <= {"in", "WrongCredentials", "reset", "User", "Busy"}
    assert rows(SignIn) == 0


def enter(typed: str) -> str:
    services.enter_code(typed, browser="one browser")
    return "proved"


def open_account(number: int) -> str:
    details = {"full_name": "Noor Haddad", "phone": "020 7946 0999", "password": make.PASSWORD}
    services.sign_up_patient(**details, email="noor@example.test", browser="one browser")
    return f"made {number}"


def test_wrong_codes_at_the_same_moment_are_all_counted(committing, together):
    request = services.send_code("noor@example.test", browser="one browser")
    right = codes.code_of(request)
    guesses = [f"{(int(right) + 1 + number) % 10**6:06}" for number in range(12)]
    db.session.remove()
    outcomes = kinds(together([partial(enter, guess) for guess in guesses]))
    assert sorted(set(outcomes) - {"Busy"}) == ["TooManyTries", "WrongCode"]
    assert outcomes.count("WrongCode") == codes.MAX_TRIES - 1
    with pytest.raises(services.TooManyTries):
        enter(right)


def test_a_proof_that_is_used_twice_at_the_same_moment_makes_one_account(committing, together):
    request = services.send_code("noor@example.test", browser="one browser")
    enter(codes.code_of(request))
    db.session.remove()
    outcomes = kinds(together([partial(open_account, number) for number in range(MANY)]))
    assert len([outcome for outcome in outcomes if outcome.startswith("made")]) == 1
    assert set(outcomes) - {outcome for outcome in outcomes if outcome.startswith("made")} <= {
        "CodeEnded",
        "EmailTaken",
    }
    assert rows(User) == 1


def test_codes_asked_for_at_the_same_moment_are_one_mail(committing, together):
    outcomes = kinds(together([partial(send, number) for number in range(MANY)]))
    assert sorted(outcomes) == ["CodeJustSent"] * (MANY - 1) + ["sent"]
    assert rows(EmailCode) == 1


def send(number: int) -> str:
    services.send_code("noor@example.test", browser=f"browser {number}")
    return "sent"
