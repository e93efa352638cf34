"""Finding a doctor as people type: titles, order, accents, apostrophes, misspellings, specialties in everyday words."""

import unicodedata
from datetime import date, time

import pytest
from sqlalchemy import Engine, event, select, text

from hms.auth import finding
from hms.auth import services as auth
from hms.auth.models import Doctor, Specialty
from hms.availability.queries import doctors
from hms.db import db, transaction
from hms.directory import queries
from tests import make

TUESDAY, THURSDAY = date(2026, 11, 24), date(2026, 11, 26)

STAFF = [
    ("Dr Anil Bose", "cardiology"),
    ("Prof. Sinéad O'Malley", "dermatology"),
    ("Dr Élodie Nguyễn", "paediatrics"),
    ("Mr Łukasz Kowalski-Ødegård", "general-practice"),
    ("Dr Søren Weiß", "ophthalmology"),
    ("Dr 王小明", "ear-nose-and-throat"),
    ("Ms Ana de la Cruz", "psychiatry"),
]


@pytest.fixture
def clinic(session):
    """A clinic with names from everywhere."""
    return [make.doctor(name, specialty=specialty) for name, specialty in STAFF]


def patients_find(query: str) -> list[str]:
    return [card.full_name for card in queries.search_doctors(name=query).cards]


def staff_find(query: str) -> list[str]:
    return [doctor.full_name for doctor in doctors.list_doctors(name=query)[0]]


@pytest.fixture(params=[patients_find, staff_find], ids=["patients", "staff"])
def find(request):
    """The search of patients and that of staff: both find the same way."""
    return request.param


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("Dr Bose", "Dr Anil Bose"),
        ("dr. bose", "Dr Anil Bose"),
        ("Doctor Bose", "Dr Anil Bose"),
        ("Dr. med. Bose", "Dr Anil Bose"),
        ("Anil Bose, MD", "Dr Anil Bose"),
        ("Bose Ph.D.", "Dr Anil Bose"),
        ("docteur Nguyễn", "Dr Élodie Nguyễn"),
        ("Herr Kowalski", "Mr Łukasz Kowalski-Ødegård"),
        ("bose anil", "Dr Anil Bose"),
        ("Bose, Anil", "Dr Anil Bose"),
        ("anil  bose", "Dr Anil Bose"),
        ("anil\u00a0bose", "Dr Anil Bose"),
        ("\u2003anil\u202fbose\u3000", "Dr Anil Bose"),
        ("ani bos", "Dr Anil Bose"),
        ("ＢＯＳＥ", "Dr Anil Bose"),
        ("O'Malley", "Prof. Sinéad O'Malley"),
        ("O’Malley", "Prof. Sinéad O'Malley"),
        ("O`Malley", "Prof. Sinéad O'Malley"),
        ("o malley", "Prof. Sinéad O'Malley"),
        ("OMALLEY", "Prof. Sinéad O'Malley"),
        ("malley", "Prof. Sinéad O'Malley"),
        ("prof sinead", "Prof. Sinéad O'Malley"),
        (unicodedata.normalize("NFD", "Élodie"), "Dr Élodie Nguyễn"),
        ("Elodie", "Dr Élodie Nguyễn"),
        ("ÉLODIE", "Dr Élodie Nguyễn"),
        ("Nguyen", "Dr Élodie Nguyễn"),
        ("Lukasz", "Mr Łukasz Kowalski-Ødegård"),
        ("Odegard", "Mr Łukasz Kowalski-Ødegård"),
        ("kowalski ødegård", "Mr Łukasz Kowalski-Ødegård"),
        ("Kowalski\u2011Odegard", "Mr Łukasz Kowalski-Ødegård"),
        ("mr kowalski", "Mr Łukasz Kowalski-Ødegård"),
        ("Soren Weiss", "Dr Søren Weiß"),
        ("WEISS", "Dr Søren Weiß"),
        ("王小明", "Dr 王小明"),
        ("小明", "Dr 王小明"),
        ("Cruz Ana", "Ms Ana de la Cruz"),
        ("my doctor Bose", "Dr Anil Bose"),
        ("to Dr Bose", "Dr Anil Bose"),
    ],
)
def test_a_name_is_found_however_it_is_typed(clinic, find, query, found):
    assert find(query) == [found]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("boze", "Dr Anil Bose"),
        ("bsoe", "Dr Anil Bose"),
        ("bosse", "Dr Anil Bose"),
        ("anil boss", "Dr Anil Bose"),
        ("Omaley", "Prof. Sinéad O'Malley"),
        ("Shinead", "Prof. Sinéad O'Malley"),
        ("Elodi Nguen", "Dr Élodie Nguyễn"),
        ("kovalski", "Mr Łukasz Kowalski-Ødegård"),
        ("dermatolgist", "Prof. Sinéad O'Malley"),
        ("opthalmologist", "Dr Søren Weiß"),
        ("cardoilogy", "Dr Anil Bose"),
    ],
)
def test_a_small_misspelling_finds_who_was_meant(clinic, find, query, found):
    assert find(query) == [found]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("heart", "Dr Anil Bose"),
        ("Heart doctor", "Dr Anil Bose"),
        ("cardiologist", "Dr Anil Bose"),
        ("cardio bose", "Dr Anil Bose"),
        ("skin", "Prof. Sinéad O'Malley"),
        ("child", "Dr Élodie Nguyễn"),
        ("doctor for children", "Dr Élodie Nguyễn"),
        ("baby", "Dr Élodie Nguyễn"),
        ("pediatrician", "Dr Élodie Nguyễn"),
        ("GP", "Mr Łukasz Kowalski-Ødegård"),
        ("family doctor", "Mr Łukasz Kowalski-Ødegård"),
        ("eye", "Dr Søren Weiß"),
        ("ear", "Dr 王小明"),
        ("ENT", "Dr 王小明"),
        ("Ear, nose & throat", "Dr 王小明"),
        ("mental health", "Ms Ana de la Cruz"),
    ],
)
def test_a_specialty_is_found_by_everyday_words(clinic, find, query, found):
    assert find(query) == [found]


