"""Passwords: which may be chosen, and how they are kept."""

import unicodedata
from contextlib import ExitStack

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from hms.auth import guessing, passwords, queries, services, turns
from hms.auth.passwords import WeakPassword, check_choice
from hms.db import Busy, db, transaction
from tests import make

PERSON = {"email": "asha.rao.patient@example.test", "full_name": "Asha Rao Iyengar"}


@pytest.mark.parametrize(
    "password",
    [
        "short-enough",
        "correct horse battery",
        "my password is long",
        "      twelve      ",
        "🐎🔋📎🌧️🏔️🦉🍋🧵🎻🚲🪁🧭",
        "🐎🔋📎🌧🏔🦉🍋🧵" * 8,
        "a" * 100 + "bcdefgh" * 4,
        "пароль из четырёх слов",
        "river candle monkey",
        "purpleelephanttoast",
        "hospital bed table lamp",
        "winter-garden-piano",
        "blue cat runs",
        "sunshine monkey dragon",
        "Northgate hat on a lamp",
        "4@8({[<369|!10$5+7%2" * 5,
    ],
)
def test_a_long_and_uncommon_password_may_be_chosen(app, password):
    with app.app_context():
        check_choice(password, **PERSON)


@pytest.mark.parametrize(
    "password",
    [
        "",
        "elevenchars",
        "x" * 12,
        "abababababab",
        "password1234",
        "Password123!",
        "PASSWORDpassword",
        "passwordpassword1",
        "qwertyuiop123",
        "123456789012",
        "iloveyou2026!",
        "Northgate" * 200,
        "asha.rao.patient@example.test",
        "Asha.Rao.Patient",
        "asha rao iyengar",
        "AshaRaoIyengar",
        "asharao12345",
        "Rao-Asha-2026",
        "unbelievable",
        "misunderstanding",
        "northgatehospital",
        "Northgate-Hospital-2026",
        "1qaz2wsx3edc4rfv",
        "!QAZ2wsx#EDC",
        "qazwsxedcrfvtgb",
        "p@ssw0rdp@ssw0rd",
        "january2026!",
        "Liverpoolfc1892",
        "To be or not to be",
        "CorrectHorseBatteryStaple1!",
        "hospital2026",
        "northgateclinic01",
        "01011980-01011980",
    ],
)
def test_a_short_common_or_own_word_is_refused_with_the_reason(app, password):
    with app.app_context(), pytest.raises(WeakPassword) as refused:
        check_choice(password, **PERSON)
    assert refused.value.field == "password"
    assert refused.value.message


def test_one_persons_names_are_no_words_of_anothers(app):
    with app.app_context():
        with pytest.raises(WeakPassword):
            check_choice("Zbigniewa Wrzos", email="z@example.test", full_name="Zbigniewa Wrzos")
        check_choice("Zbigniewa Wrzos", **PERSON)


def test_what_takes_long_to_judge_is_not_given_to_the_judge(app, monkeypatch):
    judged = []
    monkeypatch.setattr(
        guessing, "zxcvbn", lambda password, words, max_length: judged.append(password) or {"guesses": 1e9}
    )
    with app.app_context():
        for password in ("ab cd ef gh " * 80 + "x", "4@8({[<369|!10$5+7%2" * 3 + "abc", "4@8({[<369|!10$5+7%2" * 50):
            check_choice(password, **PERSON)
    assert judged
    assert all(len(password) <= guessing.LONGEST_JUDGED for password in judged)
    assert all(guessing._has_few_readings(password) for password in judged)


def test_the_demo_password_opens_nothing_in_production(app, monkeypatch):
    kept = passwords.store(passwords.DEMO_ONLY)
    with app.app_context():
        check_choice(passwords.DEMO_ONLY, **PERSON)
        assert passwords.matches(passwords.DEMO_ONLY, kept)
        monkeypatch.setitem(app.config, "MODE", "production")
        assert not passwords.matches(passwords.DEMO_ONLY, kept)
        with pytest.raises(WeakPassword):
            check_choice(passwords.DEMO_ONLY, **PERSON)


@pytest.mark.parametrize(
    "hash_", [passwords.store("a-passphrase"), passwords._NOBODYS_HASH], ids=["a stored one", "that of nobody"]
)
def test_hashes_are_argon2id_with_at_least_the_recommended_cost(hash_):
    parameters = extract_parameters(hash_)
    assert parameters.type is Type.ID
    assert parameters.memory_cost >= 19 * 1024
    assert parameters.time_cost >= 2
    assert not passwords.is_outdated(hash_)


