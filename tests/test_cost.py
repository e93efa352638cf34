"""Length is judged before anything that costs: every field, parameter and argument is sent a heap of combining marks.

Normalising a letter under n marks takes n² steps, and whoever hashes or parses what is too long wastes as much.
"""

import re
import unicodedata
from pathlib import Path

import click
import email_validator
import pytest
from werkzeug.datastructures import MultiDict

from hms import text
from hms.auth import guessing, passwords, people
from hms.development import CommandByName
from hms.web import query_params, sizes
from tests.authz import world as worlds
from tests.test_hostile_input import FORM_OF, FORMS, fields_of

HMS = Path(text.__file__).parent
HEAP = "a" + "\u0300\u0323" * 4000  # 48 kB in a form: less than forms may have
HUGE = "a" + "\u0300\u0323" * 200_000
LONG_LINE = "ab" * 100_000
ANYTHING = {"specialty", "photo", "remove_photo", "wants_reminders", "start_which", "end_which", "same"}
"""What a service judges, or nobody where it is not asked; it arrives cut off."""

ANSWERS = {200, 302, 303, 400, 403, 404, 409, 413, 414, 422}


@pytest.fixture
def expensive(monkeypatch) -> list[str]:
    """What was called with text that is too long, as the names of the functions."""
    called: list[str] = []

    def watch(where, name):
        real = getattr(where, name)

        def watching(*arguments, **options):
            if any(isinstance(each, str | bytes) and len(each) > 3000 for each in arguments):
                called.append(name)
            return real(*arguments, **options)

        monkeypatch.setattr(where, name, watching)

    watch(unicodedata, "normalize")
    watch(email_validator, "validate_email")
    watch(people, "validate_email")
    for name in ("_normal", "_bytes"):
        watch(passwords, name)
    watch(guessing, "zxcvbn")
    return called


@pytest.fixture
def world(app, session, new_client, signed_in, steady_clock):
    """Everybody and everything."""
    return worlds.build(app, new_client, signed_in, steady_clock)


def test_no_form_reads_a_field_that_is_too_long(app, session, expensive):
    for endpoint, form_class in FORM_OF.items():
        for name in fields_of(app, form_class):
            for heap in (HUGE, LONG_LINE, "7" * 400_000):
                with app.test_request_context(method="POST"):
                    form = form_class(MultiDict({**FORMS[endpoint][1], name: heap}))
                    assert not form.validate() or name in ANYTHING, (endpoint, name)
        assert expensive == [], endpoint


def test_no_service_is_given_text_that_is_too_long(app, world, expensive):
    for endpoint, (principal, honest) in FORMS.items():
        browser, token = world.browsers[principal], world.tokens[principal]
        (rule,) = [rule for rule in app.url_map.iter_rules(endpoint) if "POST" in rule.methods]
        for name in fields_of(app, FORM_OF[endpoint]):
            with world.undone(browser):
                answer = browser.post(world.path(rule), data={"csrf_token": token, **honest, name: HEAP})
            assert answer.status_code in ANSWERS, (endpoint, name)
        assert expensive == [], endpoint


def test_a_form_larger_than_any_is_refused_with_a_sentence(client):
    answer = client.post("/login", data={"email": "a" * 70_000, "csrf_token": client.csrf_token()})
    assert answer.status_code == 413
    assert "too large" in answer.page.text


def test_an_email_pattern_is_not_asked_about_what_is_too_long(expensive):
    with pytest.raises(people.BadEmail):
        people.normal_email(HUGE)
    with pytest.raises(people.BadName):
        people.clean_name(HUGE)
    with pytest.raises(people.BadEmail):
        people.normal_email("a" * 300 + "@example.test")
    assert expensive == []


def test_a_password_that_is_too_long_is_nobodys_and_nobody_hashes_it(app, session, monkeypatch):
    monkeypatch.setattr(passwords._turns, "take", lambda: pytest.fail("it was hashed"))
    assert not passwords.matches(HUGE, None)
    with pytest.raises(passwords.WeakPassword, match="at most 1,000"):
        passwords.check_choice(HUGE, email="a@example.test", full_name="A B")


def parameters() -> set[str]:
    """The names of all parameters that some address has, as the code reads them."""
    reads = re.compile(r"""(?:request\.(?:args|values)\.get(?:list)?|query_params\.\w+|parse_page)\(\s*["'](\w+)["']""")
    named = {name for path in HMS.rglob("*.py") for name in reads.findall(path.read_text())}
    return named | {"page"}


