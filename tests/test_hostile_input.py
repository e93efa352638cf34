"""Every field of every form, with everything in the corpus: an answer for a person, never a crash, nothing bad stored.

The forms are found on the pages and the fields by introspection, so that a new field is tried from its first day.
"""

from collections.abc import Iterator

import pytest
from flask_wtf import FlaskForm
from html5lib.html5parser import ParseError
from sqlalchemy import text
from wtforms import Field, FieldList, FileField

from hms.auth import forms as auth_forms
from hms.availability.forms import exceptions, hours, offering, staff
from hms.calendar import forms as calendar_forms
from hms.db import db
from hms.directory import forms as directory_forms
from hms.forms import HmsForm
from hms.reception import forms as reception_forms
from hms.scheduling import forms as scheduling_forms
from tests import corpus, make
from tests.authz import world as worlds
from tests.fixtures.mail import switch_mail_on
from tests.fixtures.web import Client

OTHER_BODIES = ("application/json", "text/xml", "multipart/form-data", "multipart/form-data; boundary=x", "")
EXPECTED = {200, 302, 303, 400, 403, 404, 409, 413, 422}

# Weekly hours from so far ahead on that no times are made of them yet.
HOURS = {
    "mon-0-start": "09:00",
    "mon-0-end": "12:00",
    "mon-0-visit": "20",
    "mon-0-gap": "5",
    "mon-0-mode": "both",
    "tue-0-start": "20:00",
    "tue-0-end": "00:00",
    "tue-0-visit": "20",
    "tue-0-mode": "online",
    "valid_until": "2028-06-30",
    "timezone": "Europe/Madrid",
    "same": "",
    "do": "save",
}

RULES = {
    "minimum_notice_minutes": "60",
    "horizon_days": "60",
    "cancellation_hours": "24",
    "change_window_minutes": "1440",
    "most_changes": "3",
    "most_future_bookings": "",
    "gap_minutes": "0",
}

