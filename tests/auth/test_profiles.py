"""A patient's and a doctor's own details."""

from datetime import date
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from hms import clock
from hms.auth import services as auth
from hms.auth.models import Doctor, DoctorPhoto, Patient
from hms.db import db, transaction
from tests import make
from tests.auth.nasty_photos import picture, png
from tests.auth.test_photos import with_exif

MEGABYTE = 1024 * 1024
DETAILS = {
    "full_name": "Asha Rao Iyengar",
    "date_of_birth-day": "29",
    "date_of_birth-month": "2",
    "date_of_birth-year": "1980",
    "phone": "+44 (0)20 7946 0999 ext. 12",
    "address": "1 High Street\r\nLondon",
    "emergency_contact_name": "Ravi Rao",
    "emergency_contact_phone": "020 7946 0111",
}
PROFILE = {
    "full_name": "Dr Anil K. Bose",
    "specialty": "neurology",
    "years_of_experience": "20",
    "bio": "Headaches.\r\nAnd sleep.",
    "languages": "English, Bengali",
    "room": "Heart Centre, level 2",
    "phone": "020 7946 0200",
    "visit_minutes": "30",
    "fee": "85.50",
}


def save(browser, data, *, status=303, endpoint="doctor_profile.edit"):
    return browser.submit(endpoint, data, status=status)


def send(browser, path, data):
    """Post a form with files from memory: the test client would leave large ones to temporary files."""
    token = browser.get(path).page.csrf_token
    boundary, body = encode_multipart(data | {"csrf_token": token})
    return browser.post(path, data=body, content_type=f"multipart/form-data; boundary={boundary}")


def with_photo(photo, name="me.jpg"):
    return PROFILE | {"photo": FileStorage(BytesIO(photo), name)}


def test_a_patient_changes_all_details(asha, signed_in):
    browser = signed_in(asha)
    answer = save(browser, DETAILS, endpoint="patient_profile.edit")
    assert answer.location == "/patient/profile?saved=1"
    assert "Saved" in browser.get(answer.location).page.text
    kept = db.session.get(Patient, asha.id)
    assert kept.user.full_name == "Asha Rao Iyengar"
    assert kept.date_of_birth == date(1980, 2, 29)
    assert (kept.phone, kept.address) == ("+442079460999;ext=12", "1 High Street\nLondon")
    assert (kept.emergency_contact_name, kept.emergency_contact_phone) == ("Ravi Rao", "+442079460111")
    shown = browser.page("patient_profile.edit").find_form("/patient/profile").values
    assert (shown["phone"], shown["emergency_contact_phone"]) == ("020 7946 0999 ext. 12", "020 7946 0111")
    assert [shown[f"date_of_birth-{part}"] for part in ("day", "month", "year")] == ["29", "2", "1980"]
    assert shown["address"] == "1 High Street\nLondon"


def test_what_is_optional_can_be_emptied_again(asha, signed_in):
    browser = signed_in(asha)
    save(browser, DETAILS, endpoint="patient_profile.edit")
    empty = dict.fromkeys(DETAILS, "") | {"full_name": "Asha", "phone": "020 7946 0999"}
    save(browser, empty, endpoint="patient_profile.edit")
    kept = db.session.get(Patient, asha.id)
    assert (kept.date_of_birth, kept.address, kept.emergency_contact_phone) == (None, "", "")


@pytest.mark.parametrize(
    ("day", "month", "year"),
    [
        ("31", "2", "1980"),
        ("29", "2", "1981"),
        ("1", "13", "1980"),
        ("0", "1", "1980"),
        ("1", "1", ""),
        ("", "", "1980"),
        ("one", "1", "1980"),
        ("١", "1", "1980"),
        ("1_0", "1", "1980"),
        ("1", "1", "80"),
        ("1", "1", "1899"),
        ("24", "11", "2026"),
        ("1", "1", "99999"),
        ("1\0", "1", "1980"),
    ],
)
def test_a_day_on_which_nobody_was_born_is_refused_and_kept_in_the_boxes(asha, signed_in, day, month, year):
    browser = signed_in(asha)
    boxes = {"date_of_birth-day": day, "date_of_birth-month": month, "date_of_birth-year": year}
    page = save(browser, DETAILS | boxes, status=422, endpoint="patient_profile.edit").page
    assert page.has_link_to("#date_of_birth")
    assert page.find_form("/patient/profile").values["full_name"] == "Asha Rao Iyengar"
    assert db.session.get(Patient, asha.id).user.full_name == "Asha Rao"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("full_name", ""),
        ("full_name", " \t "),
        ("full_name", "\u200b"),
        ("full_name", "Asha\0"),
        ("phone", ""),
        ("phone", "nonsense"),
        ("address", "x" * 501),
        ("address", "bell \x07"),
        ("emergency_contact_name", "x" * 121),
        ("emergency_contact_phone", "nonsense"),
    ],
)
def test_what_cannot_be_kept_of_a_patient_is_refused(asha, signed_in, field, value):
    page = save(signed_in(asha), DETAILS | {field: value}, status=422, endpoint="patient_profile.edit").page
    assert "There is a problem" in page.text
    assert page.title.startswith("Error:")
    assert db.session.get(Patient, asha.id).date_of_birth is None