@pytest.mark.parametrize(
    "query", ["nobody at all", "bose heart skin", "zz", "chatterjee 王", "Ω", "x" * 5_000, "qqqq ' OR 1=1"]
)
def test_every_word_must_match(clinic, find, query):
    assert find(query) == []


@pytest.mark.parametrize("query", ["", "  ", "Dr", "Prof. Dr", "%", "_", "\\", "'", "/", "😀", "\u200b", "the doctor"])
def test_what_holds_no_word_to_look_for_narrows_nothing(clinic, find, query):
    assert len(find(query)) == len(STAFF)


def test_exact_names_leave_out_similar_ones(clinic, find):
    make.doctor("Dr Rosa Rose")
    assert find("bose") == ["Dr Anil Bose"]
    assert find("rose") == ["Dr Rosa Rose"]


def test_whole_names_come_first_then_the_soonest(session, find):
    boser, bose, ambose = (make.doctor(f"Dr {name}") for name in ("Ann Boser", "Zoe Bose", "Bo Ambose"))
    for doctor, day in ((bose, THURSDAY), (boser, TUESDAY)):
        make.slot(doctor, day=day)
    make.slot(ambose, day=TUESDAY, start=time(8))
    first, *others = patients_find("bose")
    assert (first, others) == ("Dr Zoe Bose", ["Dr Bo Ambose", "Dr Ann Boser"])
    assert staff_find("bose")[0] == "Dr Zoe Bose"


def test_the_page_says_when_results_are_only_similar(client, clinic):
    page = client.page("directory.doctors", q="boze")
    assert "No exact match for “ boze ”. Similar results: 1 doctor" in page.text
    assert "No exact match" not in client.page("directory.doctors", q="bose").text
    assert client.page("directory.doctors", q="bose", specialty="dermatology").texts(".//article") == []


