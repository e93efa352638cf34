"""The settings of Google Calendar: what production refuses, and where the sealing keys come from."""

import pytest

from hms.config import BadSettings, google
from hms.config.google import ADDRESSES, is_google, new_key, sealing_keys
from tests.test_config import PRODUCTION, bare_environment, complaints, load  # noqa: F401  # a fixture

GIVEN = {
    "GOOGLE_CLIENT_ID": "clinic.apps.googleusercontent.com",
    "GOOGLE_CLIENT_SECRET": "s",
    "ENCRYPTION_KEYS": new_key(),
}


def test_without_a_client_nothing_of_google_is_asked_for():
    settings = load(**PRODUCTION)
    assert (settings["GOOGLE_CLIENT_ID"], settings["ENCRYPTION_KEYS"]) == ("", [])
    assert {name: settings[name] for name in ADDRESSES} == ADDRESSES


def test_a_client_with_its_secret_and_a_key_starts():
    assert load(**PRODUCTION, **GIVEN)["ENCRYPTION_KEYS"] == [GIVEN["ENCRYPTION_KEYS"]]


@pytest.mark.parametrize("name", ["GOOGLE_CLIENT_SECRET", "ENCRYPTION_KEYS"])
def test_a_client_alone_does_not(name):
    (said,) = complaints(MODE="production", **PRODUCTION, **GIVEN | {name: ""})
    assert said.startswith(f"HMS_{name} is required when HMS_GOOGLE_CLIENT_ID is set")


def test_the_secret_key_does_not_seal_as_well():
    key = new_key()
    (said,) = complaints(MODE="production", **PRODUCTION | {"SECRET_KEY": key}, **GIVEN | {"ENCRYPTION_KEYS": key})
    assert said.startswith("HMS_ENCRYPTION_KEYS must not hold HMS_SECRET_KEY")


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://127.0.0.1:8123/x",
        "https://evil.test/token",
        "{own}.evil.test/token",
        "https://www.googleapis.com.evil.test/",
        "https://www.googleapis.com:8443/",
        "{plain}",
    ],
)
def test_production_stays_at_googles_own_addresses(name, elsewhere):
    own = ADDRESSES[name].rsplit("/", 1)[0].split("/")
    address = elsewhere.format(own="/".join(own[:3]), plain=ADDRESSES[name].replace("https:", "http:"))
    (said,) = complaints(MODE="production", **PRODUCTION, **GIVEN, **{name: address})
    assert said == f"HMS_{name} must stay at Google's own address in production; another one is for tests only."
    assert not is_google(name, address)


def test_another_of_googles_hosts_is_not_the_one_that_is_meant():
    assert not is_google("GOOGLE_TOKEN_URL", ADDRESSES["GOOGLE_CALENDAR_URL"])
    assert all(is_google(name, address) for name, address in ADDRESSES.items())


@pytest.mark.parametrize(
    "address", ["ftp://x.test/", "x.test", "https://", "https://u:p@x.test/", "https://x.test/?a=1"]
)
def test_what_is_no_address_is_refused_anywhere(address):
    (said,) = complaints(MODE="testing", DATABASE_URL=PRODUCTION["DATABASE_URL"], GOOGLE_TOKEN_URL=address)
    assert said.startswith("HMS_GOOGLE_TOKEN_URL must be an address")


@pytest.mark.parametrize(
    "keys",
    ["short", new_key()[:-2], new_key() + ",nonsense", "é" * 44],
    ids=["short", "cut off", "one bad", "not ASCII"],
)
def test_what_is_no_key_is_refused_and_not_repeated(keys):
    (said,) = complaints(MODE="production", **PRODUCTION, ENCRYPTION_KEYS=keys)
    assert said.startswith("HMS_ENCRYPTION_KEYS must be keys made by `flask keys new`")
    assert keys not in said


def test_several_keys_keep_their_order():
    first, second = new_key(), new_key()
    assert sealing_keys(f" {first} ,{second},") == [first, second]


def test_development_has_a_key_of_its_own_machine(tmp_path):
    made = {}
    for name in ("one", "one", "two"):
        folder = tmp_path / name
        key = load(MODE="development", DATABASE_URL=PRODUCTION["DATABASE_URL"], DATA_DIR=folder)["ENCRYPTION_KEYS"]
        assert made.setdefault(name, key) == key
        assert (folder / "encryption_key").stat().st_mode & 0o777 == 0o600
    assert made["one"] != made["two"]


def test_production_never_makes_a_key_up(tmp_path):
    settings = {"MODE": "production", "ENCRYPTION_KEYS": [], "DATA_DIR": tmp_path}
    google.fill_in(settings, kept=lambda _: pytest.fail("made one up"))
    assert settings["ENCRYPTION_KEYS"] == []


def test_the_rule_is_that_of_production_alone():
    load(
        MODE="testing",
        DATABASE_URL=PRODUCTION["DATABASE_URL"],
        GOOGLE_CLIENT_ID="x",
        GOOGLE_TOKEN_URL="http://127.0.0.1:1/token",
    )
    with pytest.raises(BadSettings):
        load(**PRODUCTION, **GIVEN, GOOGLE_TOKEN_URL="http://127.0.0.1:1/token")
