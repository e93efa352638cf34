"""How a setting's text becomes a value; ``ValueError`` brings what follows the variable's name in a sentence."""

import re
from collections.abc import Callable
from pathlib import Path

import phonenumbers
from babel.core import get_global
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from hms.clock import known_zones


def text(value: str) -> str:
    """Any words on one line."""
    if not value.isprintable():
        raise ValueError("must be words on one line")
    return value.strip()


def whole(value: str, *, minimum: int = 0, maximum: int = 10_000) -> int:
    """A whole number within bounds."""
    if not value.isascii() or not value.isdigit() or not minimum <= int(value) <= maximum:
        raise ValueError(f"must be a whole number from {minimum} to {maximum}, not {value!r}")
    return int(value)


def port(value: str) -> int:
    """A TCP port."""
    return whole(value, minimum=1, maximum=65535)


def count(value: str) -> int:
    """A number of things that there must be at least one of."""
    return whole(value, minimum=1)


def choice(*allowed: str) -> Callable[[str], str]:
    """One of a few words."""

    def parse(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"must be {' or '.join(allowed)}, not {value!r}")
        return value

    return parse


def switch(value: str) -> bool:
    """Something that is on (1) or off (0)."""
    return choice("0", "1")(value) == "1"


def folder(value: str) -> Path:
    """A folder, made absolute."""
    return Path(value).expanduser().resolve()


def words(value: str) -> list[str]:
    """A list, separated by commas."""
    return [word.strip() for word in value.split(",") if word.strip()]


def lines(value: str) -> list[tuple[str, str]]:
    """Facts with what they are about: ``Bus: 43 and 271; Car: park on Mill Lane``."""
    found = [line.partition(":") for line in value.split(";") if line.strip()]
    if not all(about.strip() and colon and fact.strip() for about, colon, fact in found):
        raise ValueError(f"must be facts such as 'Bus: 43 and 271; Car: park on Mill Lane', not {value!r}")
    return [(about.strip(), fact.strip()) for about, _, fact in found]


def page_address(value: str) -> str:
    """The address of a page elsewhere; empty for none."""
    if value and not re.fullmatch(r"https?://[^\s\"<>]+", value):
        raise ValueError(f"must be an address such as https://maps.example/clinic, not {value!r}")
    return value


def hours(value: str) -> list[int]:
    """Numbers of hours, separated by commas, the longest first; 0 stands for none."""
    return sorted({number for word in words(value) if (number := whole(word, maximum=14 * 24))}, reverse=True)


def zone(value: str) -> str:
    """The name of a time zone."""
    if value not in known_zones():
        raise ValueError(f"must name a time zone such as Europe/London, not {value!r}")
    return value


def country(value: str) -> str:
    """A country's two letters (ISO 3166-1)."""
    if value.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"must be the two letters of a country such as GB, not {value!r}")
    return value.upper()


def country_of(zone: str) -> str:
    """The country in which clocks show that zone's time; empty where it is none's, as with ``Etc/UTC``."""
    found = str(get_global("zone_territories").get(zone, ""))
    return found if found in phonenumbers.SUPPORTED_REGIONS else ""


def web_address(value: str) -> str:
    """The scheme and host under which people reach HMS, without a slash at the end."""
    found = re.fullmatch(
        r"(https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?)/?", value, re.ASCII | re.IGNORECASE
    )
    if not found:
        raise ValueError(f"must be an address such as https://clinic.example, not {value!r}")
    return found[1].lower()


def database_url(value: str) -> str:
    """The address of a PostgreSQL database, naming the driver that HMS uses."""
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError("must be an address such as postgresql://user:password@host/hms") from None
    if url.get_backend_name() not in ("postgresql", "postgres") or not url.database:
        raise ValueError("must name a PostgreSQL database, as in postgresql://user:password@host/hms")
    return url.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
