"""The organizer of an invitation: the address that reads answers, which this function alone knows.

Calendar programs send their answers there (RFC 5546), and some show it; so it has to be one that receives mail.
"""

import re
from urllib.parse import quote

_FOLD = re.compile(r"\r?\n[ \t]")
_ORGANIZER = re.compile(r"^(ORGANIZER(?:;.*)?:)mailto:.*$", re.IGNORECASE)
_LINE_OCTETS = 75


def with_organizer(calendar: str, *, address: str) -> str:
    """Return the iCalendar text with ``address`` as the organizer of its events; one without an organizer stays so."""
    lines = _FOLD.sub("", calendar).replace("\r\n", "\n").rstrip("\n").split("\n")
    uri = "mailto:" + quote(address, safe="!$&'*+=@._~-")
    unfolded = (_ORGANIZER.sub(lambda found: found[1] + uri, line) for line in lines)
    return "".join(_folded(line) + "\r\n" for line in unfolded)


def _folded(line: str) -> str:
    """Return the line in pieces of at most 75 octets, never cut inside a character (RFC 5545, 3.1)."""
    pieces, room = [""], _LINE_OCTETS
    for character in line:
        octets = len(character.encode())
        if octets > room:
            pieces.append("")
            room = _LINE_OCTETS - 1  # the blank that begins the next line
        pieces[-1] += character
        room -= octets
    return "\r\n ".join(pieces)
