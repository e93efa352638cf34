"""``/dev/mailbox``: every mail of a development machine can be read, and none of them can do anything."""

import pytest

from email_lambda.messages import CONTRACTS
from hms.devtools.mailbox import store


def test_an_empty_box_says_how_to_get_a_mail(browser):
    page = browser.get("/dev/mailbox").page
    assert "No emails yet" in page.text
    assert page.has_link_to("/doctors")


def test_the_list_shows_the_newest_first(browser, put):
    for message_type in ("SIGNUP_WELCOME", "BOOKING_CONFIRMATION"):
        put(message_type)
    subjects = browser.get("/dev/mailbox").page.texts(".//tbody//a")
    assert len(subjects) == 2
    assert subjects[0].startswith("Confirmed:")


@pytest.mark.parametrize("message_type", sorted(CONTRACTS))
def test_every_kind_of_mail_can_be_read(browser, put, message_type):
    mail_id = put(message_type)
    answer = browser.get(f"/dev/mailbox/{mail_id}")
    assert "Northgate Hospital" in answer.page.text
    (frame,) = answer.page.all(".//iframe")
    assert frame.get("sandbox") == "allow-popups allow-popups-to-escape-sandbox"
    assert "frame-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "Northgate Hospital" in raw(browser, frame.get("src")).text


def test_a_mail_can_load_and_run_nothing(put, browser):
    mail_id = put("SIGNUP_WELCOME")
    policy = raw(browser, f"/dev/mailbox/{mail_id}/html").headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy


def test_a_hostile_mail_stays_in_its_frame(browser, folder):
    headers = b"Subject: <script>alert(1)</script>\r\nTo: a@b.test\r\nContent-Type: text/html\r\n"
    hostile = headers + b"\r\n<script>alert(2)</script>"
    mail_id = store.keep(folder, hostile).stem
    page = browser.get(f"/dev/mailbox/{mail_id}").page
    assert "<script>alert(1)</script>" in page.heading
    assert "alert(2)" not in page.markup


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\r\n",
        b"no header at all",
        b"\xff\xfe\x00",
        b"To: \xff\r\n\r\n\xff",
        b"Content-Type: text/plain; charset=martian\r\n\r\nx",
    ],
)
def test_what_is_hardly_a_mail_is_shown_all_the_same(browser, folder, content):
    mail_id = store.keep(folder, content).stem
    assert browser.get("/dev/mailbox").status_code == 200
    assert browser.get(f"/dev/mailbox/{mail_id}").status_code == 200


def test_the_calendar_file_can_be_taken_out(browser, put):
    mail_id = put("BOOKING_CONFIRMATION")
    page = browser.get(f"/dev/mailbox/{mail_id}").page
    answer = browser.get(page.link(".ics"))
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=appointment-")
    assert answer.data.startswith(b"BEGIN:VCALENDAR")
    assert browser.get(f"/dev/mailbox/{mail_id}/attachments/9").status_code == 404


@pytest.mark.parametrize("mail_id", ["none", "..%2F..%2Fsecret_key", "*", "%00"])
def test_nothing_but_mails_can_be_opened(browser, put, folder, mail_id):
    (folder.parent / "secret_key").write_text("secret")
    put("SIGNUP_WELCOME")
    for path in (f"/dev/mailbox/{mail_id}", f"/dev/mailbox/{mail_id}/html", f"/dev/mailbox/{mail_id}/attachments/0"):
        assert browser.get(path).status_code in (400, 404)


def test_outside_of_development_there_is_no_mailbox(client):
    assert client.get("/dev/mailbox").status_code == 404


def test_the_box_keeps_the_latest_500(folder, monkeypatch):
    monkeypatch.setattr(store, "KEPT", 3)
    kept = [store.keep(folder, f"Subject: {number}\r\n\r\n".encode()) for number in range(5)]
    assert sorted(folder.iterdir()) == sorted(kept[2:])
    assert [mail.message["subject"] for mail in store.list_mails(folder)] == ["4", "3", "2"]
    assert folder.stat().st_mode & 0o777 == 0o700


def raw(browser, path):
    """An answer whose HTML is not ours to check."""
    return browser.application.test_client().get(path)


@pytest.mark.parametrize("mode", ["development", "testing"])
def test_whoever_waits_for_a_code_is_shown_the_way_to_the_mailbox(app, development, mode):
    shown = {"development": development, "testing": app}[mode]
    with shown.test_request_context():
        panel = shown.jinja_env.globals["panels"]("mail-sent", None)
    assert ('href="/dev/mailbox"' in panel) == (mode == "development")
