"""Getting back in without the password, and proving an address: links that work once, for a while, for one account."""

import threading

import pytest

from hms import clock, outbox
from hms.auth import services, tokens
from hms.auth.models import SignIn
from hms.auth.tokens import LinkEnded, Purpose
from hms.db import db, transaction
from hms.outbox import OutboxMessage
from tests import make

NEW = "another-passphrase-for-tests"
ENDED = "This link no longer works"


@pytest.fixture
def inbox(asha, postbox):
    """The postbox, without Asha's welcome."""
    postbox.deliver()
    return postbox


@pytest.fixture
def reset_path(inbox, asha):
    """The path of the link in Asha's reset mail."""
    services.ask_for_reset("asha@example.test")
    return path_in(inbox.only())


def path_in(letter):
    return letter.data["action_url"].removeprefix("http://localhost")


def token_of(path):
    return path.rpartition("/")[2]


def set_password(browser, path, password=NEW):
    """Fill in the page behind a link."""
    form = browser.get(path).page.find_form(path)
    return browser.post(path, data={**form.values, "password": password})


def is_in(browser):
    return browser.get("/patient/").status_code == 200


class TestAsking:
    def test_the_page_is_linked_from_signing_in(self, client, inbox):
        assert client.page("auth.login").link("Forgot your password?") == "/forgot-password"
        assert client.page("recovery.forgot").find_form("/forgot-password").names == {"csrf_token", "email"}

    @pytest.mark.parametrize("email", ["asha@example.test", "ASHA@example.test ", "nobody@example.test"])
    def test_the_answer_is_the_same_whether_there_is_an_account_or_not(self, client, inbox, email):
        answer = client.submit("recovery.forgot", {"email": email})
        assert answer.location == "/forgot-password/sent"
        assert client.get(answer.location).page.heading == "Check your email"
        assert len(inbox.deliver()) == (not email.startswith("nobody"))

    def test_what_is_no_address_is_refused(self, client, inbox):
        answer = client.submit("recovery.forgot", {"email": "asha"}, status=422)
        assert answer.page.title.startswith("Error: ")

    def test_impatience_makes_mails_with_growing_pauses(self, client, inbox, steady_clock):
        sent_after = []
        for minute in range(200):
            for _ in range(2):
                services.ask_for_reset("asha@example.test")
            sent_after += [minute] * len(inbox.deliver())
            steady_clock.advance(minutes=1)
        assert sent_after == [0, 1, 3, 8, 23, 83, 143]

    def test_after_a_quiet_day_the_first_pause_is_short_again(self, inbox, steady_clock):
        for minutes in (1, 2, 5, 24 * 60, 1, 1):
            services.ask_for_reset("asha@example.test")
            steady_clock.advance(minutes=minutes)
        assert len(inbox.deliver()) == 2, "the others are too late"
        assert db.session.query(OutboxMessage).filter(OutboxMessage.dedup_key.contains("PASSWORD_RESET")).count() == 6

    def test_a_closed_account_gets_no_mail(self, inbox):
        services.deactivate("asha@example.test")
        services.ask_for_reset("asha@example.test")
        assert inbox.deliver() == []

    def test_a_mail_that_is_an_hour_late_is_not_sent_any_more(self, inbox, steady_clock):
        services.ask_for_reset("asha@example.test")
        steady_clock.advance(hours=1)
        assert inbox.deliver() == []
        assert outbox.list_messages(limit=1)[0].last_error == "It was requested too long ago."

    def test_the_mail_says_until_when_the_link_works(self, inbox, freeze):
        freeze()
        services.ask_for_reset("asha@example.test")
        assert "once, until Monday 23 November 2026, 09:00, UK time." in inbox.only().text


