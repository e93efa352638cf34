"""Whatever is posted where: nothing of somebody else's changes, and nothing of one's own that no form offers."""

import pytest
from sqlalchemy import text

from hms.areas import access_of
from tests.authz import world as worlds
from tests.authz.test_posted_fields import all_columns
from tests.authz.test_role_matrix import OWNED, UNSAFE, rules

TABLES = ("users", "patients", "doctors", "appointments", "slots", "schedules", "calendar_connections", "sessions")
FIXED = """
    SELECT md5(string_agg(line, '|' ORDER BY line)) FROM (
        SELECT concat_ws(' ', 'user', id, role, email, email_verified_at, deactivated_at, created_at) AS line FROM users
        UNION ALL SELECT concat_ws(' ', 'doctor', id, user_id, approved_at, licence_number) FROM doctors
        UNION ALL SELECT concat_ws(' ', 'patient', id, user_id) FROM patients
        UNION ALL SELECT concat_ws(' ', 'visit', id, patient_id, doctor_id, reference, created_at, starts_at)
        FROM appointments
    ) AS lines
"""
"""What no form of a patient or a doctor changes in any row."""


@pytest.fixture
def world(app, session, new_client, signed_in, steady_clock):
    """Everybody and everything."""
    return worlds.build(app, new_client, signed_in, steady_clock)


def foreign_rows(session, ids: set[str]) -> list[str]:
    """Every row that names somebody else, or something of theirs."""
    found = []
    for table in TABLES:
        rows = text(f"SELECT '{table} ' || t::text FROM {table} t WHERE t::text ~ :ids ORDER BY 1")
        found += session.scalars(rows, {"ids": "|".join(sorted(ids))}).all()
    return found


@pytest.mark.parametrize("principal", ["patient", "doctor"])
def test_ids_and_columns_of_others_in_the_body_change_nothing(app, session, world, principal):
    """The address is one's own; the body names everything of somebody else's, and every column there is."""
    browser, wrong, tried = world.browsers[principal], [], 0
    fixed, foreign = session.scalar(text(FIXED)), foreign_rows(session, set(world.foreign.values()))
    body = all_columns(but=set()) | world.foreign | {"csrf_token": world.tokens[principal]}
    assert len(foreign) >= 5
    for rule in rules(app):
        for method in sorted(UNSAFE & rule.methods):
            if access_of(rule.endpoint) == "public":
                continue
            with world.undone(browser):
                status = browser.open(
                    world.path(rule), method=method, data=body, query_string=world.foreign
                ).status_code
                changed = session.scalar(text(FIXED)) != fixed
                touched = foreign_rows(session, set(world.foreign.values())) != foreign
            tried += 1
            if changed or touched or status >= 500:
                wrong.append(f"{method} {rule} answered {status}: fixed {changed}, somebody else's {touched}")
    assert tried >= 20
    assert wrong == []


@pytest.mark.parametrize("principal", ["patient", "doctor"])
def test_somebody_elses_id_in_the_address_is_not_excused_by_ones_own_in_the_body(app, session, world, principal):
    browser = world.browsers[f"other {principal}"]
    body = {name: str(value) for name, value in world.foreign.items()} | {
        "csrf_token": world.tokens[f"other {principal}"]
    }
    wrong, tried = [], 0
    for rule in rules(app):
        owned = rule.arguments & OWNED[principal]
        if not owned or access_of(rule.endpoint) != principal:
            continue
        for method in sorted(UNSAFE & rule.methods):
            with world.undone(browser):
                answer = browser.open(world.path(rule), method=method, data=body, query_string=world.foreign)
            tried += 1
            if answer.status_code != 404 and "patient.book" not in rule.endpoint:
                wrong.append(f"{method} {rule} answered {answer.status_code}")
    assert tried >= 1
    assert wrong == []
