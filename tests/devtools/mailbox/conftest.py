"""A mailbox with mails in it, and an application that shows it, as development does."""

import pytest

from hms.db import db
from hms.devtools.mailbox import store
from tests.email_lambda import samples
from tests.fixtures.mail import SETTINGS
from tests.fixtures.web import Answer, Client


@pytest.fixture
def folder(tmp_path):
    """Where the mails are."""
    return tmp_path / "mailbox"


@pytest.fixture
def put(folder):
    """``put("BOOKING_CONFIRMATION", recipient_name=…)`` keeps a mail as the function makes it; its id."""
    from email_lambda import messages
    from email_lambda.compose import compose

    def put(message_type, **data):
        return store.keep(folder, compose(messages.read(samples.event(message_type, **data)), SETTINGS)).stem

    return put


@pytest.fixture(scope="session")
def development(app, new_app, tmp_path_factory):
    """The application in development mode, on the database of the run."""
    with app.app_context():
        url = db.engine.url
    return new_app(url, MODE="development", DATA_DIR=str(tmp_path_factory.mktemp("data")))


@pytest.fixture
def browser(development, folder, monkeypatch):
    """A browser in which the box can be opened."""
    monkeypatch.setitem(development.config, "MAILBOX_DIR", folder)
    with development.app_context():
        yield Client(development, Answer)
        db.session.remove()