@pytest.mark.parametrize("password", [" trailing blanks  ", "x" * 127 + "y", "🐎" * 64, "half \ud800 a character"])
def test_nothing_is_trimmed_or_cut_off(app, password):
    with app.app_context():
        kept = passwords.store(password)
        assert passwords.matches(password, kept)
        assert not passwords.matches(password[:-1], kept)
        assert not passwords.matches(password + " ", kept)


def test_a_password_typed_on_another_keyboard_is_the_same(app):
    with app.app_context():
        kept = passwords.store(unicodedata.normalize("NFC", "crème brûlée für zwei"))
        assert passwords.matches(unicodedata.normalize("NFD", "crème brûlée für zwei"), kept)


def test_an_outdated_hash_is_replaced_when_its_owner_signs_in(asha):
    with transaction():
        asha.user.password_hash = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(make.PASSWORD)
    services.authenticate("asha@example.test", make.PASSWORD)
    kept = queries.get_user(asha.user.id).password_hash
    assert not passwords.is_outdated(kept)
    assert passwords.matches(make.PASSWORD, kept)


def test_an_unknown_account_costs_a_hash_as_well(session, monkeypatch):
    checked = []
    monkeypatch.setattr(passwords._hasher.__class__, "verify", lambda self, kept, given: checked.append(kept))
    for email in ("nobody@example.test", "not an email"):
        with pytest.raises(services.WrongCredentials):
            services.authenticate(email, make.PASSWORD)
    assert checked == [passwords._NOBODYS_HASH] * 2


def test_no_connection_is_held_while_a_password_is_checked(session, asha, monkeypatch):
    def verify(self, kept, given):
        assert not db.session().in_transaction()
        return True

    monkeypatch.setattr(passwords._hasher.__class__, "verify", verify)
    assert services.authenticate("asha@example.test", make.PASSWORD)


@pytest.mark.parametrize(("threads", "at_once"), [(1, 1), (2, 1), (5, 2), (8, 4)])
def test_hashing_takes_half_of_the_threads_and_the_next_is_told_to_come_again(monkeypatch, threads, at_once):
    monkeypatch.setattr(turns, "LONGEST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(passwords, "_turns", turns.for_threads(threads))
    with ExitStack() as taken:
        for _ in range(at_once):
            taken.enter_context(passwords._turns.take())
        for _ in range(2):  # the one that waits, and one that does not
            with pytest.raises(Busy):
                passwords.store("a-passphrase")
    assert passwords.store("a-passphrase")


def test_of_a_crowd_that_comes_while_somebody_hashes_only_one_waits(monkeypatch):
    waited = []
    monkeypatch.setattr(turns, "LONGEST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(turns, "WAITS_EVERY_SECONDS", 3600.0)
    only = turns.Turns(1)
    monkeypatch.setattr(only, "_may_wait", lambda ask=only._may_wait: waited.append(ask()) or waited[-1])
    with only.take():
        for _ in range(48):
            with pytest.raises(Busy), only.take():
                pytest.fail("it had a turn")
    assert waited.count(True) == 1


def test_a_password_changed_meanwhile_is_not_put_back_by_a_newer_hash(asha, monkeypatch):
    with transaction():
        asha.user.password_hash = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(make.PASSWORD)
    changed = passwords.store("another-passphrase")
    store = passwords.store

    def change_first(password):
        with transaction() as session:
            statement = "UPDATE users SET password_hash = %s"
            session.connection().exec_driver_sql(statement, (changed,))
        return store(password)

    monkeypatch.setattr(passwords, "store", change_first)
    with pytest.raises(services.WrongCredentials):
        services.authenticate("asha@example.test", make.PASSWORD)
    db.session.expire_all()
    assert queries.get_user(asha.user.id).password_hash == changed


def test_who_signs_in_with_an_outdated_hash_gets_a_newer_one_and_a_session(asha, new_client, sign_in):
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(make.PASSWORD)
    with transaction():
        asha.user.password_hash = old
    assert sign_in(new_client(), asha).get("/patient/").status_code == 200
    assert queries.get_user(asha.user.id).password_hash != old
