"""Where a request comes from, as a part of the net: a household or a firm has many addresses, and a guesser takes them
all."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from flask import has_request_context, request

LENGTHS = {4: 24, 6: 64}
"""How many bits of an address say whose part of the net it is in, by the version of IP."""


def prefix() -> str | None:
    """The part of the net that this request comes from, such as ``203.0.113.0/24``.

    None outside of a request, and for this machine itself: a proxy that HMS was not told of (``HMS_PROXY_COUNT``)
    brings everybody from there.
    """
    return prefix_of(request.remote_addr) if has_request_context() else None


def prefix_of(address: str | None) -> str | None:
    """The part of the net of an address; None for what is none, or is this machine."""
    try:
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    found = _plain(found)
    if found.is_loopback:
        return None
    return str(ip_network((found, LENGTHS[found.version]), strict=False))


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address stands for (``::ffff:203.0.113.7``), or the address as it is."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
