"""Every route, every method, everybody: who is let in, who is not, and that who is not changes nothing.

What is expected follows from the access that the route declares (``areas.access_of``) and from whose object its address
names. What an allowed request answers is 200 for a page; everything else stands in ``ANSWERS``, so that a new route
has to be thought about here.
"""

from collections.abc import Iterator

import pytest
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import Rule

from hms.areas import access_of
from hms.auth.guards import ROLES as MAY_PASS
from hms.auth.models import User
from tests import make
from tests.authz import world as worlds
from tests.authz.snapshot import fingerprint, writes

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
OWNERS = {"patient": "patient", "doctor": "doctor"}  # of the objects in the world's addresses
OWNED = {"patient": {"appointment_id"}, "doctor": {"appointment_id", "slot_id", "schedule_id", "time_off_id"}}

# What an allowed request answers, where it is not 200: by endpoint and method. POSTs are sent with nothing filled in.
AREAS_OF_CHANGE = ("patient", "doctor", "reception")
ANSWERS: dict[tuple[str, str], int] = {
    ("directory.photo", "GET"): 404,  # Dr Bose has no photo
    ("doctor_profile.photo", "GET"): 404,
    ("auth.login", "POST"): 422,
    ("auth.signup_email", "GET"): 303,  # mail is off: there is one form
    ("auth.signup_email", "POST"): 303,
    ("auth.signup_code", "GET"): 303,
    ("auth.signup_code", "POST"): 303,
    ("auth.signup_account", "GET"): 303,
    ("auth.signup_account", "POST"): 303,
    ("auth.signup_patient", "POST"): 422,
    ("auth.signup_doctor", "POST"): 422,
    ("auth.logout", "POST"): 303,
    ("signed_out.discard", "POST"): 303,
    ("recovery.forgot", "POST"): 200,  # it says that this clinic sends no mail
    ("recovery.reset", "GET"): 409,  # the token is nobody's
    ("recovery.reset", "POST"): 409,
    ("recovery.verify", "GET"): 409,
    ("recovery.verify", "POST"): 409,
    ("reminders.off", "GET"): 409,  # the token is nobody's
    ("reminders.stop", "POST"): 409,
    ("recovery.send_verification", "POST"): 303,
    ("recovery.renew", "POST"): 422,
    ("auth.second", "GET"): 303,  # nobody has proved a password here
    ("auth.second", "POST"): 303,
    ("factors.begin", "POST"): 303,
    ("factors.codes", "POST"): 409,  # there is no app
    ("factors.remove", "POST"): 303,
    ("security.confirm", "POST"): 422,
    ("security.end", "POST"): 303,
    ("security.end_others", "POST"): 303,
    ("patient.book", "POST"): 422,
    ("patient.cancel", "GET"): 409,  # the visit has begun
    ("patient.cancel", "POST"): 409,
    ("patient.change", "GET"): 409,  # the visit has begun
    ("patient.change", "POST"): 409,
    ("patient.changed", "GET"): 303,  # nothing was changed
    ("doctor.changed", "GET"): 303,
    ("patient_profile.edit", "POST"): 422,
    ("doctor.slots", "POST"): 422,
    ("doctor.series", "POST"): 422,
    ("doctor.slot", "POST"): 422,
    ("doctor.delete_slot", "POST"): 303,
    ("doctor.block_slot", "POST"): 303,
    ("doctor.unblock_slot", "POST"): 303,
    ("doctor.new_hours", "POST"): 422,
    ("doctor.edit_hours", "POST"): 422,
    ("doctor.end_hours", "POST"): 422,
    ("doctor.delete_hours", "POST"): 303,
    ("doctor.exceptions", "POST"): 422,
    ("doctor.delete_time_off", "POST"): 303,
    ("doctor.copy_day", "POST"): 422,
    **{(f"{area}.changed", method): 303 for area in AREAS_OF_CHANGE for method in ("GET", "HEAD")},  # not yet
    **{("patient.change", method): 409 for method in ("GET", "HEAD", "POST")},  # the visit runs
    ("reception.arrive", "POST"): 303,
    ("reception.cancel", "POST"): 422,
    ("doctor.arrive", "POST"): 303,
    ("doctor.complete", "POST"): 303,
    ("doctor.no_show", "POST"): 303,
    ("doctor.undo", "POST"): 409,  # nothing is marked
    ("doctor.cancel", "POST"): 422,
    ("doctor_profile.edit", "POST"): 422,
    ("doctor_profile.withdraw_changes", "POST"): 303,
    ("staff.clinic_policy", "POST"): 422,
    ("staff.doctor_policy", "POST"): 303,  # empty rules are the clinic's
    ("staff.new_closure", "POST"): 422,
    ("staff.remove_closure", "POST"): 303,
    ("calendar.feed", "GET"): 404,  # the token is nobody's
    ("calendar.make_feed", "GET"): 303,  # to the page with its form
    ("calendar.make_feed", "POST"): 422,
    ("calendar.connect", "GET"): 303,
    ("calendar.connect", "POST"): 303,
    ("calendar.callback", "GET"): 303,  # nobody has asked Google for anything
    ("calendar.disconnect", "POST"): 303,
}
# Send home who is signed in. The form of signing in can still be sent: it signs in somebody else.
STEPS = {f"auth.signup_{step}" for step in ("email", "code", "account", "patient", "doctor")}
ALREADY_IN = {"auth.login", "auth.signup", *STEPS}


