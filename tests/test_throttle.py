"""The throttle: who tries too often waits, whoever it is about does not."""

from contextlib import suppress
from threading import Thread

import pytest

from hms import throttle
from hms.auth import services
from hms.db import db, transaction
from hms.throttle import TooMany, rules, stores, visitors
from hms.throttle.rules import Rule
from hms.throttle.stores import ProcessStorage, Stores, TableStorage
from tests import make

TWICE = Rule("twice", 60, by_account=2, by_prefix=None)
STRANGER, OWNER = "203.0.113.7", "198.51.100.1"


@pytest.fixture
def limited(app, session, monkeypatch):
    """Limits hold, and nothing was counted yet."""
    monkeypatch.setitem(app.config, "RATE_LIMITS", True)
    app.extensions[stores.KEY].own.reset()


def from_(app, address):
    """A request that comes from this address."""
    return app.test_request_context(environ_base={"REMOTE_ADDR": address})


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("127.0.0.1", None),
        ("::1", None),
        ("unix:", None),
        (None, None),
    ],
)
def test_an_address_stands_for_its_part_of_the_net(address, prefix):
    assert visitors.prefix_of(address) == prefix


@pytest.mark.parametrize(
    ("proxies", "sent", "seen"),
    [
        (0, "192.0.2.9", "203.0.113.0/24"),
        (1, "192.0.2.9, 198.51.100.5", "198.51.100.0/24"),
        (2, "192.0.2.9, 198.51.100.5, 10.0.0.1", "198.51.100.0/24"),
    ],
)
def test_exactly_as_many_proxies_are_believed_as_there_are(new_app, new_database, proxies, sent, seen):
    app = new_app(new_database(), PROXY_COUNT=proxies)
    found = []
    app.add_url_rule("/where", "where", lambda: found.append(visitors.prefix()) or "")
    app.test_client().get("/where", environ_base={"REMOTE_ADDR": STRANGER}, headers={"X-Forwarded-For": sent})
    assert found == [seen]


@pytest.mark.parametrize("storage", [TableStorage, ProcessStorage])
def test_a_window_begins_with_the_first_hit_and_ends(session, steady_clock, storage):
    counts, key = storage(), stores.hashed("a")
    assert [counts.incr(key, 60), counts.incr(key, 60, 2), counts.get(key)] == [1, 3, 3]
    assert counts.get_expiry(key) == pytest.approx(steady_clock.now().timestamp() + 60, abs=5)
    steady_clock.advance(seconds=61)
    assert counts.get(key) == 0
    assert counts.incr(key, 60) == 1
    counts.clear(key)
    assert counts.get(key) == 0


def test_counts_are_exact_whoever_counts_at_the_same_time(committing):
    seen: list[int] = []

    def hit():
        with committing.app_context():
            seen.extend(stores.count("a", seconds=60, is_exact=True) for _ in range(10))
            db.session.remove()

    threads = [Thread(target=hit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(1, 81))


def test_who_does_it_too_often_is_told_when_to_come_again(limited, steady_clock):
    throttle.count(TWICE, account="asha")
    throttle.count(TWICE, account="asha")
    throttle.count(TWICE, account="chen")
    with pytest.raises(TooMany, match=r"Try again in \d+ seconds\.") as refused:
        throttle.count(TWICE, account="asha")
    assert 0 < refused.value.retry_after_seconds <= 60
    steady_clock.advance(seconds=61)
    throttle.count(TWICE, account="asha")


def test_what_is_refused_afterwards_was_counted(limited):
    with pytest.raises(RuntimeError, match="before the transaction"), transaction():
        throttle.count(TWICE, account="asha")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 second"), (60, "60 seconds"), (61, "2 minutes"), (3601, "2 hours")]
)
def test_the_wait_is_said_in_words_that_are_not_too_short(seconds, words):
    assert TooMany(seconds).message.endswith(f"Try again in {words}.")


def test_ten_thousand_guesses_in_a_day_are_a_hundred_and_the_owner_is_not_kept_out(
    app, limited, asha, steady_clock, monkeypatch
):
    """The stranger guesses every eight seconds, which takes most of a day."""
    monkeypatch.setitem(app.extensions, stores.KEY, Stores(ProcessStorage(), ProcessStorage()))
    checked = 0
    with from_(app, STRANGER):
        for _ in range(10_000):
            steady_clock.advance(seconds=8)
            with suppress(TooMany):
                throttle.guess("password:asha@example.test").was_wrong()
                checked += 1
    assert 5 < checked <= 100
    with from_(app, OWNER):
        assert services.authenticate("asha@example.test", make.PASSWORD)
    with from_(app, STRANGER), pytest.raises(TooMany):
        services.authenticate("asha@example.test", make.PASSWORD)


