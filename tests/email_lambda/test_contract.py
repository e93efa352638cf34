"""The contract is strict: each type needs its keys, has no others, and says in a sentence what is wrong."""

from typing import Any

import pytest

from email_lambda import kinds, messages
from email_lambda.answers import Refused
from tests.email_lambda import samples

ALL_REQUIRED = [(name, key) for name in samples.TYPES for key in messages.CONTRACTS[name].required]
ALL_KEYS = [
    (name, key)
    for name in samples.TYPES
    for key in (*messages.CONTRACTS[name].required, *messages.CONTRACTS[name].optional)
]


def refusal(event: Any) -> str:
    with pytest.raises(Refused) as caught:
        messages.read(event)
    assert not caught.value.retryable
    return str(caught.value)


def test_the_contract_has_exactly_the_types_of_the_product() -> None:
    assert sorted(messages.CONTRACTS) == samples.TYPES
    assert len(samples.TYPES) == 19


@pytest.mark.parametrize("name", samples.TYPES)
def test_a_good_event_is_accepted_with_and_without_its_optional_keys(name: str) -> None:
    short, full = messages.read(samples.event(name)), messages.read(samples.full_event(name))
    assert set(short.data) == set(full.data)
    assert all(full.data.values())
    assert {key for key, value in short.data.items() if value is None} == set(short.contract.optional)


@pytest.mark.parametrize(("name", "key"), ALL_REQUIRED)
def test_every_single_missing_key_is_refused_by_name(name: str, key: str) -> None:
    event = samples.full_event(name)
    del event["data"][key]
    assert refusal(event) == f"The data of {name} lacks {key}."


@pytest.mark.parametrize(("name", "key"), ALL_KEYS)
def test_a_value_of_the_wrong_kind_is_refused_and_not_repeated(name: str, key: str) -> None:
    for wrong in (None, 7, [], {}, "", " ", "two\nlines", "\ud800", "x" * 70_000):
        event = samples.full_event(name)
        event["data"][key] = wrong
        assert refusal(event).startswith((f"data.{key} must be", "The data must have all"))


@pytest.mark.parametrize("name", samples.TYPES)
def test_a_key_that_nobody_asked_for_is_refused(name: str) -> None:
    event = samples.event(name, reason="chest pain")
    assert refusal(event) == f"The data of {name} has keys that nobody asked for: reason."


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"type": "NEWSLETTER"}, "The message type is unknown; known are "),
        ({"type": ["SIGNUP_WELCOME"]}, "The message type is unknown; known are "),
        ({"type": None}, "The message type is unknown; known are "),
        ({"message_id": ""}, "message_id must be"),
        ({"message_id": "a b"}, "message_id must be"),
        ({"message_id": "a\r\nBcc: x@y.example"}, "message_id must be"),
        ({"message_id": "x" * 201}, "message_id must be"),
        ({"message_id": 7}, "message_id must be"),
        ({"data": []}, "data must be a JSON object."),
        ({"data": None}, "data must be a JSON object."),
        ({"cc": "x@y.example"}, "The event has keys that nobody asked for: cc."),
        ({"a\nb\u202e": 1}, "The event has keys that nobody asked for: a\\nb\\u202e."),
    ],
)
def test_a_bad_event_is_refused(change: dict[str, Any], sentence: str) -> None:
    assert refusal({**samples.event("SIGNUP_WELCOME"), **change}).startswith(sentence)


@pytest.mark.parametrize("event", [None, [], "SIGNUP_WELCOME", 7, True])
def test_an_event_that_is_no_object_is_refused(event: object) -> None:
    assert refusal(event) == "The event must be a JSON object."


@pytest.mark.parametrize("key", messages.EVENT_KEYS)
def test_an_event_without_one_of_its_keys_is_refused(key: str) -> None:
    event = samples.event("SIGNUP_WELCOME")
    del event[key]
    assert refusal(event) == f"The event lacks {key}."


def test_how_to_cancel_and_until_when_come_together() -> None:
    event = samples.event("BOOKING_CONFIRMATION", cancel_url="https://clinic.example/cancel")
    assert refusal(event) == "The data must have all of cancel_url, cancel_until, or none of them."


def test_the_calendar_file_and_its_method_agree() -> None:
    event = samples.event("BOOKING_CONFIRMATION", ics=samples.calendar("CANCEL")["ics"])
    assert refusal(event) == "data.ics must have the METHOD that data.ics_method names."
    withdrawal = samples.event("BOOKING_CANCELLATION", **samples.calendar("REQUEST"))
    assert refusal(withdrawal) == "data.ics_method must be one of CANCEL."


@pytest.mark.parametrize(
    "address",
    [
        "asha+hms@patients.example",
        "o'brien@patients.example",
        "a.b-c_d@a-b.patients.example",
        "x" * 64 + "@patients.example",
    ],
)
def test_an_ordinary_address_is_kept_as_it_is(address: str) -> None:
    assert messages.read(samples.event("SIGNUP_WELCOME", to=address)).to == address


def test_a_domain_in_another_script_goes_out_in_ascii() -> None:
    assert messages.read(samples.event("SIGNUP_WELCOME", to="asha@bücher.example")).to == "asha@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "address",
    [
        None,
        7,
        "",
        "asha",
        "asha@",
        "@patients.example",
        "asha@patients",
        "a@b@patients.example",
        "asha@patients.example.",
        "asha@[127.0.0.1]",
        '"as ha"@patients.example',
        ".asha@patients.example",
        "as..ha@patients.example",
        "asha@patients.example\r\nBcc: eve@evil.example",
        "asha@patients.example, eve@evil.example",
        "asha@patients.example>,<eve@evil.example",
        "asha@-patients.example",
        "аsha@patients.example",  # the first letter is Cyrillic
        "asha@straße.example",  # IDNA 2003 would send this to another domain
        "asha@\ud800.example",
        "x" * 65 + "@patients.example",
        "asha@" + "x" * 250 + ".example",
    ],
)
def test_what_is_not_one_plain_address_is_refused(address: object) -> None:
    event = {**samples.event("SIGNUP_WELCOME"), "to": address}
    assert "asha" not in refusal(event)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "//evil.example/x",
        "/patient",
        "https:clinic.example",
        "https:///x",
        "https://user@evil.example/",
        "https://clinic.example:99999999/",
        "https://clinic.example/a b",
        'https://clinic.example/"onclick="x',
        "https://clinic.example/<b>",
        "https://clinic.example/ü",
        "https://[::1/",
        "ftp://clinic.example/",
        "https://clinic.example/" + "x" * 2000,
    ],
)
def test_only_plain_web_addresses_are_links(url: str) -> None:
    assert not kinds.URL.accepts(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/verify/x", "https://clinic.example", "https://a.example/?a=1&b=%20#c"]
)
def test_web_addresses_of_the_clinic_are_links(url: str) -> None:
    assert kinds.URL.accepts(url)


@pytest.mark.parametrize("name", ["../x.ics", "x.ics\r\nX: y", "x.exe", ".ics", 'x".ics', "ü.ics", "x" * 70 + ".ics"])
def test_only_plain_file_names_are_file_names(name: str) -> None:
    assert not kinds.FILENAME.accepts(name)