def test_no_page_reads_a_parameter_that_is_too_long(app, world, expensive):
    assert {"q", "day", "week", "next", "page", "state", "view"} <= parameters()
    queries = [dict.fromkeys(parameters(), HEAP[:60]), dict.fromkeys(parameters(), "x" * 300), {"q": HEAP[:1001]}]
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint == "static" or rule.arguments - world.values.keys():
            continue
        path = world.path(rule)
        for principal in ("anonymous", "patient", "doctor", "admin"):
            for query in queries:
                answer = world.browsers[principal].get(path, query_string=query)
                assert answer.status_code < 500, (path, principal)
    assert expensive == []


def test_an_address_without_an_end_is_refused_with_a_sentence(client, expensive):
    answer = client.get("/doctors?q=" + "x" * 9000)
    assert answer.status_code == 414
    assert "address is too long" in answer.page.text
    assert client.get("/" + "x" * 3000).status_code == 404
    assert client.get("/doctors?q=" + "x" * 3000).status_code == 200
    assert expensive == []


def test_headers_without_an_end_are_refused_before_anything_reads_them(app):
    answer = app.test_client(use_cookies=False).get("/", headers={"Cookie": "a=b; " * 8000})
    assert answer.status_code == 431
    assert "cookies" in answer.text
    assert app.test_client(use_cookies=False).get("/healthz", headers={"Cookie": "a=" + "b" * 8000}).status_code == 200
    assert sizes.LARGEST_HEAD > sizes.LONGEST_QUERY + sizes.LONGEST_PATH


def commands(group: click.Group, *path: str):
    """Every command of ours, with what it is called."""
    for name, registered in group.commands.items():
        command = registered.command if isinstance(registered, CommandByName) else registered
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        elif command.callback.__module__.startswith("hms."):
            yield (*path, name), command


def test_no_command_reads_an_argument_that_is_too_long(app, session, expensive):
    ours = dict(commands(app.cli))
    assert {("closures", "add"), ("users", "create-admin"), ("race-drill",)} <= ours.keys()
    for path, command in ours.items():
        for parameter in command.params:
            for heap in (HUGE[:60_001], "a" + "\u0300" * 40, LONG_LINE):
                words = [parameter.opts[0], heap] if isinstance(parameter, click.Option) else [heap]
                result = app.test_cli_runner().invoke(args=[*path, *words])
                assert result.exit_code == 2, (path, parameter.name, result.output)
                assert "characters" in result.output
    assert expensive == []


def test_a_heap_of_marks_costs_no_more_than_its_length(expensive):
    for length in (1000, 100_000):
        heap = "a" + "\u0300\u0323" * length
        assert text.has_forbidden_characters(heap)
        assert len(text.without_forbidden(heap)) == 1 + text.LONGEST_RUN_OF_MARKS
        assert text.fold(heap) == "a"
        with pytest.raises(text.TooLong):
            text.clean(heap, longest=100)
    assert expensive == []


def test_every_sign_that_normalising_takes_apart_into_marks_alone_counts_as_one(monkeypatch):
    signs = [chr(each) for each in range(0x110000) if not 0xD800 <= each < 0xE000]
    apart = [sign for sign in signs if unicodedata.combining(unicodedata.normalize("NFKD", sign)[0])]
    assert {"\u0300", "\u0344", "\u0f73", "\u0f75", "\u0f81"} <= set(apart)
    assert [sign for sign in apart if not text._is_mark(sign)] == []
    with monkeypatch.context() as patch:  # pytest itself normalises the lines that it writes
        patch.setattr(unicodedata, "normalize", lambda _, given: given if len(given) < 100 else pytest.fail("costly"))
        assert text.has_forbidden_characters(text.clean("a" + "\u0f73" * 5000, longest=6000))
        assert text.fold("a" + "\u0f73" * 5000) == "a"


def test_what_an_address_asks_for_is_cleaned_and_cut(app):
    with app.test_request_context(query_string={"q": "  Dr\u00a0Bose\u200b " + "x" * 500, "week": "2026-11-26"}):
        assert query_params.text("q", longest=9) == "Dr Bose x"
        assert query_params.day("week").isoformat() == "2026-11-26"
        assert query_params.day("q") is None
        assert query_params.number("q") is None
