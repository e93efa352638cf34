"""How a connection lives: connected again, replaced, ended with Google being told, and broken once with one mail."""

import logging
from datetime import timedelta

import pytest

from hms import clock, outbox, vault
from hms.auth import services as accounts
from hms.calendar import queries
from hms.calendar.google import api, scopes
from hms.calendar.google.oauth import Grant
from hms.calendar.models import CalendarConnection
from hms.calendar.services import connections, tokens
from hms.db import db, transaction
from hms.outbox import OutboxMessage
from tests import make
from tests.calendar.conftest import ASHA, BOSE, CHEN


def grant(
    sub: str = "1", *, refresh_token: str | None = "1//0canary-refresh", asked: str = scopes.EVENTS, **more
) -> Grant:
    given = {"email": f"{sub}@gmail.test", "access_token": "ya29.canary-access", **more}
    return Grant(sub=sub, scopes=f"openid {asked}", refresh_token=refresh_token, **given)


def live(who) -> CalendarConnection | None:
    return queries.find_live_connection(who.user_id)


def token_of(connection: CalendarConnection) -> str:
    return vault.unseal(connection.refresh_token, owner_id=connection.user_id, purpose=vault.REFRESH_TOKEN)


def break_it(who) -> bool:
    connection = live(who)
    return connections.mark_broken(connection.id, sealed=connection.refresh_token)


def synced(who, moment) -> None:
    with transaction():
        live(who).last_synced_at = moment


def revocations() -> list[OutboxMessage]:
    return db.session.query(OutboxMessage).filter_by(kind=connections.REVOKE).all()


# -- again, and another ----------------------------------------------------------------------------------------------


def test_the_same_account_again_is_the_same_connection_with_the_new_token(google, asha):
    first = make.connection(asha.user, grant())
    again = make.connection(asha.user, grant(refresh_token="1//0newer"))
    assert (again.id, token_of(again)) == (first.id, "1//0newer")
    assert revocations() == []


def test_another_account_is_a_new_connection_and_ends_the_old_one(google, asha):
    first = make.connection(asha.user, grant("1")).id
    second = make.connection(asha.user, grant("2"))
    assert second.id != first
    assert queries.find_connection(first).status == "ended"
    assert [message.payload["connection"] for message in revocations()] == [str(first)]
    assert live(asha).id == second.id


def test_after_disconnecting_the_same_account_is_a_new_connection(google, asha):
    first = make.connection(asha.user, grant()).id
    connections.disconnect(asha.user)
    assert live(asha) is None
    assert make.connection(asha.user, grant()).id != first


def test_an_answer_without_a_refresh_token_keeps_the_one_that_works(google, asha):
    make.connection(asha.user, grant(refresh_token="1//0kept"))
    make.connection(asha.user, grant(refresh_token=None, email="new@gmail.test"))
    assert (token_of(live(asha)), live(asha).google_email) == ("1//0kept", "new@gmail.test")


def test_an_answer_without_a_refresh_token_repairs_nothing(google, asha):
    make.connection(asha.user, grant())
    break_it(asha)
    with pytest.raises(connections.NotLasting):
        make.connection(asha.user, grant(refresh_token=None))
    assert live(asha).status == "broken"


def test_another_account_without_a_refresh_token_leaves_the_old_one_alone(google, asha):
    first = make.connection(asha.user, grant("1")).id
    with pytest.raises(connections.NotLasting):
        make.connection(asha.user, grant("2", refresh_token=None))
    assert (live(asha).id, live(asha).status) == (first, "connected")
    assert revocations() == []


def test_without_the_calendars_scope_nothing_is_kept(google, asha):
    with pytest.raises(connections.NoCalendar):
        make.connection(asha.user, grant(asked=scopes.FREE_BUSY))
    assert live(asha) is None


# -- letting go ------------------------------------------------------------------------------------------------------


