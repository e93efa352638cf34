"""Appointments as calendar files, read back by a parser that is not ours."""

from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from icalendar import Calendar

from hms.calendar import ics
from hms.db import db, transaction
from hms.scheduling import services
from tests import make

THURSDAY = date(2026, 11, 26)
HOSTILE = [
    "x\r\nATTENDEE:mailto:eve@evil.test",
    "x\nEND:VEVENT\nBEGIN:VEVENT",
    "a;b,c:d\\n\\",
    'CN="quoted"; and more',
    "👩‍⚕️ Ωmega \u202egnirts",
    "line\u2028separator\u2029and\x85next",
    "\x00\x07\x1b",
    "x" * 300,
    "日本語" * 60,
]


@pytest.fixture
def appointment(asha, bose):
    """Asha with Dr Bose in Room 4 on Thursday 26 November, 09:40."""
    with transaction():
        bose.room = "Room 4"
    return make.appointment(asha, slot=make.slot(bose, day=THURSDAY, start=time(9, 40)), reason="A secret cough")


@pytest.fixture
def in_a_request(app):
    """Addresses are made as in a request."""
    with app.test_request_context():
        yield


def read(content: bytes):
    """The calendar and its one event."""
    calendar = Calendar.from_ical(content)
    (event,) = calendar.walk("VEVENT")
    assert not event.errors
    return calendar, event


def test_the_file_says_when_and_where_and_leads_to_the_appointment(appointment, in_a_request):
    calendar, event = read(ics.for_patient(appointment))
    assert calendar["VERSION"] == "2.0"
    assert event.start == datetime(2026, 11, 26, 9, 40, tzinfo=UTC)
    assert event.end - event.start == timedelta(minutes=20)
    assert event["SUMMARY"] == "Appointment, Northgate Hospital"
    assert event["LOCATION"] == "Northgate Hospital"
    assert f"http://localhost/patient/appointments/{appointment.id}" in event["DESCRIPTION"]
    assert (event["STATUS"], event["SEQUENCE"]) == ("CONFIRMED", 0)


@pytest.fixture(params=[False, True], ids=["no details", "details"])
def tells_more(request, app, monkeypatch):
    """Whether the clinic wants names and rooms in calendars."""
    monkeypatch.setitem(app.config, "CALENDAR_DETAILS", request.param)
    return request.param


def test_files_mails_feeds_and_the_link_to_google_tell_the_same(appointment, asha, bose, in_a_request, tells_more):
    people = ((asha.user, "Dr Anil Bose", "patient"), (bose.user, "Asha Rao", "doctor"))
    for user, other, area in people:
        file = ics.for_patient(appointment) if user is asha.user else ics.for_doctor(appointment)
        mailed = ics.invitation(appointment, "REQUEST", to=user).encode()
        fed = ics.feed(user, [(appointment, appointment.created_at)])
        events = [read(content)[1] for content in (file, mailed, fed)]
        google = parse_qs(urlsplit(ics.google_link(appointment, to=user)).query)
        told = {(str(event["DESCRIPTION"]), str(event["LOCATION"])) for event in events}
        told.add((google["details"][0], google["location"][0]))

        ((description, place),) = told
        assert (f"With {other}." in description) is tells_more
        assert ("Room 4" in place) is tells_more
        assert f"http://localhost/{area}/appointments/{appointment.id}" in description
        assert {str(event["URL"]) for event in events} == {f"http://localhost/{area}/appointments/{appointment.id}"}


def test_a_file_and_a_feed_are_no_messages_and_have_no_method(appointment, asha, in_a_request):
    """RFC 5546, 3.2.1: PUBLISH without an ORGANIZER is invalid, and libical says so."""
    for content in (ics.for_patient(appointment), ics.for_doctor(appointment), ics.feed(asha.user, [])):
        assert b"METHOD" not in content
    for method in ("REQUEST", "CANCEL"):
        _, event = read(ics.invitation(appointment, method, to=asha.user).encode())
        assert "ORGANIZER" in event


