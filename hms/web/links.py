"""Addresses that leave the house: in a mail, in a calendar. They come from ``HMS_PUBLIC_URL``, never from a request."""

from typing import Any
from urllib.parse import urlsplit

from flask import current_app


def public_url(endpoint: str, **values: Any) -> str:
    """The full address of a page, as people reach it from outside. Needs no request."""
    parts = urlsplit(current_app.config["PUBLIC_URL"])
    adapter = current_app.url_map.bind(parts.netloc, url_scheme=parts.scheme)
    return adapter.build(endpoint, values, force_external=True)