def test_no_results_offers_ways_out(client, signed_in, rita, clinic):
    page = client.page("directory.doctors", q="xylophone")
    assert "No results for “xylophone”" in page.text
    assert "Check the spelling" in page.text
    assert page.link("Show all doctors") == "/doctors"
    assert page.link("020 7946 0100").startswith("tel:")
    assert signed_in(rita).page("staff.doctors", q="xylophone").link("Show all doctors") == "/staff/doctors"


def test_a_search_goes_on_behind_the_first_page(client, session):
    for number in range(21):
        make.doctor(f"Dr Same Name{number:02}")
    assert client.page("directory.doctors", q="same").link("Next page") == "/doctors?page=2&q=same"
    page = client.page("directory.doctors", q="same", page=2)
    assert page.texts(".//article//h2") == ["Dr Same Name20"]


# ---- what is looked in stays true


def test_a_new_name_or_specialty_is_found_at_once_and_the_old_one_no_more(session, find, clinic):
    bose = session.get(Doctor, clinic[0].id)
    with transaction():
        bose.user.full_name = "Dr Anil Chatterjee"
        bose.specialty = session.query(Specialty).filter_by(slug="oncology").one()
    assert find("bose") == []
    assert "Dr Anil Chatterjee" not in find("heart")
    assert find("chatterjee cancer") == ["Dr Anil Chatterjee"]


def test_a_name_that_waits_for_an_administrator_is_not_found_before(session):
    bose = make.doctor("Dr Anil Bose")
    details = {"bio": "", "years_of_experience": 12, "phone": "", "room": "", "languages": ""}
    auth.update_doctor(
        bose, full_name="Dr Anil Chatterjee", specialty="oncology", visit_minutes=20, fee_minor=None, **details
    )
    assert patients_find("chatterjee") == patients_find("cancer") == []
    assert patients_find("bose heart") == ["Dr Anil Bose"]
    auth.approve_changes(bose.user_id)
    assert patients_find("chatterjee cancer") == ["Dr Anil Chatterjee"]
    assert patients_find("bose") == []


def test_whoever_is_hidden_is_neither_found_nor_in_the_way(session):
    make.doctor("Dr Penny Boze", is_approved=False)
    gone = make.doctor("Dr Gone Boze")
    auth.deactivate(gone.user.email)
    make.doctor("Dr Anil Bose")
    assert patients_find("boze") == ["Dr Anil Bose"]
    assert staff_find("boze") == ["Dr Penny Boze", "Dr Gone Boze"]


def test_rows_of_an_older_version_and_new_words_for_a_specialty_are_taken_up_by_the_job(session, clinic):
    session.execute(text("UPDATE doctors SET search_text = ''"))
    session.execute(text("UPDATE specialties SET also_called = 'ticker' WHERE slug = 'cardiology'"))
    session.commit()
    session.expire_all()
    assert patients_find("bose") == []
    assert auth.make_all_findable() == len(STAFF)
    assert patients_find("bose ticker") == ["Dr Anil Bose"]
    assert auth.make_all_findable() == 0


# ---- sorting


def test_staff_read_the_list_as_people_sort_it(session):
    names = [
        "Dr Zoë Adams",
        "Prof Élodie Brun",
        "Dr anna Lee",
        "Ms Anna-Lena Voss",
        "Dr Anna Berg",
        "Dr Ørjan Foss",
        "Eve",
    ]
    for name in reversed(names):
        make.doctor(name)
    assert staff_find("") == [
        "Dr Anna Berg",
        "Dr anna Lee",
        "Ms Anna-Lena Voss",
        "Prof Élodie Brun",
        "Eve",
        "Dr Ørjan Foss",
        "Dr Zoë Adams",
    ]
    assert patients_find("") == staff_find("")


# ---- one statement, one index


