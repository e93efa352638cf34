"""``flask slots open``: single times and series from the command line."""

from datetime import date

import pytest
from sqlalchemy import select

from hms import clock
from hms.availability.models import Slot
from tests import make


@pytest.fixture
def invoke(app, bose):
    """Run ``flask slots open`` for Dr Bose on a Thursday, with whatever else is said."""

    def invoke(*more: str, doctor: str = "", day: str = "2026-11-26", start: str = "09:00", end: str = "10:00"):
        told = ["--doctor", doctor or bose.user.email, "--day", day, "--start", start, "--end", end]
        return app.test_cli_runner().invoke(args=["slots", "open", *told, *more])

    return invoke


def stored(session) -> list[Slot]:
    """The slots, in order."""
    return list(session.scalars(select(Slot).order_by(Slot.starts_at)))


def test_one_time_is_opened(session, invoke, bose):
    answer = invoke()
    assert (answer.exit_code, answer.output) == (0, "Opened 1 slot on 2026-11-26, 09:00 to 10:00.\n")
    (slot,) = stored(session)
    assert (slot.doctor_id, slot.status) == (bose.id, "free")


def test_times_say_how_patients_come(session, invoke):
    assert invoke("--mode", "online").exit_code == 0
    assert invoke("--mode", "both", "--visit-minutes", "30", start="11:00", end="12:00").exit_code == 0
    assert [slot.mode for slot in stored(session)] == ["online", "both", "both"]
    assert invoke("--mode", "by-letter", start="15:00", end="16:00").exit_code == 2


def test_visits_back_to_back_are_opened(session, invoke):
    answer = invoke("--visit-minutes", "15")
    assert (answer.exit_code, answer.output) == (0, "Opened 4 slots.\n")
    assert len(stored(session)) == 4


def test_a_series_is_opened_on_its_days_in_visits_of_the_doctors_own_length(session, invoke, bose):
    answer = invoke("--until", "2026-12-11", "--weekdays", "thu, Fri")
    assert (answer.exit_code, answer.output) == (0, f"Opened {6 * 60 // bose.visit_minutes} slots.\n")
    assert {clock.to_clinic(slot.starts_at).weekday() for slot in stored(session)} == {3, 4}


def test_without_days_of_the_week_every_day_is_meant(session, invoke):
    invoke("--until", "2026-11-29", "--visit-minutes", "60")
    assert [slot.starts_at.date() for slot in stored(session)] == [date(2026, 11, day) for day in (26, 27, 28, 29)]


def test_what_is_left_out_is_said(session, invoke, bose):
    make.slot(bose, day=date(2026, 11, 26))
    answer = invoke("--visit-minutes", "20")
    assert answer.output == "Opened 2 slots.\nLeft out 1 slot that overlapped others.\n"
    answer = invoke("--visit-minutes", "60", "--until", "2026-11-24", day="2026-11-20")
    assert "Left out 3 slots in the past." in answer.output
    answer = invoke("--visit-minutes", "60", "--until", "2027-03-28", day="2027-03-28", start="01:30", end="03:00")
    assert "Left out 2027-03-28: 01:30 doesn’t exist on that day" in answer.output


def test_an_address_is_found_whatever_its_capitals(session, invoke, bose):
    assert invoke(doctor=bose.user.email.upper()).exit_code == 0


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"doctor": "nobody@example.test"}, "There is no doctor with the address nobody@example.test."),
        ({"doctor": "asha@example.test"}, "There is no doctor with the address asha@example.test."),
        ({"day": "2026-11-20"}, "This slot is in the past"),
        ({"end": "08:00"}, "The end must be after the start."),
        ({"day": "2027-03-28", "start": "01:30", "end": "02:30"}, "01:30 doesn’t exist on that day"),
        ({"day": "2100-01-01"}, "between 2000 and 2099"),
    ],
)
def test_a_refusal_is_a_sentence(session, invoke, asha, told, sentence):
    answer = invoke(**told)
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: ")
    assert sentence in answer.output
    assert stored(session) == []


@pytest.mark.parametrize(
    ("told", "more"),
    [
        ({"day": "26.11.2026"}, []),
        ({"day": "2026-11-31"}, []),
        ({"start": "9"}, []),
        ({"end": "25:00"}, []),
        ({}, ["--weekdays", "mon,someday"]),
        ({}, ["--until", "later"]),
        ({}, ["--visit-minutes", "many"]),
    ],
)
def test_what_cannot_be_read_is_said_to_be(session, invoke, told, more):
    answer = invoke(*more, **told)
    assert answer.exit_code == 2
    assert "Error: Invalid value" in answer.output
    assert stored(session) == []


def test_times_that_overlap_are_refused(session, invoke):
    invoke()
    answer = invoke(start="09:30")
    assert answer.exit_code == 1
    assert "overlaps" in answer.output