class TestResetting:
    def test_the_link_sets_a_new_password_once(self, client, reset_path):
        answer = set_password(client, reset_path)
        assert answer.location == "/login?reset=1"
        page = client.get(answer.location).page
        assert "Your new password is set Sign in with your new password." in page.text
        client.submit("auth.login", {"email": "asha@example.test", "password": NEW})
        assert is_in(client)

        answer = client.get(reset_path)
        assert (answer.status_code, answer.page.heading) == (409, ENDED)
        assert answer.page.link("Get a new link") == "/forgot-password"

    def test_opening_the_link_changes_nothing(self, client, reset_path):
        for _ in range(3):
            assert client.get(reset_path).status_code == 200
        assert services.authenticate("asha@example.test", make.PASSWORD)

    def test_after_it_the_address_is_filled_in(self, client, reset_path):
        page = client.get(set_password(client, reset_path).location).page
        assert "Sign in with your new password." in page.text
        assert page.find_form("/login").values["email"] == "asha@example.test"
        assert client.get("/login").page.find_form("/login").values["email"] == ""

    def test_nobody_is_signed_in_by_a_link(self, client, reset_path):
        set_password(client, reset_path)
        assert not is_in(client)

    def test_every_browser_is_signed_out(self, new_client, sign_in, asha, reset_path):
        browsers = [sign_in(new_client(), asha) for _ in range(2)]
        set_password(browsers[0], reset_path)
        assert [is_in(browser) for browser in browsers] == [False, False]
        assert db.session.scalar(db.select(db.func.count()).select_from(SignIn)) == 0

    def test_the_link_has_proved_the_address(self, client, asha, reset_path):
        with transaction():
            asha.user.email_verified_at = None
        set_password(client, reset_path)
        assert asha.user.email_verified_at is not None

    @pytest.mark.parametrize("password", ["short", "password1234", "asha@example.test"])
    def test_an_easy_password_is_refused_and_the_link_still_works(self, client, reset_path, password):
        answer = set_password(client, reset_path, password)
        assert answer.status_code == 422
        assert answer.page.title.startswith("Error: ")
        assert set_password(client, reset_path).status_code == 303

    def test_after_an_hour_the_link_has_ended(self, client, reset_path, steady_clock):
        steady_clock.advance(minutes=59)
        assert client.get(reset_path).status_code == 200
        steady_clock.advance(minutes=1, seconds=1)
        assert client.get(reset_path).page.heading == ENDED
        with pytest.raises(LinkEnded):
            services.reset_password(token_of(reset_path), NEW)

    def test_a_page_that_stood_open_while_the_link_ended_says_so(self, client, reset_path, steady_clock):
        form = client.get(reset_path).page.find_form(reset_path)
        steady_clock.advance(hours=1)
        answer = client.post(reset_path, data={**form.values, "password": NEW})
        assert (answer.status_code, answer.page.heading) == (409, ENDED)

    @pytest.mark.parametrize("change", ["email", "password_hash", "deactivated_at"])
    def test_the_link_ends_when_the_account_changes(self, client, asha, reset_path, change):
        value = {"email": "asha.rao@example.test", "password_hash": "x", "deactivated_at": clock.now()}[change]
        with transaction():
            setattr(asha.user, change, value)
        assert client.get(reset_path).page.heading == ENDED

    def test_the_second_of_two_mails_does_not_help_once_the_first_was_used(self, client, inbox, asha, steady_clock):
        paths = []
        for _ in range(2):
            services.ask_for_reset("asha@example.test")
            paths.append(path_in(inbox.only()))
            steady_clock.advance(minutes=1)
        set_password(client, paths[0])
        assert client.get(paths[1]).page.heading == ENDED

    def test_no_other_page_learns_the_address_of_this_one_and_nobody_keeps_it(self, client, reset_path):
        answer = client.get(reset_path)
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"

    def test_without_a_csrf_token_nothing_is_set(self, client, reset_path):
        assert client.post(reset_path, data={"password": NEW}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.test"},
        {"X-Forwarded-Host": "evil.test"},
        {"Forwarded": "host=evil.test"},
        {"X-Original-URL": "http://evil.test/", "X-Forwarded-Server": "evil.test", "X-Forwarded-Proto": "evil.test"},
    ],
)
def test_no_link_leads_where_a_header_says(client, inbox, headers):
    token = client.page("recovery.forgot").csrf_token
    client.post("/forgot-password", data={"csrf_token": token, "email": "asha@example.test"}, headers=headers)
    for letter in inbox.deliver():
        assert letter.data["action_url"].startswith("http://localhost/reset-password/")
        assert "evil.test" not in str(letter.mail) + letter.text + letter.body("html")


@pytest.mark.race
def test_of_two_uses_at_the_same_moment_exactly_one_sets_its_password(committing):
    user = make.patient(email="asha@example.test").user
    token = tokens.make(Purpose.RESET_PASSWORD, user)
    start, outcomes = threading.Barrier(8), {}

    def use(number):
        with committing.app_context():
            start.wait()
            try:
                services.reset_password(token, f"{NEW}-{number}")
                outcomes[number] = "set"
            except LinkEnded:
                outcomes[number] = "ended"

    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    db.session.expire_all()
    (winner,) = [number for number, outcome in outcomes.items() if outcome == "set"]
    assert sorted(outcomes.values()) == ["ended"] * 7 + ["set"]
    assert services.authenticate("asha@example.test", f"{NEW}-{winner}").id == user.id