@pytest.fixture
def world(app, session, new_client, signed_in, steady_clock):
    """Everybody and everything."""
    return worlds.build(app, new_client, signed_in, steady_clock)


def rules(app) -> list[Rule]:
    """All routes."""
    return sorted(app.url_map.iter_rules(), key=lambda rule: (str(rule), rule.endpoint))


def cells(app) -> Iterator[tuple[Rule, str]]:
    """Every route with every method, those that it does not take included."""
    for rule in rules(app):
        for method in ("GET", "HEAD", *sorted(UNSAFE)):
            yield rule, method


def meant(app, path: str, method: str) -> Rule | None:
    """The route that takes this address with this method (``/verify-email/send`` is one address of two routes)."""
    try:
        return app.url_map.bind("localhost").match(path, method, return_rule=True)[0]
    except MethodNotAllowed:
        return None


def expected(rule: Rule | None, method: str, principal: str) -> int:
    """The status that access and ownership ask for."""
    if rule is None:
        return 405
    allowed, role = access_of(rule.endpoint), worlds.ROLES.get(principal)
    if allowed != "public":
        if role is None:
            return 302
        if role not in MAY_PASS[allowed]:
            return 403
        if rule.arguments & OWNED.get(allowed, set()) and principal != OWNERS[allowed]:
            return 404
    elif role is not None and rule.endpoint in ALREADY_IN and (rule.endpoint, method) != ("auth.login", "POST"):
        return 303
    return ANSWERS.get((rule.endpoint, "GET" if method == "HEAD" else method), 200)


def is_denied(status: int) -> bool:
    """Whether the cell is one that must leave no trace."""
    return status in {302, 403, 404, 405}


def untold(session, world, principal: str, answer) -> Iterator[str]:
    """What the answer shows that it must not, and what the audit log does not say of it."""
    told = worlds.lines_of(session, answer.headers["X-Request-ID"])
    shows = worlds.CANARY.encode() in answer.data or worlds.CANARY in str(answer.headers)
    if shows and principal not in worlds.MAY_SEE_ASHA:
        yield "shows what is Asha's"
    if shows and principal != "patient" and ("viewed", world.asha_id) not in told:
        yield "shows what is Asha's, and the log does not say so"
    denials = [action for action, _ in told if action == "access-denied"]
    if answer.status_code == 403 and len(denials) != 1:
        yield f"left {len(denials)} lines of a refusal"