@pytest.fixture
def crowd(session):
    """1,000 doctors, as they would be stored, and statistics of them."""
    specialties = db.session.query(Specialty).all()
    make.doctor("Dr Anil Bose")
    rows = [(_made_up_name(n), specialties[n % len(specialties)]) for n in range(999)]
    connection = session.connection()
    for number, (name, specialty) in enumerate(rows):
        values = {
            "user": f"00000000-0000-7000-8000-{number:012x}",
            "doctor": f"00000000-0000-7000-8001-{number:012x}",
            "email": f"crowd{number}@example.test",
            "name": name,
            "specialty": specialty.id,
            "words": finding.search_text(name, specialty.name, specialty.also_called),
        }
        connection.execute(
            text(
                "WITH account AS (INSERT INTO users (id, email, full_name, role, password_hash, created_at)"
                " VALUES (:user, :email, :name, 'doctor', '!', now()) RETURNING id)"
                " INSERT INTO doctors (id, user_id, specialty_id, licence_number, approved_at, search_text, bio)"
                " SELECT :doctor, id, :specialty, 'X', now(), :words, repeat('All about me. ', 20) FROM account"
            ),
            values,
        )
    for table in ("users", "doctors", "specialties"):
        connection.execute(text(f"ANALYZE {table}"))


def _made_up_name(number: int) -> str:
    """A name like few others: two runs of syllables."""
    spoken = ["ba", "den", "fir", "gol", "hum", "jac", "kel", "lor", "min", "nav", "pet", "ros", "sud", "tev", "wix"]
    parts = [spoken[number * step // 7 % len(spoken)] for step in (1, 8, 17, 31, 53)]
    return f"Dr {''.join(parts[:2]).title()} {''.join(parts[2:]).title()}"


@pytest.mark.parametrize("ask", [queries.search_doctors, doctors.list_doctors], ids=["patients", "staff"])
@pytest.mark.parametrize("query", ["bose", "Dr Anil Bose", "bose heart", "kowalsky"])
def test_a_search_among_a_thousand_doctors_is_one_statement_that_reads_the_index(session, crowd, ask, query):
    (statement, parameters), *others = asked_by(lambda: ask(name=query))
    assert not others
    plan = plan_of(session, statement, parameters)
    assert plan.count("Bitmap Index Scan on ix_doctors_search_text") >= 2, plan


def test_similar_words_are_found_by_the_index_too(session, crowd):
    words = finding.words_of("kowalsky")
    ((statement, parameters),) = asked_by(
        lambda: session.execute(select(finding.found_doctors(len(words.words))), words.values)
    )
    session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
    plan = plan_of(session, statement, parameters)
    assert plan.count("Bitmap Index Scan on ix_doctors_search_text") == 4, plan
    assert "Seq Scan on doctors" not in plan


def asked_by(ask) -> list[tuple[str, dict]]:
    """The statements that are sent meanwhile, with their parameters."""
    asked = []

    def note(_connection, _cursor, statement, parameters, *_):
        if "SAVEPOINT" not in statement:
            asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return asked


def plan_of(session, statement: str, parameters: dict) -> str:
    """How PostgreSQL would answer."""
    return "\n".join(row[0] for row in session.connection().exec_driver_sql(f"EXPLAIN {statement}", parameters))


def test_the_words_that_people_use_find_the_right_specialty(session):
    for slug in ("cardiology", "ophthalmology", "general-practice", "dermatology", "orthopaedics"):
        make.doctor(f"Dr {slug.title().replace('-', ' ')} Person", specialty=slug)
    for words, slug in (
        ("tummy", "general-practice"),
        ("tummy ache", "general-practice"),
        ("hart", "cardiology"),
        ("heart attack", "cardiology"),
        ("optician", "ophthalmology"),
        ("eye test", "ophthalmology"),
        ("knee pain", "orthopaedics"),
        ("rash", "dermatology"),
    ):
        assert [card.specialty_slug for card in queries.search_doctors(name=words).cards] == [slug], words
