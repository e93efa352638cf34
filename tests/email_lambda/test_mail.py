"""What arrives: parts, words, the calendar file, and names of every kind, parsed back from the delivered bytes."""

import base64
import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

import icalendar
import pytest

from email_lambda import addresses, render
from email_lambda.calendars import with_organizer
from tests.email_lambda import samples
from tests.email_lambda.mail_server import Delivery, MailServer

Call = Callable[[Any], Any]

WITH_CALENDAR = [name for name in samples.TYPES if name.startswith("BOOKING_")]
NAMES = [
    "Å",
    "O'Brien",
    "Nguyễn Văn An",
    "Nguye\u0302\u0303n",
    "名前",
    "محمد بن سلمان",
    "Asha محمد Rao",
    "שרה",
    "क्‍ष",
    "👨‍👩‍👧 Asha 🎉",
    "Z̷̨͘a̶l̷g̷o̴",
    "null",
    "-",
    "../",
    'Rao, Asha "the <b>first</b>" (é); x@y.example',
    "back\\slash, \\",
    "{{ 7*7 }} {% raw %} ${7}",
    "<script>alert(1)</script>&amp;",
    "%0d%0aBcc: eve@evil.example",
    "=?utf-8?q?=0D=0ABcc=3A_eve@evil.example?=",
    "=?utf-8?b?DQpCY2M6IGV2ZUBldmlsLmV4YW1wbGU=?= Müller",
    "x, y; z: é@q " * 20 + ".",
    "é" * 300,
    "a b " * 74 + "c",
]
LINE_BREAKS = ["a\r\nBcc: eve@evil.example", "a\rb", "a\nb", "a\x0bb", "a\x85b", "a\u2028b", "a\u2029b", "a\0b"]
EXPECTED_HEADERS = {
    "subject", "from", "to", "reply-to", "date", "message-id", "auto-submitted",
    "x-auto-response-suppress", "mime-version", "content-type",
}  # fmt: skip


def decoded(delivery: Delivery, header: str) -> str:
    """Return a header as a mail program shows it (RFC 2047), read from the bytes that arrived."""
    folded = message_from_bytes(delivery.raw, policy=policy.compat32)[header]
    return str(make_header(decode_header(re.sub(r"\r?\n", "", folded))))


def parts(mail: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in mail.walk()]


def words(mail: EmailMessage, subtype: str) -> str:
    part = mail.get_body((subtype,))
    assert part is not None
    return str(part.get_content())