@pytest.mark.parametrize("principal", worlds.PRINCIPALS)
def test_everybody_gets_what_access_says_and_who_is_denied_changes_nothing(app, session, world, principal, caplog):
    browser, token = world.browsers[principal], world.tokens[principal]
    before, wrong, seen = fingerprint(session), [], 0
    for rule, method in cells(app):
        path = world.path(rule)
        rule = meant(app, path, method)
        should = expected(rule, method, principal)
        with world.undone(browser):
            data = {"csrf_token": token} if method in UNSAFE else None
            with writes() as written:
                answer = browser.open(path, method=method, data=data)
            changed = bool(written) and fingerprint(session) != before
            wrong += [f"{method} {path} {fault}" for fault in untold(session, world, principal, answer)]
        seen += 1
        if answer.status_code != should:
            wrong.append(f"{method} {path} answered {answer.status_code}, not {should}")
        if (
            should == 302
            and rule
            and access_of(rule.endpoint) != "public"
            and "/login" not in answer.headers.get("Location", "")
        ):
            wrong.append(f"{method} {path} sent to {answer.headers.get('Location')}, not to sign in")
        if changed and (is_denied(should) or method in {"GET", "HEAD"} or answer.status_code >= 400):
            wrong.append(f"{method} {path} answered {answer.status_code} and changed the database")
    assert seen >= 200
    assert not wrong, "\n".join(["", *wrong])
    assert worlds.CANARY not in caplog.text
    assert worlds.canaries_kept(session) == []


PROVED_BY_THE_ADDRESS = {"reminders.stop"}
"""Mail programs send no CSRF token (RFC 8058): the signed token in the address is the proof; here it is nobody's."""


@pytest.mark.parametrize("principal", ["anonymous", "patient", "doctor", "admin"])
@pytest.mark.parametrize("sent", ["nothing", "a made-up token", "somebody else's token"])
def test_no_unsafe_request_without_its_own_csrf_token_has_an_effect(app, session, world, principal, sent):
    stranger = world.tokens["other patient"]
    data = {
        "nothing": {},
        "a made-up token": {"csrf_token": "x" * 91},
        "somebody else's token": {"csrf_token": stranger},
    }
    before, wrong = fingerprint(session), []
    for rule in rules(app):
        for method in sorted(UNSAFE & rule.methods):
            with world.undone(world.browsers[principal]):
                answer = world.browsers[principal].open(world.path(rule), method=method, data=data[sent])
                refusal = 409 if rule.endpoint in PROVED_BY_THE_ADDRESS else 400
                if answer.status_code != refusal or fingerprint(session) != before:
                    wrong.append(f"{method} {rule} answered {answer.status_code}")
    assert not wrong, "\n".join(["", *wrong])


@pytest.mark.parametrize("principal", ["patient", "doctor"])
def test_what_does_not_exist_looks_like_what_belongs_to_somebody_else(app, session, world, principal):
    """The two answers differ in nothing but the id, so that nobody learns which ids are real."""
    other = world.browsers[f"other {principal}"]
    for rule in rules(app):
        owned = rule.arguments & OWNED[principal]
        if access_of(rule.endpoint) != principal or not owned or "GET" not in rule.methods:
            continue
        (name,) = owned
        real, made_up = str(world.values[name]), str(worlds.stranger_id())
        foreign = other.get(world.path(rule))
        nothing = other.get(world.path(rule).replace(real, made_up))
        assert (foreign.status_code, nothing.status_code) == (404, 404), rule
        assert _comparable(foreign, real) == _comparable(nothing, made_up), rule


def _comparable(answer, own_id: str) -> str:
    request_id = answer.headers["X-Request-ID"]
    return answer.text.replace(own_id, "ID").replace(request_id, "REQUEST")


def test_closing_an_account_counts_from_the_next_request_on(app, session, world):
    browser = world.browsers["doctor"]
    assert browser.get("/doctor/").status_code == 200
    make.closed(session.query(User).filter_by(full_name="Dr Anil Bose").one())
    assert browser.get("/doctor/").status_code == 302