def test_a_crowd_from_everywhere_is_slowed_down_but_not_a_browser_that_was_here_before(app, limited):
    def guess(number, **how):
        with from_(app, f"10.{number // 250}.{number % 250}.7"):
            throttle.guess("password:asha@example.test", **how).was_wrong()

    with pytest.raises(TooMany):
        for number in range(100):
            guess(number)
    guess(200, is_known=True)


def test_guesses_that_come_at_once_are_not_all_checked(committing, monkeypatch):
    monkeypatch.setitem(committing.config, "RATE_LIMITS", True)
    passed: list[bool] = []

    def guess():
        with committing.app_context():
            try:
                throttle.guess("somebody")
            except TooMany:
                passed.append(False)
            else:
                passed.append(True)
            db.session.remove()

    threads = [Thread(target=guess) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= passed.count(True) <= 6


def test_a_right_password_forgives_the_wrong_ones_before_it(limited, asha):
    for _ in range(10):
        for _ in range(4):
            with pytest.raises(services.WrongCredentials):
                services.authenticate("asha@example.test", "another-passphrase")
        services.authenticate("ASHA@example.test", make.PASSWORD)


def test_one_part_of_the_net_cannot_try_all_accounts(app, limited):
    with from_(app, STRANGER):
        for number in range(rules.FAILURE.by_prefix):
            throttle.guess(f"account {number}").was_wrong()
        with pytest.raises(TooMany):
            throttle.guess("one more")
    with from_(app, OWNER):
        throttle.guess("one more")


def test_signing_in_too_often_is_a_page_with_a_sentence_and_a_time(limited, asha, client):
    for _ in range(5):
        client.submit("auth.login", {"email": "asha@example.test", "password": "wrong-passphrase"}, status=422)
    answer = client.submit("auth.login", {"email": "asha@example.test", "password": make.PASSWORD}, status=429)
    assert int(answer.headers["Retry-After"]) >= 1
    assert "That was too many wrong tries. Try again in" in answer.page.text


def test_pages_that_are_asked_for_too_often_say_so(app, limited, client, monkeypatch):
    monkeypatch.setattr(rules, "SEARCH", rules.SEARCH._replace(by_prefix=1))
    from_elsewhere = {"environ_base": {"REMOTE_ADDR": STRANGER}}
    with client.statements() as before:
        assert client.get("/doctors", **from_elsewhere).status_code == 200
    assert not [one for one in before if "rate_limits" in one]
    answer = client.get("/doctors", **from_elsewhere)
    assert (answer.status_code, answer.page.title.split(" –")[0]) == (429, "Too many tries")
    assert "Retry-After" in answer.headers
    assert client.get("/doctors").status_code == 200


def test_redis_is_used_when_named_and_each_process_counts_while_it_is_away(new_app, new_database, monkeypatch, caplog):
    class Away(ProcessStorage):
        base_exceptions = ConnectionError

        def incr(self, key, expiry, amount=1):
            raise ConnectionError("away")

        get = get_expiry = clear = lambda self, *_: self.incr("", 0)

    asked = []
    monkeypatch.setattr(stores, "storage_from_string", lambda url, **how: asked.append(url) or away)
    away = Away()
    away.wrap_exceptions = True
    app = new_app(new_database(), RATE_LIMIT_URL="redis://127.0.0.1:6379")
    with app.app_context(), pytest.raises(TooMany):
        for _ in range(3):
            monkeypatch.setitem(app.config, "RATE_LIMITS", True)
            throttle.count(TWICE, account="asha")
    assert asked == ["redis://127.0.0.1:6379"]
    assert "can’t be reached" in caplog.text


def test_who_was_counted_cannot_be_read_from_the_table(app, limited, asha):
    with from_(app, STRANGER), pytest.raises(services.WrongCredentials):
        services.authenticate("asha@example.test", "another-passphrase")
    rows = str(db.session.execute(db.text("SELECT * FROM rate_limits")).all())
    assert "asha" not in rows
    assert "203.0.113" not in rows