# Every page with a form that changes something: the principal, the endpoint, and what an honest person fills in.
FORMS = {
    "auth.login": ("anonymous", {"email": "a@example.test", "password": "x"}),
    "auth.signup_patient": (
        "anonymous",
        {"full_name": "N N", "email": "n@example.test", "phone": "020 7946 0000", "password": make.PASSWORD},
    ),
    "auth.signup_doctor": (
        "anonymous",
        {
            "full_name": "N N",
            "email": "n@example.test",
            "phone": "020 7946 0000",
            "password": make.PASSWORD,
            "specialty": "cardiology",
            "licence_number": "1",
            "years_of_experience": "1",
            "bio": "",
        },
    ),
    "auth.signup_email": ("anonymous", {"email": "n@example.test"}),
    "auth.signup_code": ("anonymous", {"code": "123 456"}),
    "security.confirm": ("patient", {"password": make.PASSWORD}),
    "factors.app": ("patient", {"code": "123456"}),
    "calendar.connect": ("patient", {"password": make.PASSWORD}),
    "calendar.make_feed": ("patient", {"password": make.PASSWORD}),
    "patient.book": ("other patient", {"reason": "", "idempotency_key": "A" * 22}),
    "patient.change": ("patient", {"mode": "in-person", "version": "1", "idempotency_key": "k" * 24}),
    "reception.change": ("receptionist", {"mode": "in-person", "version": "1", "idempotency_key": "k" * 24}),
    "reception.book": ("receptionist", {"mode": "in-person", "reason": "", "idempotency_key": "k" * 24}),
    "reception.cancel": ("receptionist", {"reason": "The doctor is ill"}),
    "doctor.change": ("doctor", {"mode": "in-person", "version": "1", "idempotency_key": "k" * 24}),
    "patient.cancel": ("patient", {"reason": ""}),
    "patient_profile.edit": ("patient", {"full_name": "Asha Rao", "phone": "020 7946 0000"}),
    "doctor_profile.edit": (
        "doctor",
        {"full_name": "Dr Bose", "specialty": "cardiology", "years_of_experience": "1", "visit_minutes": "20"},
    ),
    "doctor.slots": ("doctor", {"day": "2026-12-01", "start": "10:00", "end": "10:20"}),
    "doctor.slot": ("doctor", {"day": "2026-12-01", "start": "10:00", "end": "10:20"}),
    "doctor.series": (
        "doctor",
        {
            "first_day": "2026-12-01",
            "last_day": "2026-12-02",
            "weekdays": ["1", "2"],
            "start": "10:00",
            "end": "11:00",
            "visit_minutes": "20",
        },
    ),
    "doctor.cancel": ("doctor", {"reason": "Called away"}),
    "doctor.new_hours": ("doctor", {"valid_from": "2028-01-03", **HOURS}),
    "doctor.end_hours": ("doctor", {"last_day": "2028-01-31", "do": "save"}),
    "doctor.exceptions": (
        "doctor",
        {
            "first_day": "2026-12-01",
            "last_day": "2026-12-02",
            "start": "10:00",
            "end": "11:00",
            "reason": "Away",
            "do": "save",
        },
    ),
    "doctor.copy_day": ("doctor", {"to_days": ["2026-12-03"]}),
    "staff.clinic_policy": ("admin", RULES),
    "staff.doctor_policy": ("admin", RULES),
    "staff.new_closure": (
        "admin",
        {"first_day": "2027-05-03", "last_day": "2027-05-04", "name": "May Day", "do": "save"},
    ),
    "recovery.forgot": ("anonymous", {"email": "a@example.test"}),
    "recovery.reset": ("anonymous", {"password": make.PASSWORD}),
    "recovery.renew": ("patient", {"current": make.PASSWORD, "password": make.PASSWORD}),
}
FORM_OF = {
    "auth.login": auth_forms.SignInForm,
    "auth.signup_patient": auth_forms.PatientSignUpForm,
    "auth.signup_doctor": auth_forms.DoctorSignUpForm,
    "auth.signup_email": auth_forms.AddressForm,
    "auth.signup_code": auth_forms.CodeForm,
    "security.confirm": auth_forms.ConfirmForm,
    "factors.app": auth_forms.FactorForm,
    "calendar.connect": calendar_forms.ConnectForm,
    "calendar.make_feed": calendar_forms.FeedForm,
    "patient.book": scheduling_forms.BookForm,
    "patient.change": directory_forms.ChangeForm,
    "doctor.change": directory_forms.ChangeForm,
    "reception.change": directory_forms.ChangeForm,
    "reception.book": directory_forms.BookForForm,
    "reception.cancel": reception_forms.DeskCancelForm,
    "patient.cancel": scheduling_forms.PatientCancelForm,
    "patient_profile.edit": auth_forms.PatientProfileForm,
    "doctor_profile.edit": auth_forms.DoctorProfileForm,
    "doctor.slots": offering.SlotForm,
    "doctor.slot": offering.SlotForm,
    "doctor.series": offering.SeriesForm,
    "doctor.cancel": scheduling_forms.CancelForm,
    "doctor.new_hours": hours.HoursForm,
    "doctor.end_hours": exceptions.EndHoursForm,
    "doctor.exceptions": exceptions.TimeOffForm,
    "doctor.copy_day": exceptions.CopyDayForm,
    "staff.clinic_policy": staff.RulesForm,
    "staff.doctor_policy": staff.RulesForm,
    "staff.new_closure": staff.ClosureForm,
    "recovery.forgot": auth_forms.ForgotForm,
    "recovery.reset": auth_forms.NewPasswordForm,
    "recovery.renew": auth_forms.ChangePasswordForm,
}
WITH_MAIL = {"auth.signup_email", "auth.signup_code"}
"""Forms that exist where mail is on; the second one after the first was sent."""


@pytest.fixture
def world(app, session, new_client, signed_in, steady_clock):
    """Everybody and everything; the visit to cancel is two days away."""
    built = worlds.build(app, new_client, signed_in, steady_clock)
    steady_clock.set(worlds.NOON.replace(day=23))
    return built


@pytest.fixture
def each_form(app, world, monkeypatch) -> Iterator[tuple[str, Client, str, str]]:
    """Each form's endpoint, with who sees it, that browser's CSRF token and the address, when the form is there."""

    def each_form() -> Iterator[tuple[str, Client, str, str]]:
        for endpoint, (principal, _) in FORMS.items():
            browser = world.browsers[principal]
            (rule,) = [rule for rule in app.url_map.iter_rules(endpoint) if "POST" in rule.methods]
            with monkeypatch.context() as patch, world.undone(browser):
                if endpoint in WITH_MAIL:
                    switch_mail_on(app, patch)
                if endpoint == "auth.signup_code":
                    browser.submit("auth.signup_email", {"email": "n@example.test"})
                if endpoint == "factors.app":
                    browser.submit("security.confirm", {"password": make.PASSWORD})
                    browser.post("/account/security/code/begin", data={"csrf_token": world.tokens[principal]})
                yield endpoint, browser, world.tokens[principal], world.path(rule)

    return each_form()


def subclasses(kind: type) -> Iterator[type]:
    """All forms that exist, but for the abstract ones."""
    for form in kind.__subclasses__():
        yield from subclasses(form)
        if not form.__name__.startswith("_") and form is not HmsForm and form.__module__.startswith("hms."):
            yield form