def test_disconnecting_counts_at_once_and_google_is_told_by_the_worker(google, at_google, asha):
    person = at_google(asha, ASHA)
    person.connects()
    answer = person.browser.submit("calendar.disconnect", on="/calendar/status")
    assert "We won’t add anything else" in person.browser.get(answer.headers["Location"]).page.text
    assert live(asha) is None
    assert google.has_grant(ASHA)
    outbox.deliver_due()
    assert not google.has_grant(ASHA)
    assert [c.refresh_token for c in db.session.query(CalendarConnection)] == [None]


@pytest.mark.parametrize("fault", ["500", "503", "cut", "redirect"])
def test_google_is_told_again_until_it_has_heard(google, at_google, asha, steady_clock, fault):
    at_google(asha, ASHA).connects()
    connections.disconnect(asha.user)
    google.fail(fault, on="revoke")
    outbox.deliver_due()
    assert google.has_grant(ASHA)
    steady_clock.advance(minutes=1)
    outbox.deliver_due()
    assert not google.has_grant(ASHA)
    assert [message.status for message in revocations()] == ["sent"]


def test_an_answer_that_is_lost_or_a_permission_that_is_gone_is_no_trouble(google, at_google, asha, steady_clock):
    at_google(asha, ASHA).connects()
    connections.disconnect(asha.user)
    google.fail("lost", on="revoke")
    outbox.deliver_due()
    assert not google.has_grant(ASHA)
    steady_clock.advance(minutes=1)
    outbox.deliver_due()
    assert [message.status for message in revocations()] == ["sent"]


def test_a_late_revocation_does_not_end_what_was_connected_since(google, at_google, asha):
    """Google takes back all that an account allowed, so the old token is forgotten and Google not asked."""
    person = at_google(asha, ASHA)
    person.connects()
    connections.disconnect(asha.user)
    person.connects()
    outbox.deliver_due()
    assert google.calls("revoke") == []
    assert google.has_grant(ASHA)
    ended, working = db.session.query(CalendarConnection).order_by(CalendarConnection.status.desc())
    assert (ended.refresh_token, working.status) == (None, "connected")


def test_one_google_account_of_two_people_is_not_taken_from_the_other(google, at_google, asha, bose):
    at_google(asha, ASHA).connects()
    at_google(bose, ASHA).connects()
    connections.disconnect(asha.user)
    outbox.deliver_due()
    assert google.has_grant(ASHA)
    connections.disconnect(bose.user)
    outbox.deliver_due()
    assert not google.has_grant(ASHA)


def test_a_token_that_no_key_opens_is_not_tried_again(google, at_google, asha, app, monkeypatch):
    from hms.config.google import new_key

    at_google(asha, ASHA).connects()
    connections.disconnect(asha.user)
    monkeypatch.setitem(app.config, "ENCRYPTION_KEYS", [new_key()])
    outbox.deliver_due()
    assert [message.status for message in revocations()] == ["dead"]


def test_disconnecting_twice_is_told_kindly(google, at_google, asha):
    person = at_google(asha, ASHA)
    person.connects()
    person.browser.page("calendar.status")
    connections.disconnect(asha.user)
    answer = person.browser.submit("calendar.disconnect")
    assert "was already disconnected" in person.browser.get(answer.headers["Location"]).page.text


def told(postbox) -> list:
    """The mails about lost connections that leave now."""
    return [letter for letter in postbox.deliver() if letter.type == "CALENDAR_DISCONNECTED"]


# -- broken ----------------------------------------------------------------------------------------------------------


def test_a_lost_permission_is_noted_once_with_one_mail(google, postbox, asha):
    make.connection(asha.user, grant())
    connection = live(asha)
    noted = [connections.mark_broken(connection.id, sealed=connection.refresh_token) for _ in range(3)]
    assert noted == [True, False, False]
    letters = told(postbox)
    assert [letter.to for letter in letters] == ["asha@example.test"]
    assert letters[0].data["action_url"] == "http://localhost/calendar/status"
    assert "stopped syncing" in letters[0].mail["Subject"]
    assert "Your bookings are safe" in letters[0].text


