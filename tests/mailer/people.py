"""A clinic in which every kind of mail is promised, by people with the names that a test wants."""

from datetime import date, time

from hms import mailer, outbox
from hms.auth import services as auth
from hms.auth.emails import security_notice
from hms.calendar.google import scopes
from hms.calendar.google.oauth import Grant
from hms.calendar.services import connections
from hms.db import transaction
from hms.scheduling import emails, services
from tests import make

ODD_NAMES = [
    "Zoë Ångström-O'Neill",
    "👩‍⚕️ Dr 🦄",
    "محمد عبد الله",
    "שרה כהן",
    "Asha \u202eoaR",
    "李小龍",
    'Asha "The Patient" <eve@evil.test>',
    "<script>alert(1)</script>",
    "{{ 7 * 7 }} {% raw %}",
    "=?utf-8?q?Asha=0D=0ABcc=3A_eve@evil.test?=",
    "a" * 120,
    "Asha, Rao; Chen: <x>",
]


def everything(postbox, steady_clock, *, name: str = "Asha Rao") -> list:
    """Every letter of a patient and a doctor of that name, from signing up to the end of a visit."""
    asha = make.patient("Asha Rao", email="asha@example.test", is_verified=False)
    bose = make.doctor("Asha Rao", email="bose@example.test")
    call_them(name, asha, bose)
    letters = postbox.deliver()
    auth.send_verification(asha.user)
    auth.ask_for_reset("asha@example.test")
    auth.send_code("asha@example.test", browser="a browser")
    letters += postbox.deliver()
    auth.confirm_email("asha@example.test")
    auth.change_password(asha.user, current=make.PASSWORD, password="another-passphrase-for-tests")
    ask_for_another_specialty(bose, "Asha Rao")
    auth.approve_changes(bose.user.email)
    call_them(name, bose)
    kept, moved, cancelled = (make.slot(bose, day=date(2026, 11, day), start=time(9, 40)) for day in (26, 27, 30))
    made = {
        slot: services.book(slot.id, patient=asha, idempotency_key=str(slot.id)) for slot in (kept, moved, cancelled)
    }
    letters += postbox.deliver()
    services.cancel_as_patient(made[cancelled].id, patient=asha)
    change(made[moved])
    lose_a_calendar(asha)
    tell_of_the_account(asha.user)
    steady_clock.set(kept.starts_at.replace(hour=7, minute=45))
    letters += postbox.deliver()
    steady_clock.set(kept.ends_at)
    services.mark_noshow(made[kept].id, doctor=bose)
    steady_clock.advance(minutes=10)
    return letters + postbox.deliver()


def call_them(name: str, *people) -> None:
    """Give people a name as an older version may have kept it: one with an address is refused today."""
    with transaction():
        for person in people:
            person.user.full_name = name


def change(appointment) -> None:
    """What a change of time promises; there is no page for it yet."""
    with transaction():
        appointment.version += 1
        emails.moved(
            appointment,
            from_moment_text="Friday 27 November 2026, 09:00",
            patient_user_id=appointment.patient.user_id,
            doctor_user_id=appointment.doctor.user_id,
        )


def ask_for_another_specialty(doctor, name: str) -> None:
    """What an administrator has to look at."""
    texts = dict.fromkeys(("bio", "phone", "room", "languages"), "")
    numbers = {"years_of_experience": 12, "visit_minutes": 20, "fee_minor": None}
    auth.update_doctor(doctor, full_name=name, specialty="neurology", **texts, **numbers)


def lose_a_calendar(patient) -> None:
    """A Google account that was connected, and that Google lets us into no more."""
    grant = Grant("1", "asha@gmail.test", scopes.EVENTS, refresh_token="1//0refresh", access_token="ya29.access")
    connection = make.connection(patient.user, grant)
    connections.mark_broken(connection.id, sealed=connection.refresh_token)


def tell_of_the_account(user) -> None:
    """That a code from an app is asked for; and, to an administrator of that name, that the audit log was altered."""
    admin = make.staff(role="admin")
    with transaction():
        admin.full_name = user.full_name
        security_notice(user, "factor-on")
        mailer.send("SECURITY_ALERT", about=admin.id, to=admin.id, extra={"what": "chain_broken"})


def states() -> set[tuple[str, str | None]]:
    """State and error of every message there is."""
    return {(message.status, message.last_error) for message in outbox.list_messages(limit=1000)}
