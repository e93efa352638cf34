"""What is sealed opens with our keys only, for its owner and its purpose only, and keys can be replaced."""

from uuid import UUID

import pytest

from hms import vault
from hms.calendar.cli import group
from hms.calendar.models import CalendarConnection
from hms.calendar.services import connections
from hms.config.google import new_key
from hms.db import db
from tests.calendar.conftest import ASHA, BOSE

OWNER, STRANGER = UUID(int=1), UUID(int=2)
SECRET = "1//0canary-of-a-token"


@pytest.fixture
def keys(app, monkeypatch):
    """``keys("new", "old")`` makes these the keys, the newest first; each word is always the same key."""
    made: dict[str, str] = {}

    def keys(*names: str) -> None:
        monkeypatch.setitem(app.config, "ENCRYPTION_KEYS", [made.setdefault(name, new_key()) for name in names])

    with app.app_context():
        keys("first")
        yield keys


def seal() -> bytes:
    return vault.seal(SECRET, owner_id=OWNER, purpose="test")


def unseal(sealed: bytes, **other) -> str:
    return vault.unseal(sealed, **{"owner_id": OWNER, "purpose": "test", **other})


def test_what_is_sealed_comes_back_and_is_not_to_be_read(keys):
    sealed = seal()
    assert unseal(sealed) == SECRET
    assert SECRET.encode() not in sealed
    assert seal() != sealed


@pytest.mark.parametrize("other", [{"owner_id": STRANGER}, {"purpose": "another"}])
def test_another_owner_or_purpose_is_refused(keys, other):
    with pytest.raises(vault.Unreadable, match="someone or something else") as refused:
        unseal(seal(), **other)
    assert SECRET not in str(refused.value)


def test_an_owner_cannot_be_passed_off_as_part_of_a_purpose(keys):
    sealed = vault.seal(SECRET, owner_id=OWNER, purpose="a b")
    with pytest.raises(vault.Unreadable):
        vault.unseal(sealed, owner_id=OWNER, purpose="a")


@pytest.mark.parametrize(
    "spoil", [lambda s: s[:-5], lambda s: b"", lambda s: s[:20] + b"A" + s[21:], lambda s: b"\xff"]
)
def test_what_was_changed_is_refused(keys, spoil):
    with pytest.raises(vault.Unreadable):
        unseal(spoil(seal()))


def test_without_the_key_nothing_opens(keys):
    sealed = seal()
    keys("another")
    with pytest.raises(vault.Unreadable):
        unseal(sealed)


def test_without_any_key_nothing_is_sealed(app, keys):
    keys()
    with pytest.raises(vault.Unreadable, match="HMS_ENCRYPTION_KEYS"):
        seal()


def test_an_older_key_still_opens_and_the_newest_seals(keys):
    old = seal()
    keys("second", "first")
    new = seal()
    assert (unseal(old), unseal(new)) == (SECRET, SECRET)
    assert (vault.is_newest(old), vault.is_newest(new)) == (False, True)
    keys("second")
    assert unseal(new) == SECRET


@pytest.fixture
def two_connections(session, google, at_google, asha, bose, keys):
    """Asha's and Dr Bose's tokens, sealed with the first key."""
    at_google(asha, ASHA).connects()
    at_google(bose, BOSE).connects()
    return {c.id: token_of(c) for c in db.session.query(CalendarConnection)}


def token_of(connection: CalendarConnection) -> str:
    return vault.unseal(connection.refresh_token, owner_id=connection.user_id, purpose=vault.REFRESH_TOKEN)


def rotate(app):
    return app.test_cli_runner().invoke(group, ["rotate"])


def test_after_rotating_the_old_key_can_go_and_every_token_is_still_there(app, two_connections, keys):
    keys("second", "first")
    result = rotate(app)
    assert (result.exit_code, result.output.splitlines()[0]) == (0, "2 sealed again.")
    keys("second")
    db.session.expire_all()
    assert {c.id: token_of(c) for c in db.session.query(CalendarConnection)} == two_connections


def test_rotating_again_changes_nothing(app, two_connections, keys):
    keys("second", "first")
    rotate(app)
    assert rotate(app).output.startswith("0 sealed again.")


def test_rotating_says_what_no_key_opens_and_goes_on_with_the_rest(app, two_connections, keys, asha):
    keys("second")
    assert connections.reseal_all() == (0, 2)
    result = rotate(app)
    assert result.exit_code == 1
    assert "2 can’t be opened by any key" in result.output
    for token in two_connections.values():
        assert token not in result.output


def test_the_commands_of_keys_print_a_key_that_the_settings_take(app):
    from hms.config.google import sealing_keys

    key = app.test_cli_runner().invoke(group, ["new"]).output.strip()
    assert sealing_keys(key) == [key]