def test_each_time_that_it_is_lost_is_a_mail_of_its_own(google, postbox, asha, steady_clock):
    make.connection(asha.user, grant())
    break_it(asha)
    postbox.deliver()
    make.connection(asha.user, grant(refresh_token="1//0newer"))
    steady_clock.advance(days=1)
    break_it(asha)
    assert len(told(postbox)) == 1


def test_the_mail_is_not_sent_once_the_calendar_is_connected_again(google, postbox, asha):
    make.connection(asha.user, grant())
    break_it(asha)
    make.connection(asha.user, grant(refresh_token="1//0newer"))
    assert told(postbox) == []


def test_the_mail_is_not_sent_to_a_closed_account(google, postbox, asha):
    make.connection(asha.user, grant())
    break_it(asha)
    accounts.deactivate("asha@example.test")
    assert told(postbox) == []


def test_a_worker_with_an_old_token_does_not_break_a_new_connection(google, asha):
    make.connection(asha.user, grant())
    sealed = live(asha).refresh_token
    make.connection(asha.user, grant(refresh_token="1//0newer"))
    assert not connections.mark_broken(live(asha).id, sealed=sealed)
    assert live(asha).status == "connected"


def test_what_was_ended_is_not_broken(google, asha):
    connection = make.connection(asha.user, grant())
    connection_id, sealed = connection.id, connection.refresh_token
    connections.disconnect(asha.user)
    assert not connections.mark_broken(connection_id, sealed=sealed)


def test_connecting_again_makes_everything_whole(google, asha, steady_clock):
    first = make.connection(asha.user, grant()).id
    break_it(asha)
    steady_clock.advance(hours=1)
    make.connection(asha.user, grant(refresh_token="1//0newer"))
    assert (live(asha).id, live(asha).status) == (first, "connected")
    assert (live(asha).broken_at, live(asha).last_error) == (None, None)


# -- a closed account -------------------------------------------------------------------------------------------------


def test_what_a_closed_account_was_connected_with_is_ended_and_taken_back_at_google(google, at_google, asha, bose):
    for person, account in ((asha, ASHA), (bose, BOSE)):
        at_google(person, account).connects()
    accounts.deactivate(asha.user.email)
    assert connections.end_without_a_right() == 0, "nothing is left for the worker to find"
    outbox.deliver_due()
    assert live(asha) is None
    assert live(bose).status == "connected"
    assert (google.has_grant(ASHA), google.has_grant(BOSE)) == (False, True)


def test_the_worker_ends_what_an_account_left_that_was_closed_before_that_was_so(google, at_google, asha, bose):
    for person, account in ((asha, ASHA), (bose, BOSE)):
        at_google(person, account).connects()
    with transaction():
        asha.user.deactivated_at = clock.now()
    assert connections.end_without_a_right() == 1
    assert connections.end_without_a_right() == 0
    assert live(asha) is None


def test_the_worker_ends_what_somebody_connected_before_addresses_had_to_be_proved(google, at_google, asha, bose):
    for person, account in ((asha, ASHA), (bose, BOSE)):
        at_google(person, account).connects()
    with transaction():
        asha.user.email_verified_at = None
    assert connections.end_without_a_right() == 1
    assert (live(asha), live(bose).status) == (None, "connected")


# -- a consent screen in "Testing" -----------------------------------------------------------------------------------


@pytest.fixture
def log(caplog, app, monkeypatch):
    """What the operator reads."""
    monkeypatch.setattr(app.logger, "propagate", True)
    caplog.set_level(logging.WARNING)
    return caplog


@pytest.mark.parametrize("days", [0, 6, 7, 40])
def test_a_permission_that_never_worked_for_longer_than_seven_days_points_to_testing(
    google, asha, steady_clock, log, days
):
    """Also when it is noticed late: nothing says that it had worked in between."""
    make.connection(asha.user, grant())
    steady_clock.advance(days=days)
    break_it(asha)
    assert "its registration with Google isn’t finished" in live(asha).last_error
    assert "Is the consent screen still in Testing?" in log.text
    assert str(live(asha).id) in log.text