def test_nobody_changes_what_is_not_theirs_or_not_on_the_form(asha, chen, signed_in):
    browser = signed_in(chen)
    token = browser.page("patient_profile.edit").csrf_token
    more = {"id": asha.id, "user_id": asha.user_id, "patient_id": asha.id, "email": "x@evil.test", "role": "admin"}
    answer = browser.post("/patient/profile", data=DETAILS | more | {"csrf_token": token})
    assert answer.status_code == 303
    hers, his = db.session.get(Patient, asha.id), db.session.get(Patient, chen.id)
    assert hers.user.full_name == "Asha Rao"
    assert (his.user.full_name, his.user.email, his.user.role) == ("Asha Rao Iyengar", "chen@example.test", "patient")
    assert his.user_id == chen.user_id


def test_a_profile_is_for_its_own_role(asha, bose, dana, signed_in):
    signed_in(asha).page("doctor_profile.edit", status=403)
    signed_in(bose).page("patient_profile.edit", status=403)
    for endpoint in ("doctor_profile.edit", "patient_profile.edit"):
        signed_in(dana).page(endpoint, status=403)


def test_a_doctor_changes_all_details(bose, signed_in):
    browser = signed_in(bose)
    answer = save(browser, PROFILE)
    assert answer.location == "/doctor/profile?saved=1"
    page = browser.get(answer.location).page
    assert "Saved" in page.text
    auth.approve_changes(bose.user_id)
    kept = db.session.get(Doctor, bose.id)
    assert (kept.user.full_name, kept.specialty.slug, kept.fee_minor) == ("Dr Anil K. Bose", "neurology", 8550)
    assert (kept.years_of_experience, kept.visit_minutes) == (20, 30)
    assert (kept.bio, kept.languages, kept.room) == (
        "Headaches.\nAnd sleep.",
        "English, Bengali",
        "Heart Centre, level 2",
    )
    shown = page.find_form("/doctor/profile").values
    assert {name: shown[name] for name in PROFILE if name != "bio"} == {k: v for k, v in PROFILE.items() if k != "bio"}


@pytest.mark.parametrize(
    ("typed", "minor", "shown"),
    [
        ("85", 8500, "85"),
        ("£85", 8500, "85"),
        ("85.5", 8550, "85.50"),
        ("85,50", 8550, "85.50"),
        ("0", 0, "0"),
        ("", None, ""),
    ],
)
def test_a_fee_is_kept_in_pence(bose, signed_in, typed, minor, shown):
    browser = signed_in(bose)
    save(browser, PROFILE | {"fee": typed})
    assert db.session.get(Doctor, bose.id).fee_minor == minor
    assert browser.page("doctor_profile.edit").find_form("/doctor/profile").values["fee"] == shown


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("fee", typed) for typed in ("-1", "NaN", "inf", "1e3", "1_000", "٣", "85.555", "0x10", "100001", "9" * 400)),
        *(("visit_minutes", typed) for typed in ("", "4", "481", "-20", "20.5", "٢٠", "9" * 400, "2147483648")),
        *(("years_of_experience", typed) for typed in ("", "-1", "81", "1e1")),
        ("specialty", ""),
        ("specialty", "nonsense"),
        ("full_name", "   "),
        ("bio", "x" * 2001),
        ("languages", "x" * 201),
        ("room", "x\0"),
        ("phone", "nonsense"),
    ],
)
def test_what_cannot_be_kept_of_a_doctor_is_refused_and_shown_again(bose, signed_in, field, value):
    page = save(signed_in(bose), PROFILE | {field: value}, status=422).page
    assert page.has_link_to(f"#{field}")
    assert db.session.get(Doctor, bose.id).languages == ""


def test_a_doctor_cannot_approve_themselves(signed_in, session):
    doctor = make.doctor("Dr New", is_approved=False)
    browser = signed_in(doctor)
    token = browser.page("doctor_profile.edit").csrf_token
    more = {"approved_at": "2026-01-01", "is_approved": "1", "licence_number": "X", "fee_minor": "1", "role": "admin"}
    assert browser.post("/doctor/profile", data=PROFILE | more | {"csrf_token": token}).status_code == 303
    kept = db.session.get(Doctor, doctor.id)
    assert not kept.is_approved
    assert kept.licence_number != "X"
    assert kept.user.role == "doctor"
    assert kept.fee_minor == 8550
    assert "See it as a patient" not in browser.page("doctor_profile.edit").text