def fields_of(app, form: type[FlaskForm]) -> dict[str, Field]:
    """The fields of a form by the name under which a browser sends them."""
    with app.test_request_context():
        fields = {name: field for name, field in form()._fields.items() if name != "csrf_token"}
    for name in [name for name, field in fields.items() if hasattr(field, "PARTS")]:
        field = fields.pop(name)
        fields |= {f"{name}-{part}": field for part in field.PARTS}
    if lists := [fields.pop(name) for name, field in list(fields.items()) if isinstance(field, FieldList)]:
        fields |= {cell.name: cell for cell in lists[0].append_entry()}  # they are alike: one stands for all
    return fields


def test_every_form_is_tried_here(app):
    assert {form.__name__ for form in subclasses(FlaskForm)} == {form.__name__ for form in FORM_OF.values()}
    assert FORM_OF.keys() == FORMS.keys()


def test_no_field_of_a_form_breaks_anything(app, world, each_form):
    wrong = []
    for endpoint, browser, token, path in each_form:
        fields, honest = fields_of(app, FORM_OF[endpoint]), FORMS[endpoint][1]
        for chosen, value in _cases(fields):
            data = {"csrf_token": token, **honest, **dict.fromkeys(chosen, value)}
            with world.undone(browser):
                problem = _problem(browser, path, _sent(data, fields))
            if problem:
                said = f"{value[:40]!a} ({len(value)} characters)"
                wrong.append(f"{endpoint} {', '.join(chosen)}={said}: {problem}")
    assert not wrong, "\n".join(["", *wrong[:40]])


def _cases(fields: dict[str, Field]) -> Iterator[tuple[list[str], str]]:
    """Everything in every field at once, so that none hides behind another; the sharpest in each, all else right."""
    yield from ((list(fields), value) for value in corpus.EVERYTHING)
    yield from (([name], value) for name in fields for value in corpus.SHARP)


def _problem(browser, path: str, body: dict) -> str:
    """What is wrong with the answer, if anything."""
    try:
        answer = browser.post(path, **body)
    except (ParseError, AssertionError) as error:
        return f"the page is not valid: {error}"
    if answer.status_code not in EXPECTED:
        return f"answered {answer.status_code}"
    return "something was stored that must not be" if _stored_badly() else ""


def _sent(data: dict, fields: dict[str, Field]) -> dict[str, object]:
    """The body that a browser, or something worse, would send: half a character travels as its three bytes."""
    if not any(isinstance(field, FileField) for field in fields.values()):
        return {"data": {key: value if isinstance(value, list) else _bytes(value) for key, value in data.items()}}
    parts = [_part(name, value, fields.get(name)) for name, value in data.items()]
    return {"data": b"".join([*parts, b"--b--\r\n"]), "content_type": "multipart/form-data; boundary=b"}


def _part(name: str, value: str, field: Field | None) -> bytes:
    file = '; filename="photo.jpg"' if isinstance(field, FileField) else ""
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + _bytes(value) + b"\r\n"


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _stored_badly() -> bool:
    """Whether some text in the database holds what no page can show, or only blanks where something must stand."""
    bad = "[\\x01-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\u009f\\u2028\\u2029]"
    question = (
        "SELECT count(*) FROM (SELECT full_name AS v FROM users UNION ALL SELECT bio FROM doctors "
        "UNION ALL SELECT room FROM doctors UNION ALL SELECT languages FROM doctors "
        "UNION ALL SELECT address FROM patients "
        "UNION ALL SELECT phone FROM patients UNION ALL SELECT reason FROM appointments "
        "UNION ALL SELECT reason FROM time_off "
        "UNION ALL SELECT cancellation_reason FROM appointments) t WHERE v ~ :bad OR v <> btrim(v)"
    )
    return bool(db.session.scalar(text(question), {"bad": bad}))


def test_a_form_with_every_field_missing_or_twice_is_answered(world, each_form):
    for endpoint, browser, token, path in each_form:
        honest = FORMS[endpoint][1]
        for data in ({}, {name: [value, value] for name, value in honest.items() if isinstance(value, str)}):
            with world.undone(browser):
                answer = browser.post(path, data={"csrf_token": token, **data})
            assert answer.status_code in EXPECTED, endpoint
        for content_type in (
            "application/json",
            "text/xml",
            "multipart/form-data",
            "multipart/form-data; boundary=x",
            "",
        ):
            with world.undone(browser):
                answer = browser.post(path, data=b'{"csrf_token": "x"}', content_type=content_type)
            assert answer.status_code == 400, (endpoint, content_type)