def test_a_permission_that_worked_for_longer_was_taken_back(google, asha, steady_clock, log):
    make.connection(asha.user, grant())
    steady_clock.advance(days=20)
    synced(asha, steady_clock.now())
    break_it(asha)
    assert live(asha).last_error == connections.LOST
    assert "Testing" not in log.text


def test_a_permission_that_read_busy_times_for_longer_was_taken_back(google, bose, steady_clock, log):
    make.connection(bose.user, grant())
    steady_clock.advance(days=20)
    with transaction():
        live(bose).busy_checked_at = steady_clock.now()
    break_it(bose)
    assert live(bose).last_error == connections.LOST
    assert "Testing" not in log.text


def test_connecting_again_begins_the_seven_days_anew(google, asha, steady_clock, log):
    make.connection(asha.user, grant())
    synced(asha, steady_clock.now())
    steady_clock.advance(days=30)
    make.connection(asha.user, grant(refresh_token="1//0newer"))
    break_it(asha)
    assert live(asha).last_error == connections.LOST_EARLY


def test_an_operator_is_told_as_soon_as_google_says_that_permissions_are_short(google, at_google, asha, log):
    google.tokens.is_testing = True
    at_google(asha, ASHA).connects()
    assert "permissions end after 7 days" in log.text


# -- secrets ---------------------------------------------------------------------------------------------------------


def canaries(google) -> set[str]:
    """Every secret that Google has given out, and ours."""
    return {*google.tokens.refresh, *google.tokens.access, *google.tokens.codes, "stand-in-client-secret"}


def test_no_token_shows_on_any_page_in_any_log_or_when_something_is_printed(google, at_google, asha, bose, log):
    log.set_level(logging.DEBUG)
    person, doctor = at_google(asha, ASHA), at_google(bose, BOSE)
    seen = [person.connects().markup, doctor.connects().markup]
    google.fail("garbage", on="token.*")
    seen.append(person.connects().markup)
    break_it(bose)
    seen += [doctor.browser.get(path).text for path in ("/doctor/", "/calendar/status", "/doctor/profile")]
    seen += [person.browser.get(path).text for path in ("/patient/", "/calendar/status", "/no-such-page")]
    connections.disconnect(asha.user)
    google.fail("500", on="revoke")
    outbox.deliver_due()
    rows = db.session.query(CalendarConnection).all()
    seen += [repr(row) + str(row) for row in rows] + [
        str(message.payload) for message in db.session.query(OutboxMessage)
    ]
    seen += [str(message.last_error) for message in db.session.query(OutboxMessage)]
    kept = api.Grant("canary-access", timedelta(hours=1), "canary-refresh")
    seen += [repr(grant()), repr(kept), repr(tokens.Kept("canary-access", clock.now(), clock.now())), log.text]
    secrets = canaries(google) | {"canary-refresh", "canary-access"}
    assert len(secrets) > 6
    assert [secret for secret in secrets if any(secret in text for text in seen)] == []


def test_a_bug_tells_no_token_either(google, at_google, asha, log, monkeypatch):
    """Neither its page nor its traceback."""

    def broken(*_args, **_more):
        raise RuntimeError("a bug")

    log.set_level(logging.DEBUG)
    person = at_google(asha, ASHA)
    back = person.answers(person.sets_out())
    monkeypatch.setattr(vault, "seal", broken)
    answer = person.returns(back)
    assert (answer.status_code, "a bug" in log.text) == (500, True)
    seen = answer.text + log.text
    assert [secret for secret in canaries(google) if secret in seen] == []


def test_no_token_lies_open_in_the_database(google, at_google, asha, session):
    at_google(asha, ASHA).connects()
    everything = " ".join(
        str(row)
        for table in db.metadata.sorted_tables
        for row in session.execute(db.text(f'SELECT t::text FROM "{table.name}" t'))
    )
    assert "asha.rao@gmail.test" in everything
    assert [secret for secret in canaries(google) if secret in everything or secret.encode().hex() in everything] == []


def test_a_stranger_sees_nothing_of_it(google, at_google, asha, chen):
    at_google(asha, ASHA).connects()
    assert ASHA not in at_google(chen, CHEN).browser.page("calendar.status").markup
