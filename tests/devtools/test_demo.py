"""The made-up clinic: what it promises the README, and that it breaks none of the rules that real rows keep."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from hms import clock
from hms.auth import services as auth
from hms.auth.models import Doctor, Patient, Specialty, User
from hms.availability import queries, services
from hms.availability.models import Slot
from hms.devtools import demo
from hms.devtools.demo import people
from hms.devtools.demo.portraits import LOOKS
from hms.directory import queries as directory
from hms.outbox import queries as outbox
from hms.scheduling import queries as booked
from hms.scheduling.models import Appointment
from tests.authz.snapshot import fingerprint
from tests.race import invariants


@pytest.fixture
def loaded(session):
    """The clinic as it is by default."""
    demo.load()
    return session


def person(session, email: str) -> User:
    """The account with that address."""
    return session.scalars(select(User).where(User.email == email)).one()


def count(session, model, *which) -> int:
    """How many rows there are."""
    return session.scalar(select(func.count()).select_from(model).where(*which))


def test_it_is_a_small_clinic_of_many_specialties(loaded):
    assert count(loaded, Doctor) == 12
    assert count(loaded, Patient) == 31
    assert loaded.scalar(select(func.count(func.distinct(Doctor.specialty_id)))) >= 8
    assert demo.is_loaded()


@pytest.mark.parametrize(
    ("email", "name", "role"),
    [
        ("asha@demo.test", "Asha Rao", "patient"),
        ("bose@demo.test", "Dr Anil Bose", "doctor"),
        ("dana@demo.test", "Dana Reyes", "admin"),
        ("rita@demo.test", "Rita Novak", "receptionist"),
        ("patient-0001@demo.test", None, "patient"),
        ("patient-0030@demo.test", None, "patient"),
        ("doctor-0001@demo.test", None, "doctor"),
        ("doctor-0011@demo.test", None, "doctor"),
    ],
)
def test_everybody_signs_in_with_the_published_password(loaded, email, name, role):
    user = auth.authenticate(email, "demo-only-passphrase")
    assert user.role == role
    assert name in (None, user.full_name)


def test_it_keeps_every_rule_that_real_rows_keep(loaded):
    assert invariants.broken(loaded.connection(), with_mails=False) == {}


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 23, 8, 0, tzinfo=UTC),  # a Monday morning
        datetime(2026, 11, 27, 12, 10, tzinfo=UTC),  # in the middle of a day
        datetime(2026, 11, 28, 23, 59, tzinfo=UTC),  # a Saturday night
        datetime(2026, 11, 29, 0, 0, tzinfo=UTC),
        datetime(2027, 3, 27, 23, 30, tzinfo=UTC),  # the clocks go forward tonight
        datetime(2027, 10, 31, 0, 45, tzinfo=UTC),  # the hour that comes twice
        datetime(2028, 2, 29, 9, 5, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, tzinfo=UTC),
    ],
)
def test_it_can_be_loaded_at_any_moment(session, freeze, now):
    freeze(now)
    demo.load(doctors=7, patients=8, days=10)
    assert invariants.broken(session.connection(), with_mails=False) == {}
    assert directory.search_doctors().cards[0].times
    latest = session.scalar(select(func.max(Appointment.created_at)))
    assert latest <= now


@pytest.mark.parametrize("now", [datetime(2026, 11, 23, 8, 0, tzinfo=UTC), datetime(2026, 11, 28, 10, 0, tzinfo=UTC)])
def test_its_times_are_those_of_its_weekly_hours_which_reach_further(session, freeze, now):
    freeze(now)
    demo.load()
    made = count(session, Slot)
    by_hand = count(session, Slot, Slot.origin == "hand", Slot.starts_at > now)
    bose = person(session, "bose@demo.test").doctor
    assert queries.list_out_of_hours(bose) == []
    changes = services.refresh_plan(bose.id)
    assert (changes.removed, changes.marked, changes.skipped) == ([], {}, [])
    assert len(changes.added) > 300
    while services.refresh_next():
        pass
    assert count(session, Slot) > made * 2
    assert count(session, Slot, Slot.origin == "hand", Slot.starts_at > now) == by_hand
    assert count(session, Slot, Slot.blocked_by.is_not(None)) == 0
    assert invariants.broken(session.connection(), with_mails=False) == {}


def test_it_shows_time_off_a_closure_and_each_kind_of_visit(loaded):
    bose = person(loaded, "bose@demo.test").doctor
    assert [away.reason for away in queries.list_time_off(bose)] == ["Conference"]
    assert [closure.name for closure in queries.list_closures()] == ["Christmas"]
    assert set(loaded.scalars(select(Slot.mode))) == {"in-person", "online", "both"}
    assert set(loaded.scalars(select(Appointment.mode))) == {"in-person", "online"}


def test_asha_has_a_past_and_a_future(loaded):
    asha = person(loaded, "asha@demo.test").patient
    to_come = booked.list_appointments(patient=asha)
    past = booked.list_appointments(patient=asha, past=True)
    assert len(to_come) >= 2
    assert {"fulfilled", "cancelled"} <= {visit.status for visit in past}


def test_dr_boses_day_shows_what_a_day_can_be(loaded, freeze):
    bose = person(loaded, "bose@demo.test").doctor
    statuses = set(loaded.scalars(select(Appointment.status).where(Appointment.doctor_id == bose.id)))
    assert {"booked", "fulfilled", "noshow", "cancelled"} <= statuses
    starts_at, ends_at = clock.day_bounds(clock.today())
    today = booked.agenda(bose, starts_at=starts_at, ends_at=ends_at)
    assert len(today) >= 5
    assert any(item.patient_name for item in today)
    assert any(item.patient_name is None for item in today)


def test_somebody_is_there_now_when_it_is_loaded_during_the_day(session, freeze):
    freeze(datetime(2026, 11, 24, 11, 5, tzinfo=UTC))
    demo.load()
    assert count(session, Appointment, Appointment.status == "arrived") >= 1


def test_one_doctor_has_nothing_free_and_one_is_full_this_week(loaded):
    soon = clock.now() + timedelta(days=7)
    cards = {card.full_name: card.times for card in directory.search_doctors().cards}
    assert len(cards) == 12
    assert cards["Dr Farah Siddiqui"] == []
    assert cards["Prof Samuel Adeyemi"][0].starts_at > soon
    assert sum(bool(times) and times[0].starts_at < soon for times in cards.values()) >= 6


@pytest.mark.parametrize("words", ["Siddiqui", "farah siddiqui", "Sidiqui"])
def test_its_doctors_are_found_by_their_names(loaded, words):
    assert [card.full_name for card in directory.search_doctors(name=words).cards] == ["Dr Farah Siddiqui"]


def test_no_mail_goes_to_people_who_do_not_exist(loaded):
    assert outbox.list_messages() == []


def test_every_page_of_it_can_be_opened(loaded, new_client):
    for email, pages in (
        ("asha@demo.test", ["/patient/", "/patient/appointments", "/patient/appointments?tab=past"]),
        ("bose@demo.test", ["/doctor/", "/doctor/calendar", "/doctor/calendar?view=list", "/doctor/appointments"]),
    ):
        browser = new_client()
        browser.submit("auth.login", {"email": email, "password": demo.PASSWORD}, on="/login")
        for path in ["/", "/doctors", *pages]:
            assert browser.get(path).status_code == 200


def test_loading_again_changes_nothing(loaded, app):
    before = fingerprint(loaded)
    with pytest.raises(demo.AlreadyLoaded):
        demo.load()
    answer = app.test_cli_runner().invoke(args=["demo", "load"])
    assert (answer.exit_code, answer.output) == (0, "The demo clinic is loaded already.\n")
    assert fingerprint(loaded) == before


def test_the_command_names_the_accounts(session, app):
    answer = app.test_cli_runner().invoke(args=["demo", "load", "--doctors", "3", "--patients", "2", "--days", "5"])
    assert answer.exit_code == 0, answer.output
    assert all(
        word in answer.output
        for word in ("asha@demo.test", "bose@demo.test", "rita@demo.test", "dana@demo.test", demo.PASSWORD)
    )
    assert (count(session, Doctor), count(session, Patient)) == (3, 3)


def test_it_is_refused_in_production(session, app, monkeypatch):
    monkeypatch.setitem(app.config, "MODE", "production")
    with pytest.raises(demo.NotHere):
        demo.load()
    answer = app.test_cli_runner().invoke(args=["demo", "load"])
    assert answer.exit_code == 1
    assert "never in production" in answer.output
    assert count(session, User) == 0


def test_a_large_clinic_has_as_many_as_were_asked_for(session):
    demo.load(doctors=150, patients=40, days=20)
    assert (count(session, Doctor), count(session, Patient)) == (150, 41)
    assert count(session, Slot) > 10_000
    assert invariants.broken(session.connection(), with_mails=False) == {}


def test_every_specialty_that_it_names_is_there(session):
    slugs = set(session.scalars(select(Specialty.slug)))
    named = {person.specialty for person in (people.BOSE, *people.COLLEAGUES)} | set(people.SPECIALTIES)
    assert named <= slugs


def test_its_doctors_have_faces_that_were_sent_as_any_photo_is(session):
    demo.load(doctors=2, patients=1, days=1)
    demo.show_faces()
    versions = session.scalars(select(Doctor.photo_version)).all()
    assert len(set(versions)) == 2
    assert None not in versions
    assert set(LOOKS) == {person.full_name for person in (people.BOSE, *people.COLLEAGUES)}


def test_nobody_has_to_be_in_two_places(loaded):
    """Nor to run from one to the other, nor to say what does not fit."""
    visits = loaded.scalars(select(Appointment).where(Appointment.status != "cancelled")).all()
    by_patient = sorted(visits, key=lambda visit: (visit.patient_id, visit.starts_at))
    for one, other in pairwise(by_patient):
        assert one.patient_id != other.patient_id or other.starts_at - one.ends_at >= timedelta(minutes=30)
    for visit in visits:
        assert visit.reason in people.reasons(visit.doctor.specialty.slug)
