"""``flask outbox``: what an administrator sees and does."""

import pytest

from hms.outbox import PermanentFailure, deliver_due
from tests.outbox.conftest import queue, stored

pytestmark = pytest.mark.usefixtures("session")


@pytest.fixture
def run(app):
    """``run("list")`` answers what the command prints."""

    def run(*arguments):
        result = app.test_cli_runner().invoke(args=["outbox", *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    return run


def test_the_list_shows_state_attempts_type_and_error_and_nobodys_address(run, sender):
    queue("fine", "bad")
    sender.answers["bad"] = PermanentFailure("No such mailbox.")
    deliver_due()

    said = run("list")
    assert "dead      1x  NOTE  No such mailbox." in said
    assert "sent      1x  NOTE" in said
    assert "@" not in said
    assert run("list", "--status", "dead").count("\n") == 1
    assert run("list", "--most", "1").count("\n") == 1


def test_retry_names_how_many_will_be_sent_again(run, sender):
    queue("a", "b", "c")
    sender.answers = {"a": PermanentFailure("x"), "b": PermanentFailure("x")}
    deliver_due()

    assert run("retry", str(stored("a").id), str(stored("c").id)) == "1 of 2 messages will be sent again.\n"
    assert run("retry", "--all-dead") == "1 of 1 messages will be sent again.\n"
    assert run("list", "--status", "dead") == ""


def test_deliver_does_what_the_worker_does(run, sender):
    queue("a", "b")
    assert run("deliver") == "2 messages tried.\n"
    assert sorted(sender.sent) == ["a", "b"]


def test_a_mistyped_id_is_refused(app):
    result = app.test_cli_runner().invoke(args=["outbox", "retry", "seven"])
    assert result.exit_code == 2
    assert "not a valid UUID" in result.output
