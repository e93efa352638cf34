"""The tag in the envelope's sender of each mail, with which a bounce names the message and the address that it went to.

Who has not got the mail cannot make one, so nobody marks another person's address as unreachable. It is short, for the
part of an address before the @ holds 64 characters; and its letters are small, for not all servers keep capitals.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from uuid import UUID

from flask import current_app

_ID_BYTES, _PROOF_BYTES = 16, 8
_TAG = re.compile(r"\+([a-z2-7]{39})@", re.IGNORECASE)
_MOST_TAGS = 20


def tag_for(message_id: UUID, *, to: str) -> str:
    """The tag of a message on its way to an address: 39 small letters and digits."""
    return base64.b32encode(message_id.bytes + _proof(message_id.bytes, to)).decode().rstrip("=").lower()


def tags_in(text: str) -> Iterator[str]:
    """What looks like a tag in the text of a bounce, each once; only the first few."""
    yield from list(dict.fromkeys(found[1].lower() for found in _TAG.finditer(text)))[:_MOST_TAGS]


def message_id_of(tag: str) -> UUID:
    """The message that a tag names, whether or not the tag is ours."""
    return UUID(bytes=_decoded(tag)[:_ID_BYTES])


def is_ours(tag: str, *, to: str) -> bool:
    """Whether the tag was made for a message to this address."""
    octets = _decoded(tag)
    return hmac.compare_digest(octets[_ID_BYTES:], _proof(octets[:_ID_BYTES], to))


def _decoded(tag: str) -> bytes:
    return base64.b32decode(tag.upper() + "=")


def _proof(message_id: bytes, to: str) -> bytes:
    key = current_app.config["SECRET_KEY"].encode()
    said = b"hms.bounce:" + message_id + to.lower().encode()
    return hmac.new(key, said, hashlib.sha256).digest()[:_PROOF_BYTES]
