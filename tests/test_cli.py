"""The edge of the command line, as every command has it: cleaned values, sentences, output that harms no terminal."""

import pytest
from sqlalchemy.exc import OperationalError

from hms.auth import queries as people
from hms.availability import queries, services
from hms.cli import Command, Group
from hms.development import CommandByName
from tests import make


@pytest.fixture
def invoke(app, session):
    """Run a command as ``flask`` does."""

    def invoke(*arguments: str, stdin: str | bytes | None = None):
        session.commit()
        result = app.test_cli_runner().invoke(args=arguments, input=stdin)
        session.expire_all()
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return invoke


CLOSE = ("closures", "add", "--first", "2027-05-03", "--name")


def test_every_command_of_ours_has_the_edge(app):
    commands = [one.command if isinstance(one, CommandByName) else one for one in app.cli.commands.values()]
    named = {one.name for one in commands if isinstance(one, Group | Command)}
    assert named >= {"users", "slots", "closures", "policies", "outbox", "keys", "demo", "race-drill", "serve"}
    assert app.cli.commands.keys() - named <= {"db", "routes", "run", "shell"}  # Flask's own


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("May\nDay", "Write this on one line."),
        ("May\tDay", "Write this on one line."),
        ("May \x1b[2J Day", "characters that can’t be shown"),
        ("May \x07", "characters that can’t be shown"),
        ("May \udcff\udcfe Day", "characters that can’t be shown"),
        ("M" * 81, "Use at most 80 characters."),
        ("\u3164\u2800\u200b", "Enter a name, like New Year’s Day."),
    ],
)
def test_a_name_that_a_form_would_refuse_is_refused(invoke, name, sentence):
    result = invoke(*CLOSE, name)
    assert result.exit_code in (1, 2)
    assert sentence in result.output
    assert "\x1b" not in result.output
    assert queries.list_closures() == []


def test_a_name_is_cleaned_as_in_a_form(invoke):
    result = invoke(*CLOSE, "  May\u00a0Day\u200b ")
    assert (result.exit_code, "2027-05-03, May Day" in result.output) == (0, True)
    assert [one.name for one in queries.list_closures()] == ["May Day"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("users", "approve-doctor", "\udcff@example.test"),
        ("users", "deactivate", "a\udc80"),
        ("users", "list", "--role", "\udcff"),
        ("users", "\udcff"),
        ("users", "create-admin", "a@example.test", "--name", "\udcff", "--password-stdin"),
        ("slots", "open", "--doctor", "\udcff"),
        ("policies", "show", "--doctor", "\udcff"),
        ("outbox", "retry", "\udcff"),
        ("race-drill", "--patients", "\udcff"),
        ("worker", "\udcff"),
        ("web", "\udcff"),
    ],
)
def test_bytes_that_are_no_text_end_in_a_sentence(invoke, arguments):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert "characters that can’t be shown" in result.output


def test_a_password_that_is_no_text_ends_in_a_sentence(invoke):
    result = invoke("users", "create-admin", "a@example.test", "--name", "A B", "--password-stdin", stdin=b"\xff\xfe\n")
    assert (result.exit_code, "isn’t text in UTF-8" in result.output) == (1, True)


def test_a_password_that_no_form_would_take_is_refused(invoke):
    name = ("users", "create-admin", "a@example.test", "--name", "A B", "--password-stdin")
    assert "contains characters that can’t be typed" in invoke(*name, stdin="violet kettle\x00 harbour\n").output
    assert people.find_user_by_email("a@example.test") is None


def test_an_empty_moment_releases_nothing(invoke):
    """``--since "$MOMENT"`` with a variable that is not set must not send all mails of a restored database again."""
    invoke("outbox", "hold")
    result = invoke("outbox", "release", "--since", "")
    assert (result.exit_code, "Enter --since like" in result.output) == (1, True)
    assert "Nothing is sent since" in invoke("outbox", "list").output


@pytest.mark.parametrize("written", ["BOSE@Example.TEST", " bose@example.test\u00a0", "\u200ebose@example.test"])
def test_an_address_is_found_by_every_command_however_it_is_written(invoke, bose, written):
    assert invoke("users", "approve-doctor", written).exit_code == 0
    assert invoke("policies", "show", "--doctor", written).exit_code == 0
    assert invoke("policies", "set", "--doctor", written, "--gap-minutes", "5").exit_code == 0
    when = ("--day", "2026-11-30", "--start", "09:00", "--end", "09:30")
    assert invoke("slots", "open", "--doctor", written, *when).exit_code == 0
    assert people.find_user_by_email(written) is bose.user
    assert invoke("users", "deactivate", written).exit_code == 0


def test_an_address_in_an_international_domain_is_found_in_either_form(invoke):
    make.doctor("Dr Bücher", email="info@bücher.example")
    for written in ("info@BÜCHER.example", "info@xn--bcher-kva.example", "info@bu\u0308cher.example"):
        assert invoke("policies", "show", "--doctor", written).exit_code == 0
    for written in ("", "nobody", "nobody@example.test"):
        result = invoke("policies", "show", "--doctor", written)
        assert (result.exit_code, "There is no doctor" in result.output) == (1, True)


@pytest.mark.parametrize("minutes", ["0", "-20", "4", "481", "9" * 400])
def test_a_visit_of_no_minutes_is_refused_and_not_taken_for_the_usual_length(invoke, bose, minutes):
    when = ("--day", "2026-11-30", "--start", "09:00", "--end", "12:00")
    result = invoke("slots", "open", "--doctor", bose.user.email, *when, "--visit-minutes", minutes)
    assert (result.exit_code, "between 5 minutes and 8 hours" in result.output) == (1, True)


@pytest.mark.parametrize("most", ["0", "-1", "9" * 30])
def test_a_list_of_impossible_length_is_refused(invoke, most):
    assert invoke("outbox", "list", "--most", most).exit_code == 2


def test_a_database_that_is_away_is_said_in_a_sentence(invoke, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("connection refused"))

    monkeypatch.setattr(services, "add_closure", away)
    result = invoke(*CLOSE, "May Day")
    assert (result.exit_code, "The database doesn't answer" in result.output) == (1, True)