class TestTheAlarm:
    def alarms(self, content):
        return read(content)[1].walk("VALARM")

    def test_a_patient_who_wants_reminders_gets_one_in_every_form(self, appointment, asha, in_a_request):
        forms = (
            ics.for_patient(appointment),
            ics.invitation(appointment, "REQUEST", to=asha.user).encode(),
            ics.feed(asha.user, [(appointment, appointment.created_at)]),
        )
        for content in forms:
            (alarm,) = self.alarms(content)
            assert (alarm["ACTION"], alarm["DESCRIPTION"]) == ("DISPLAY", "Appointment, Northgate Hospital")
            assert alarm["TRIGGER"].dt == -timedelta(hours=2)

    def test_who_wants_none_a_doctor_and_a_cancelled_visit_get_none(self, appointment, asha, bose, in_a_request):
        assert self.alarms(ics.for_doctor(appointment)) == []
        with transaction():
            asha.wants_reminders = False
        assert self.alarms(ics.for_patient(appointment)) == []
        with transaction():
            asha.wants_reminders = True
        services.cancel_as_patient(appointment.id, patient=asha)
        assert self.alarms(ics.invitation(appointment, "CANCEL", to=asha.user).encode()) == []

    def test_where_nobody_is_reminded_there_is_none(self, appointment, app, monkeypatch, in_a_request):
        monkeypatch.setitem(app.config, "REMINDER_HOURS", ())
        assert self.alarms(ics.for_patient(appointment)) == []


def test_a_visit_online_is_in_no_room(appointment, in_a_request):
    with transaction():
        appointment.mode = "online"
    _, event = read(ics.for_patient(appointment))
    assert event["LOCATION"] == "Online"


def test_moments_are_written_in_utc(appointment, in_a_request):
    lines = ics.for_patient(appointment).decode().splitlines()
    assert "DTSTART:20261126T094000Z" in lines
    assert "DTEND:20261126T100000Z" in lines
    assert next(line for line in lines if line.startswith("DTSTAMP:20261123T08")).endswith("Z")


def test_a_time_in_summer_is_the_right_moment(steady_clock, asha, bose, in_a_request):
    steady_clock.set(datetime(2027, 6, 20, tzinfo=UTC))
    slot = make.slot(bose, day=date(2027, 7, 1), start=time(9, 40))
    _, event = read(ics.for_patient(make.appointment(asha, slot=slot)))
    assert event.start == datetime(2027, 7, 1, 8, 40, tzinfo=UTC)


def test_no_file_tells_of_anybodys_health(appointment, asha, in_a_request):
    invitation = ics.invitation(appointment, "REQUEST", to=asha.user)
    files = [ics.for_patient(appointment), ics.for_doctor(appointment), invitation.encode()]
    for content in files:
        text = str(read(content)).casefold()
        assert "cough" not in text
        assert "cardiology" not in text


def test_the_doctors_file_names_no_patient(appointment, in_a_request):
    content = ics.for_doctor(appointment).decode()
    assert "Asha" not in content.replace("\r\n ", "")
    assert f"/doctor/appointments/{appointment.id}" in content.replace("\r\n ", "")


def test_a_cancelled_appointment_replaces_the_event_that_is_there(appointment, asha, in_a_request):
    _, before = read(ics.for_patient(appointment))
    services.cancel_as_patient(appointment.id, patient=asha)
    _, after = read(ics.for_patient(appointment))
    assert after["UID"] == before["UID"] == f"{appointment.id}@localhost"
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["STATUS"] == "CANCELLED"


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_an_invitation_has_the_method_asked_for_and_one_attendee(appointment, asha, bose, in_a_request, method):
    text = ics.invitation(appointment, method, to=asha.user)
    calendar, event = read(text.encode())
    assert calendar["METHOD"] == method
    assert event["ORGANIZER"].params["CN"] == "Northgate Hospital"
    assert event["ATTENDEE"] == "mailto:asha@example.test"
    assert bose.user.email not in text.replace("\r\n ", "")