class _Shape(HTMLParser):
    """The elements and attribute names of a page, without its words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[Any] = []
        self.links: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, [name for name, _ in attrs]))
        self.links += [value or "" for name, value in attrs if name == "href"]


LINKS = ("action_url", "cancel_url", "change_url", "details_url", "unsubscribe_url")


@pytest.mark.parametrize("name", samples.TYPES)
def test_every_type_arrives_whole(name: str, call: Call, mail_server: MailServer) -> None:
    event = samples.full_event(name)
    assert call(event) == {"ok": True, "retryable": False, "error": None, "fault": None}
    delivery = mail_server.only()
    assert (delivery.sender, delivery.recipients) == ("no-reply@clinic.example", ["asha@patients.example"])
    off = {"list-unsubscribe", "list-unsubscribe-post"} if "unsubscribe_url" in event["data"] else set()
    assert {key.lower() for key in delivery.mail} == EXPECTED_HEADERS | off
    assert delivery.mail.defects == []
    assert all(len(line) <= 998 for line in delivery.raw.split(b"\r\n"))
    assert delivery.raw.isascii()
    for shown in (words(delivery.mail, "plain"), words(delivery.mail, "html").replace("&amp;", "&")):
        for key in {"clinic_name", "clinic_phone", "recipient_name", "action_url", "emergency_line"} & set(
            event["data"]
        ):
            assert event["data"][key] in shown
        told = {"when", "where", "reference", "old_when", *samples.SELF_SERVICE}
        for key in told & set(event["data"]):
            assert event["data"][key] in " ".join(shown.split())


@pytest.mark.parametrize("name", samples.TYPES)
def test_plain_text_is_short_lines_and_has_no_markup(name: str, call: Call, mail_server: MailServer) -> None:
    call(samples.full_event(name))
    text = words(mail_server.only().mail, "plain")
    assert all(len(line) <= render.TEXT_WIDTH or " " not in line for line in text.splitlines())
    assert "\n\n\n" not in text
    assert not re.search(r"<\w|&\w+;|\bNone\b", text)


@pytest.mark.parametrize("name", samples.TYPES)
def test_the_html_has_one_heading_one_button_and_nothing_from_elsewhere(
    name: str, call: Call, mail_server: MailServer
) -> None:
    event = samples.full_event(name)
    call(event)
    page = words(mail_server.only().mail, "html")
    shape = _Shape(page)
    tags = [tag for tag, _ in shape.elements]
    assert tags.count("h1") == tags.count("title") == 1
    assert page.count('class="button"') == 1
    assert not {"script", "img", "link", "iframe", "form", "input", "object"} & set(tags)
    assert set(shape.links) <= {event["data"].get(key) for key in LINKS}
    assert "None" not in page


@pytest.mark.parametrize("name", WITH_CALENDAR)
def test_the_calendar_file_comes_twice_and_unchanged(name: str, call: Call, mail_server: MailServer) -> None:
    event = samples.event(name)
    call(event)
    mail = mail_server.only().mail
    assert parts(mail) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    inline, attached = (part for part in mail.walk() if part.get_content_type() in {"text/calendar", "application/ics"})
    assert inline["Content-Transfer-Encoding"] == attached["Content-Transfer-Encoding"] == "base64"
    assert inline["Content-Type"].params == {"method": event["data"]["ics_method"], "charset": "utf-8"}
    assert attached.get_filename() == "appointment-7KQ4-M2PX.ics"
    assert attached.get_content_disposition() == "attachment"
    assert inline.get_payload(decode=True) == attached.get_payload(decode=True)
    calendar = icalendar.Calendar.from_ical(inline.get_payload(decode=True))
    (visit,) = calendar.walk("VEVENT")
    assert calendar["METHOD"] == event["data"]["ics_method"]
    assert visit["UID"] == "7b1a2c3d@clinic.example"
    assert "مرحبا" in visit["SUMMARY"]


INVITATION = """BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
ORGANIZER;CN="Dr No:mailto:x@evil.example and a very long name of a clinic: 日本語日
 本語日本語":mailto:noreply@portal.example
SUMMARY:ORGANIZER:mailto:noreply@portal.example
ATTENDEE:mailto:asha@patients.example
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


@pytest.mark.parametrize(
    "address", ["reception@clinic.example", "a+b%c?d@clinic.example", "x" * 64 + "@clinic.example"]
)
def test_the_organizer_is_the_address_that_reads_answers(address: str) -> None:
    told = with_organizer(INVITATION, address=address)
    (event,) = icalendar.Calendar.from_ical(told).walk("VEVENT")
    assert unquote(event["ORGANIZER"]) == f"mailto:{address}"
    assert event["ORGANIZER"].params["CN"].endswith("日本語日本語日本語")
    assert event["ATTENDEE"] == "mailto:asha@patients.example"
    assert event["SUMMARY"] == "ORGANIZER:mailto:noreply@portal.example"
    assert all(len(line.encode()) <= 75 for line in told.split("\r\n"))
    assert told.endswith("END:VCALENDAR\r\n")
    assert with_organizer(told, address=address) == told


