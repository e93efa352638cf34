"""Reminders are switched off from the mail itself: by a page with a button, and by one click of a mail program."""

from datetime import date, time
from urllib.parse import urlsplit

import pytest

from hms.db import db
from tests import make


@pytest.fixture
def reminder(asha, bose, postbox, steady_clock):
    """The reminder of Asha's visit on Thursday, a day before."""
    made = make.appointment(asha, slot=make.slot(bose, day=date(2026, 11, 26), start=time(9, 40)))
    postbox.deliver()
    steady_clock.set(made.starts_at.replace(day=25))
    return postbox.only()


@pytest.fixture
def path(reminder):
    """The path of the address in the mail's header."""
    return urlsplit(reminder.mail["List-Unsubscribe"].strip("<>")).path


def wants_reminders(asha):
    db.session.rollback()
    db.session.refresh(asha)
    return asha.wants_reminders


def test_a_reminder_says_how_in_its_header_and_in_its_text(reminder):
    url = reminder.mail["List-Unsubscribe"].strip("<>")
    assert reminder.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert url.startswith("http://localhost/reminders/off/")
    assert url in reminder.body("plain")
    assert url in reminder.body("html")


def test_mail_that_cannot_be_switched_off_has_no_such_header(postbox, asha, bose):
    make.appointment(asha, doctor=bose)
    letters = postbox.deliver()
    assert letters
    assert not [letter.type for letter in letters if "List-Unsubscribe" in letter.mail]


def test_one_click_of_a_mail_program_is_enough(new_client, asha, path):
    answer = new_client().post(path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert "Location" not in answer.headers
    assert wants_reminders(asha) is False
    assert new_client().post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200


def test_the_page_asks_first_and_changes_nothing(client, asha, path):
    page = client.get(path).page
    assert "Turn off reminders" in page.text
    client.head(path)
    assert wants_reminders(asha) is True
    assert "Reminders are off" in client.post(path).page.text
    assert wants_reminders(asha) is False


def test_it_tells_nobody_who_it_is_about(client, asha, path):
    answer = client.get(path)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "asha" not in answer.text.casefold()


@pytest.mark.parametrize("token", ["x", "WyJh.Zm9v", "A" * 300])
def test_an_address_that_is_not_ours_changes_nothing(client, asha, session, token):
    for answer in (client.get(f"/reminders/off/{token}"), client.post(f"/reminders/off/{token}")):
        assert answer.status_code == 409
    assert wants_reminders(asha) is True


def test_a_link_for_something_else_switches_nothing_off(client, asha, path, session):
    from hms.auth import tokens

    other = tokens.make(tokens.Purpose.VERIFY_EMAIL, asha.user)
    assert client.post(f"/reminders/off/{other}").status_code == 409
    assert wants_reminders(asha) is True


def test_what_was_planned_is_not_sent_afterwards(new_client, asha, path, postbox, steady_clock):
    new_client().post(path, data={"List-Unsubscribe": "One-Click"})
    steady_clock.advance(hours=22)
    assert postbox.deliver() == []