def test_an_organizer_at_a_name_in_letters_stands_there_as_every_program_reads_it(
    appointment, asha, app, in_a_request, monkeypatch
):
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://bücher.example")
    _, event = read(ics.invitation(appointment, "REQUEST", to=asha.user).encode())
    assert event["ORGANIZER"] == "mailto:noreply@xn--bcher-kva.example"


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_stay_words(appointment, bose, app, in_a_request, monkeypatch, words):
    bose.user.full_name, bose.room = words, words
    monkeypatch.setitem(app.config, "CLINIC_NAME", words)
    monkeypatch.setitem(app.config, "CLINIC_PHONE", words)
    with db.session.no_autoflush:  # no form lets such words through to the database
        content = ics.for_patient(appointment)
        calendar, event = read(content)
    assert len(calendar.subcomponents) == 1
    assert "ATTENDEE" not in event
    assert set(event) == {
        *("UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "DESCRIPTION", "STATUS", "URL")
    }
    assert_is_well_formed(content)


def assert_is_well_formed(content: bytes) -> None:
    """RFC 5545, 3.1: lines end in CRLF and hold at most 75 octets, whole characters, and no control characters."""
    assert content.endswith(b"\r\n")
    for line in content.removesuffix(b"\r\n").split(b"\r\n"):
        assert len(line) <= 75
        text = line.decode()
        assert not [character for character in text if ord(character) < 32 or character in "\x85\u2028\u2029"]


# ---- downloads


def test_a_patient_downloads_the_file(signed_in, asha, appointment):
    answer = signed_in(asha).get(f"/patient/appointments/{appointment.id}.ics")
    assert answer.status_code == 200
    assert answer.mimetype == "text/calendar"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="appointment-{appointment.reference}.ics"'
    assert answer.headers["Cache-Control"] == "no-store"
    _, event = read(answer.data)
    assert event["UID"] == f"{appointment.id}@localhost"


def test_a_doctor_downloads_the_file(signed_in, bose, appointment):
    answer = signed_in(bose).get(f"/doctor/appointments/{appointment.id}.ics")
    assert answer.status_code == 200
    assert read(answer.data)[1]["UID"] == f"{appointment.id}@localhost"


def test_a_stranger_finds_no_file(signed_in, client, chen, eze, appointment):
    assert signed_in(chen).get(f"/patient/appointments/{appointment.id}.ics").status_code == 404
    assert signed_in(eze).get(f"/doctor/appointments/{appointment.id}.ics").status_code == 404
    assert client.get(f"/patient/appointments/{appointment.id}.ics").status_code == 302


def test_each_role_has_an_address_of_its_own(signed_in, asha, bose, appointment):
    assert signed_in(asha).get(f"/doctor/appointments/{appointment.id}.ics").status_code == 403
    assert signed_in(bose).get(f"/patient/appointments/{appointment.id}.ics").status_code == 403


# ---- the menu


def test_the_menu_offers_a_file_and_a_page_of_google(signed_in, asha, appointment):
    page = signed_in(asha).page("patient.appointment", appointment_id=appointment.id)
    assert page.link(".ics") == f"/patient/appointments/{appointment.id}.ics"
    link = urlsplit(page.link("Google Calendar"))
    query = {name: value for name, (value,) in parse_qs(link.query).items()}
    assert (link.scheme, link.netloc) == ("https", "calendar.google.com")
    assert query["dates"] == "20261126T094000Z/20261126T100000Z"
    assert query["text"] == "Appointment, Northgate Hospital"
    assert not [word for word in ("Bose", "Asha", "cough", "Cardio", "Room") if word in link.query]


def test_the_link_to_google_tells_it_not_where_one_came_from(signed_in, asha, appointment):
    page = signed_in(asha).page("patient.appointment", appointment_id=appointment.id)
    (link,) = [link for link in page.all(".//a") if "google" in link.get("href", "")]
    assert link.get("rel") == "noopener noreferrer"


def test_a_visit_that_is_over_or_cancelled_has_no_menu(signed_in, asha, bose):
    over = make.appointment(asha, slot=make.slot(bose, day=date(2026, 11, 17)))
    cancelled = make.appointment(asha, slot=make.slot(bose, day=THURSDAY), status="cancelled")
    patient = signed_in(asha)
    for one in (over, cancelled):
        assert "Add to calendar" not in patient.page("patient.appointment", appointment_id=one.id).text


def test_a_doctors_menu_leads_to_the_doctors_file(signed_in, bose, appointment):
    page = signed_in(bose).page("doctor.appointment", appointment_id=appointment.id)
    assert page.link(".ics") == f"/doctor/appointments/{appointment.id}.ics"


def test_a_deactivated_patient_downloads_nothing(signed_in, asha, appointment):
    patient = signed_in(asha)
    make.closed(asha.user)
    assert patient.get(f"/patient/appointments/{appointment.id}.ics").status_code == 302
