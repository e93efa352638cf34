"""Addresses that leave the house: in a mail, in a calendar. They come from ``HMS_PUBLIC_URL``, never from a request."""

from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

from email_validator import EmailNotValidError, validate_email
from flask import current_app

_IN_MAILTO = "!$'*+"
"""What may stand in a mailto: address beside letters, digits and ``-._~`` (RFC 6068, section 2)."""


@lru_cache(maxsize=1024)
def mailto(email: str) -> str:
    """``mailto:info@xn--bcher-kva.example``: the address as every program can read it, the domain in ASCII letters."""
    try:
        checked = validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return f"mailto:{quote(email, safe=_IN_MAILTO + '@')}"
    return f"mailto:{quote(checked.local_part, safe=_IN_MAILTO)}@{checked.ascii_domain}"


def public_url(endpoint: str, **values: Any) -> str:
    """The full address of a page, as people reach it from outside. Needs no request."""
    parts = urlsplit(current_app.config["PUBLIC_URL"])
    adapter = current_app.url_map.bind(parts.netloc, url_scheme=parts.scheme)
    return adapter.build(endpoint, values, force_external=True)
