"""What was granted in somebody's name ends with their password: the feed's address and the connection."""

import pytest

from hms.auth import services, tokens
from hms.auth.tokens import Purpose
from hms.calendar import queries
from hms.calendar.google import scopes
from hms.calendar.google.oauth import Grant
from hms.calendar.models import CalendarConnection, ConnectionStatus
from hms.calendar.services import connections
from hms.db import db
from hms.outbox import OutboxMessage
from tests import make

NEW = "another-passphrase-for-tests"

ENDINGS = {
    "reset": lambda user: services.reset_password(tokens.make(Purpose.RESET_PASSWORD, user), NEW),
    "change": lambda user: services.change_password(user, current=make.PASSWORD, password=NEW),
    "deactivation": lambda user: services.deactivate(user.email),
}


@pytest.fixture
def granted(asha):
    """Asha, with a feed and a connection that somebody made before."""
    make.feed(asha.user)
    grant = Grant("attacker", "attacker@gmail.test", scopes.EVENTS, refresh_token="1//0a", access_token="ya29.x")
    make.connection(asha.user, grant)
    return asha.user


@pytest.mark.parametrize("ending", ENDINGS)
def test_feed_and_connection_end_with_the_access_that_made_them(granted, ending):
    ENDINGS[ending](granted)
    db.session.expire_all()
    assert queries.find_feed(granted.id) is None
    assert queries.find_live_connection(granted.id) is None
    assert db.session.scalars(db.select(CalendarConnection)).one().status == ConnectionStatus.ENDED
    assert db.session.query(OutboxMessage).filter_by(kind=connections.REVOKE).count() == 1


def test_what_others_have_granted_stays(granted, chen):
    make.feed(chen.user)
    services.deactivate(granted.email)
    assert queries.find_feed(chen.user_id) is not None


def test_a_reset_that_fails_ends_nothing(granted):
    with pytest.raises(services.WrongPassword):
        services.change_password(granted, current="not the password at all", password=NEW)
    assert queries.find_feed(granted.id) is not None
    assert queries.find_live_connection(granted.id) is not None