@pytest.mark.parametrize("reply_to", ["reception@clinic.example", ""])
def test_that_address_is_where_answers_go_or_else_the_sender(
    reply_to: str, call: Call, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_REPLY_TO", reply_to)
    event = samples.event("BOOKING_CONFIRMATION", ics=INVITATION)
    assert call(event)["ok"]
    (part,) = [part for part in mail_server.only().mail.walk() if part.get_content_type() == "text/calendar"]
    (visit,) = icalendar.Calendar.from_ical(part.get_payload(decode=True)).walk("VEVENT")
    assert visit["ORGANIZER"] == f"mailto:{reply_to or 'no-reply@clinic.example'}"


@pytest.mark.parametrize("name", sorted(set(samples.TYPES) - set(WITH_CALENDAR)))
def test_a_mail_without_a_calendar_file_is_text_and_html(name: str, call: Call, mail_server: MailServer) -> None:
    call(samples.event(name))
    assert parts(mail_server.only().mail) == ["multipart/alternative", "text/plain", "text/html"]


def test_the_message_id_follows_from_ours(call: Call, mail_server: MailServer) -> None:
    identifier = (
        "BOOKING_CONFIRMATION_DOCTOR:0192f0aa-1111-7222-8333-444455556666:0192f0aa-1111-7222-8333-444455556667:12"
    )
    call(samples.event("BOOKING_CONFIRMATION", message_id=identifier))
    assert mail_server.only().mail["Message-ID"] == f"<{identifier.replace(':', '+')}@clinic.example>"


def test_two_identifiers_never_share_a_message_id() -> None:
    odd = ["a:b", "a+b", "a.b", "a=2Eb", "a=b", "a@b", "a<b>", "A:b", ":a", "a:", '"']
    made = {addresses.message_id(identifier, domain="clinic.example") for identifier in odd}
    assert len(made) == len(odd)
    assert all(re.fullmatch(r"<[A-Za-z0-9_=+-]+@clinic\.example>", identifier) for identifier in made)


def test_the_mail_comes_from_the_clinic_to_the_person(call: Call, mail_server: MailServer) -> None:
    call(samples.event("STATUS_UPDATE"))
    mail = mail_server.only().mail
    assert mail["From"] == "Northgate Hospital <no-reply@clinic.example>"
    assert mail["To"] == "Asha Rao <asha@patients.example>"
    assert mail["Reply-To"] == "Northgate Hospital <reception@clinic.example>"
    assert mail["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_arrives_as_it_is_and_changes_nothing_else(name: str, call: Call, mail_server: MailServer) -> None:
    given = name.strip()
    event = samples.event("SIGNUP_WELCOME", clinic_name=given, recipient_name=given, **samples.LINK)
    assert call(event)["ok"]
    delivery = mail_server.only()
    mail = delivery.mail
    assert {key.lower() for key in mail} == EXPECTED_HEADERS
    assert delivery.recipients == ["asha@patients.example"]
    for header, address in (("From", "no-reply@clinic.example"), ("To", "asha@patients.example")):
        shown, _, rest = decoded(delivery, header).rpartition(" <")
        assert rest == f"{address}>"
        assert re.sub(r"\\(.)", r"\1", shown.strip().strip('"')) == given or shown.strip() == given
        assert len(message_from_bytes(delivery.raw).get_all(header, [])) == 1
    isolates = {0x2068: None, 0x2069: None}
    assert decoded(delivery, "Subject").translate(isolates) == f"Welcome to {given}: confirm your email address"
    assert " ".join(given.split()) in " ".join(words(mail, "plain").translate(isolates).split())


@pytest.mark.parametrize("name", NAMES)
def test_a_name_cannot_add_an_element_to_the_page(name: str, call: Call, mail_server: MailServer) -> None:
    call(samples.event("BOOKING_CONFIRMATION_DOCTOR"))
    call(samples.event("BOOKING_CONFIRMATION_DOCTOR", patient_name=name, clinic_name=name, where=name, message_id="2"))
    plain, hostile = (_Shape(words(delivery.mail, "html")) for delivery in mail_server.deliveries)
    assert hostile.elements == plain.elements


@pytest.mark.parametrize("name", LINE_BREAKS)
@pytest.mark.parametrize("key", ["clinic_name", "recipient_name", "when_short", "reference"])
def test_a_line_break_is_refused_for_good(name: str, key: str, call: Call, mail_server: MailServer) -> None:
    answer = call(samples.event("BOOKING_CONFIRMATION", **{key: name}))
    assert not answer["ok"]
    assert not answer["retryable"]
    assert mail_server.deliveries == []


def test_a_right_to_left_name_is_isolated_from_the_sentence(call: Call, mail_server: MailServer) -> None:
    call(samples.event("EMAIL_VERIFICATION", clinic_name="مستشفى", recipient_name="\u202eمحمد\u2069"))
    delivery = mail_server.only()
    mail = delivery.mail
    assert decoded(delivery, "Subject") == "Confirm your email address for \u2068مستشفى\u2069"
    assert "Hello \u2068محمد\u2069," in words(mail, "plain")
    assert "Hello <bdi>محمد</bdi>," in words(mail, "html")
    assert decoded(delivery, "To") == "محمد <asha@patients.example>"
    assert not re.search("[\u202a-\u202e]", words(mail, "html") + words(mail, "plain"))


@pytest.mark.parametrize("name", samples.TYPES)
def test_subjects_name_no_patient_doctor_or_place(name: str, call: Call, mail_server: MailServer) -> None:
    event = samples.full_event(name)
    call(event)
    subject = decoded(mail_server.only(), "Subject")
    assert len(subject) <= 78
    for key in ("patient_name", "doctor_name", "where", "recipient_name", "reference"):
        assert event["data"].get(key, "(none)") not in subject


def test_a_code_stands_in_the_subject_and_the_mail_names_nobody(call: Call, mail_server: MailServer) -> None:
    call(samples.event("SIGN_UP_CODE"))
    call(samples.event("SIGN_UP_CODE", has_account=True))
    new, known = mail_server.deliveries
    for delivery in (new, known):
        assert decoded(delivery, "Subject").startswith("012345 is your code for ")
        assert delivery.mail["To"] == "asha@patients.example"
        assert "Hello" not in words(delivery.mail, "plain")
        assert "If you didn’t request this, ignore this email." in words(delivery.mail, "plain")
    assert "You already have an account" not in words(new.mail, "plain")
    assert "You already have an account" in words(known.mail, "plain")


@pytest.mark.parametrize("who", ["patient", "doctor", "clinic"])
def test_a_cancellation_says_who_cancelled(who: str, call: Call, mail_server: MailServer) -> None:
    call(samples.event("BOOKING_CANCELLATION", cancelled_by=who))
    call(samples.event("BOOKING_CANCELLATION_DOCTOR", cancelled_by=who))
    patient, doctor = (words(delivery.mail, "plain") for delivery in mail_server.deliveries)
    assert {"patient": "You’ve cancelled", "doctor": "Dr Ines Weiss can’t see you", "clinic": "We had to cancel"}[
        who
    ] in patient
    assert {"patient": "The patient has", "doctor": "You’ve cancelled", "clinic": "Reception has"}[who] in doctor


def test_without_a_link_the_mail_says_whom_to_call(call: Call, mail_server: MailServer) -> None:
    call(samples.event("APPOINTMENT_REMINDER"))
    assert "Call 020 7946 0100 as soon as you can" in " ".join(words(mail_server.only().mail, "plain").split())


def test_encoded_words_are_short_and_never_cut_a_character() -> None:
    text = "".join(chr(point) for point in (0x41, 0xE9, 0x1F389, 0x645)) * 60
    encoded = addresses.header_text(text).split("\r\n ")
    assert all(len(word) <= 75 for word in encoded)
    assert "".join(base64.b64decode(word[10:-2]).decode() for word in encoded) == text
