"""Addresses and header text that go on the wire: checked, pure ASCII, and without any way to end a header line.

The standard library is not asked to fold these headers. It decodes what looks like an RFC 2047 encoded word inside a
*value* and, before Python 3.12.5, wrote a decoded line break out as it was: a clinic or a person whose name holds
``=?utf-8?q?=0ABcc:…?=`` then added a header of their own (CVE-2024-6923).
"""

import base64
import re

from email_lambda.answers import Refused

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)
_PLAIN = re.compile(r"[ -~]{1,60}", re.ASCII)
_ATOMS = re.compile(r"[A-Za-z0-9 '-]+", re.ASCII)
# RFC 2047 allows 75 characters for an encoded word: 12 of frame and 60 of base64, which carry 45 bytes.
_WORD_BYTES = 45


def canonical(address: object) -> str:
    """Return the address in ASCII, its domain in IDNA form, or raise Refused.

    Quoted local parts, non-ASCII local parts and address literals are refused. So is a domain that IDNA 2003 would
    silently turn into another one (such as one with "ß"): a mail about a visit must not reach a stranger.
    """
    if not isinstance(address, str) or address.count("@") != 1 or len(address) > 254:
        raise Refused("to must be one email address.")
    local, domain = address.split("@")
    if not _LOCAL.fullmatch(local) or len(local) > 64:
        raise Refused("The part of the address before the @ is not one that we can send to.")
    return f"{local}@{_ascii_domain(domain)}"


def _ascii_domain(domain: str) -> str:
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
        same = domain.isascii() or ascii_domain.encode("ascii").decode("idna") == domain.lower()
    except UnicodeError as problem:
        raise Refused("The domain of the address is not one that we can send to.") from problem
    labels = ascii_domain.split(".")
    if not same or len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused("The domain of the address is not one that we can send to.")
    return ascii_domain


def header_text(text: str) -> str:
    """Return the text for an unstructured header such as Subject: plain when it can be, else RFC 2047 words."""
    return text if _PLAIN.fullmatch(text) and "=?" not in text and text == text.strip() else _encoded_words(text)


def mailbox(name: str, address: str) -> str:
    """Return ``name <address>`` for a From, To or Reply-To header. The address must be canonical."""
    if not _PLAIN.fullmatch(name) or "=?" in name:
        return f"{_encoded_words(name)}\r\n <{address}>"
    return f"{name if _ATOMS.fullmatch(name) else _quoted(name)}\r\n <{address}>"


def message_id(identifier: str, *, domain: str) -> str:
    """Return the Message-ID for an identifier of ours: always the same for the same one, never for another."""
    # ":" is common in our identifiers and not allowed there; "+" reads well. All else that is not plain becomes "=XX".
    local = re.sub(r"[^A-Za-z0-9_:-]", lambda found: f"={ord(found[0]):02X}", identifier).replace(":", "+")
    return f"<{local}@{domain}>"


def _quoted(name: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'


def _encoded_words(text: str) -> str:
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(piece).decode()}?=" for piece in _pieces(text))


def _pieces(text: str) -> list[bytes]:
    """Return the text as UTF-8 in pieces that fit an encoded word, never cut inside a character."""
    pieces = [b""]
    for character in text:
        octets = character.encode()
        if len(pieces[-1]) + len(octets) > _WORD_BYTES:
            pieces.append(b"")
        pieces[-1] += octets
    return pieces
