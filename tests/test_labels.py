"""Words for codes: there is one for each, and each stands in one place."""

import re
from pathlib import Path

from hms import labels
from hms.availability.models import Mode
from hms.scheduling.models import AppointmentStatus

HMS = Path(labels.__file__).parent
NOWHERE_ELSE = re.compile(
    r'"Monday"|"Mon"|"mon", |"In person"|"Online"|"[Ii]n person or online"|"Confirmed"|"Completed"|: "Did not attend"'
)
SAMPLES = {"styleguide.html"}  # made-up data of the page that shows all parts


def test_every_code_has_a_label():
    assert set(labels.MODES) == set(Mode)
    assert set(labels.STATUSES) == set(AppointmentStatus)
    assert (len(labels.WEEKDAYS), labels.SHORT_WEEKDAYS[2], labels.WEEKDAY_CODES[6]) == (7, "Wed", "sun")


def test_a_label_within_a_sentence_is_small():
    assert labels.within(labels.MODES[Mode.BOTH]) == "in person or online"


def test_a_visit_takes_place_in_a_room_at_the_clinic_or_online():
    asked = [("in-person", "Room 4"), ("in-person", ""), ("online", "Room 4")]
    places = [labels.place(mode, room=room, clinic="Northgate") for mode, room in asked]
    assert places == ["Room 4, Northgate", "Northgate", "Online"]


def test_no_other_file_says_these_words():
    comments = re.compile(r"\{#.*?#\}", re.DOTALL)
    files = [path for path in [*HMS.rglob("*.py"), *HMS.rglob("*.html")] if path.name not in {"labels.py", *SAMPLES}]
    found = {
        path.relative_to(HMS).as_posix(): words
        for path in files
        if (words := NOWHERE_ELSE.findall(comments.sub("", path.read_text())))
    }
    assert found == {}


def test_the_rule_about_these_words_finds_some():
    said = ('{"online": "Online"}', '("Mon", "Tue")', 'status = "Confirmed"')
    assert all(NOWHERE_ELSE.search(text) for text in said)
