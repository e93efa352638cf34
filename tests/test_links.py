"""Addresses that leave the house."""

import pytest

from hms.web.links import mailto


@pytest.mark.parametrize(
    ("email", "address"),
    [
        ("asha@example.test", "mailto:asha@example.test"),
        ("asha+clinic@example.test", "mailto:asha+clinic@example.test"),
        ("a?bcc=eve@example.test", "mailto:a%3Fbcc%3Deve@example.test"),
        ("a&b%c#d/e@example.test", "mailto:a%26b%25c%23d%2Fe@example.test"),
        ("info@bücher.example", "mailto:info@xn--bcher-kva.example"),
        ("nothing like it", "mailto:nothing%20like%20it"),
    ],
)
def test_an_email_is_written_so_that_every_program_can_read_it(email, address):
    assert mailto(email) == address
