"""Who acts: a person, a visitor whom nobody knows, somebody at the command line, or the system itself."""

import getpass
import ipaddress
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

import click
from flask import Flask, current_app, has_request_context, request

from hms.web.headers import request_id

KNOWN_BY = "hms.audit.known_by"
PREFIXES = {4: 24, 6: 64}
"""How much of an address is kept: where somebody comes from, not which device it is."""

PROGRAMS = frozenset({"worker", "web", "serve", "run"})
"""Commands that stand for the system rather than for whoever typed them."""


class Person(NamedTuple):
    """An account that acts."""

    id: UUID
    role: str


class Source(NamedTuple):
    """Who acts, and from where."""

    kind: str
    id: UUID | None = None
    role: str | None = None
    os_user: str | None = None
    endpoint: str | None = None
    request_id: str | None = None
    address_prefix: str | None = None


def know_people_with(app: Flask, find: Callable[[], Person | None]) -> None:
    """Have ``find()`` say who makes the present request; None for somebody who is not signed in."""
    app.extensions[KNOWN_BY] = find


def current(by: Person | None = None) -> Source:
    """Who acts now; ``by`` where the caller knows better, as when somebody is just signing in."""
    if has_request_context():
        return _of_request(by or find_person())
    command = _command()
    if by is not None:
        return Source("person", by.id, by.role, endpoint=command)
    if command is None or command.rsplit(" ", 1)[-1] in PROGRAMS:
        return Source("system", endpoint=command)
    return Source("cli", os_user=os_user(), endpoint=command)


def find_person() -> Person | None:
    """Who makes the present request, if that is known."""
    find = current_app.extensions.get(KNOWN_BY)
    return find() if find else None


def os_user() -> str:
    """The operating system's name of whoever runs this process, not what the environment says it is."""
    try:
        import os
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name[:64]
    except (ImportError, KeyError):
        return getpass.getuser()[:64]


def prefix_of(address: str | None) -> str | None:
    """The network that an address belongs to: /24 of IPv4, /64 of IPv6; None for what is no address."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    return str(ipaddress.ip_network(f"{parsed}/{PREFIXES[parsed.version]}", strict=False))


def _of_request(person: Person | None) -> Source:
    return Source(
        "person" if person else "visitor",
        person.id if person else None,
        person.role if person else None,
        endpoint=(request.endpoint or "")[:80] or None,
        request_id=request_id(),
        address_prefix=prefix_of(request.remote_addr),
    )


def _command() -> str | None:
    context = click.get_current_context(silent=True)
    return " ".join(context.command_path.split()[1:])[:80] if context else None