def test_an_approved_doctor_sees_the_profile_as_patients_do(bose, signed_in):
    assert signed_in(bose).page("doctor_profile.edit").link("See it as a patient") == f"/doctors/{bose.id}"


def test_a_photo_is_made_anew_shown_and_removed(bose, signed_in):
    browser = signed_in(bose)
    assert send(browser, "/doctor/profile", with_photo(picture(exif=with_exif()), "../../x.png")).status_code == 303
    version = db.session.get(Doctor, bose.id).photo_version
    kept = db.session.scalars(select(DoctorPhoto)).one()
    assert b"CANARY" not in kept.jpeg
    page = browser.page("doctor_profile.edit")
    [shown] = page.all(".//main//img")
    assert shown.get("src") == f"/doctor/profile/photo?v={version}"
    answer = browser.get(shown.get("src"))
    assert answer.mimetype == "image/jpeg"
    assert Image.open(BytesIO(answer.data)).size == (512, 512)

    save(browser, PROFILE)
    assert db.session.get(Doctor, bose.id).photo_version == version, "saving without a new photo keeps it"
    send(browser, "/doctor/profile", with_photo(picture(colour="red")))
    assert db.session.get(Doctor, bose.id).photo_version != version
    browser.page("doctor_profile.edit")
    save(browser, PROFILE | {"remove_photo": "y"})
    assert db.session.get(Doctor, bose.id).photo_version is None
    assert db.session.scalars(select(DoctorPhoto)).all() == []
    assert browser.get("/doctor/profile/photo").status_code == 404


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "me.png"),
        (b"<!doctype html><script>alert(1)</script>", "me.jpg"),
        (png(50_000, 50_000), "me.png"),
        (picture()[:400], "me.jpg"),
        (b"x" * (8 * MEGABYTE + 1), "me.jpg"),
        (b"", "me.jpg"),
    ],
    ids=["svg", "html", "huge", "cut off", "too large", "empty"],
)
def test_what_is_no_photo_is_refused_beside_its_field_and_nothing_is_saved(bose, signed_in, sent, name):
    answer = send(signed_in(bose), "/doctor/profile", with_photo(sent, name))
    assert answer.status_code == 422
    page = answer.page
    assert page.has_link_to("#photo")
    assert page.find_form("/doctor/profile").values["room"] == PROFILE["room"]
    assert db.session.get(Doctor, bose.id).room == ""
    assert db.session.scalars(select(DoctorPhoto)).all() == []


@pytest.mark.parametrize("mail_is_on", [True, False])
@pytest.mark.parametrize("is_approved", [True, False])
def test_files_are_opened_only_for_who_has_proved_an_address_or_an_administrator_knows(
    signed_in, app, monkeypatch, mail_is_on, is_approved
):
    monkeypatch.setitem(app.config, "EMAIL_FUNCTION", "on" if mail_is_on else "")
    doctor = make.doctor("Dr New", is_approved=is_approved)
    with transaction():
        doctor.user.email_verified_at = None
    browser = signed_in(doctor)
    may = is_approved and not mail_is_on
    assert bool(browser.page("doctor_profile.edit").all(".//input[@type='file']")) == may
    monkeypatch.setattr("hms.auth.services.profiles.portrait", lambda _: picture() if may else pytest.fail("opened"))
    answer = send(browser, "/doctor/profile", with_photo(picture()))
    assert answer.status_code == (303 if may else 422)
    if not may:
        assert "once you've confirmed your email" in answer.page.text
        assert answer.page.find_form("/doctor/profile").values["room"] == PROFILE["room"]
        with transaction():
            doctor.user.email_verified_at = clock.now()
        monkeypatch.setattr("hms.auth.services.profiles.portrait", lambda _: picture())
        assert send(browser, "/doctor/profile", with_photo(picture())).status_code == 303


def test_a_photo_of_five_megabytes_passes_here_and_far_more_is_refused_unread(bose, signed_in):
    browser = signed_in(bose)
    assert send(browser, "/doctor/profile", with_photo(picture() + b"\0" * (5 * MEGABYTE))).status_code == 303
    assert send(browser, "/doctor/profile", with_photo(b"\0" * (11 * MEGABYTE))).status_code == 413


def test_anywhere_else_a_body_of_five_megabytes_is_refused(asha, signed_in):
    large = {"photo": FileStorage(BytesIO(b"\0" * (5 * MEGABYTE)), "me.jpg")}
    assert send(signed_in(asha), "/patient/profile", large).status_code == 413
