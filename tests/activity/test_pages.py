"""Patients read who looked at their data, administrators read everything, and mail tells them what should not wait."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from hms import audit, clock
from hms.activity import alerts
from hms.audit import sealing
from hms.db import db, transaction
from hms.outbox import list_messages
from tests import make


@pytest.fixture
def visit(session, asha, bose):
    """A visit of Asha with Dr Bose."""
    return make.appointment(asha, doctor=bose)


@pytest.fixture
def dana(session):
    """An administrator."""
    return make.staff("Dana Reyes", role="admin")


def alerts_queued() -> list[str]:
    """What administrators are to be told by mail."""
    found = list_messages(status=None, limit=100)
    return sorted(one.payload["what"] for one in found if one.payload.get("type") == alerts.ALERT)


def test_a_patient_reads_who_looked_and_not_what_they_did_themselves(signed_in, asha, bose, chen, visit):
    doctor, patient = signed_in(bose), signed_in(asha)
    patient.page("patient.appointment", appointment_id=visit.id)
    assert "Bose Doctor" not in patient.page("activity.looked").text
    assert "No one has looked yet" in signed_in(chen).page("activity.looked").text
    for _ in range(3):
        doctor.page("doctor.appointment", appointment_id=visit.id)
    doctor.page("doctor.appointments")
    page = patient.page("activity.looked").text
    assert "Dr Anil Bose Doctor Opened your appointment (3 times)" in page
    assert "Saw your appointment in a list" in page
    assert "Bose" not in signed_in(chen).page("activity.looked").text


def test_administrators_read_everything_and_choose_by_person_kind_and_day(signed_in, dana, asha, bose, chen, visit):
    signed_in(bose).page("doctor.appointment", appointment_id=visit.id)
    browser = signed_in(dana)
    everything = browser.page("activity_log.log").text
    assert "Booked an appointment" in everything
    assert "Viewed data" in everything
    of_chen = browser.page("activity_log.log", q="Chen Wei").text
    assert "Viewed data" not in of_chen
    views = browser.page("activity_log.log", q="Asha", kind="views").text
    assert "Viewed data" in views
    assert "Booked an appointment" not in views
    assert visit.reference[:4] in browser.page("activity_log.log", q=visit.reference.lower()).text
    tomorrow = (clock.today() + timedelta(days=1)).strftime("%d/%m/%Y")
    assert "No results" in browser.page("activity_log.log", **{"from": tomorrow}).text
    assert "No results" in browser.page("activity_log.log", q="100%_nobody").text


def test_long_lists_go_on_where_the_page_before_ended(signed_in, dana):
    with transaction():
        for count in range(120):
            audit.record("exported", count=count)
    browser, seen = signed_in(dana), []
    page = browser.page("activity_log.log", kind="views")
    for _ in range(3):
        seen += [int(word) for word in page.text.split() if word.isdigit() and int(word) < 120]
        links = [link.get("href") for link in page.root.iter("a") if link.get("rel") == "next"]
        if not links:
            break
        page = browser.get(links[0]).page
    assert set(range(120)) <= set(seen)
    assert not links


def test_what_is_shown_can_be_exported_and_that_leaves_a_line(signed_in, dana, asha, visit):
    browser = signed_in(dana)
    answer = browser.get("/admin/activity.csv?kind=appointments")
    lines = answer.get_data(as_text=True).strip().splitlines()
    assert answer.content_type.startswith("text/csv")
    assert len(lines) == 2
    assert ",appointment-booked," in lines[1]
    assert "Exported the activity log" in browser.page("activity_log.log").text


@pytest.mark.parametrize("typed", ["?before=-1", "?before=9999999999999999999999", "?kind=x&from=2026-02-30&q=%25"])
def test_addresses_that_make_no_sense_show_a_page(signed_in, dana, typed):
    assert signed_in(dana).get(f"/admin/activity{typed}").status_code == 200


def test_many_failed_sign_ins_are_mailed_to_administrators_once_an_hour(session, dana, steady_clock):
    for _ in range(alerts.MANY - 1):
        with transaction():
            audit.record("sign-in-failed")
    alerts.watch()
    assert alerts_queued() == []
    with transaction():
        audit.record("sign-in-failed")
    alerts.watch()
    alerts.watch()
    assert alerts_queued() == ["failed_sign_ins"]
    steady_clock.set(clock.now() + timedelta(hours=1))
    alerts.watch()
    assert alerts_queued() == ["failed_sign_ins"]


def test_a_log_that_was_altered_is_mailed_to_administrators(session, dana):
    sealing.seal()
    alerts.check_chain()
    assert alerts_queued() == []
    db.session.execute(text("ALTER TABLE audit_events DISABLE TRIGGER USER"))
    db.session.connection().execute(text("UPDATE audit_events SET action = 'viewed'"))
    alerts.check_chain()
    assert alerts_queued() == ["chain_broken"]
