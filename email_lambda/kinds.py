"""The kinds of value that message data may hold. A kind is a sentence and a test."""

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

LINE_LENGTH = 300
URL_LENGTH = 2000
CALENDAR_LENGTH = 64 * 1024

# Control characters, lone surrogates, line and paragraph separators: none has a place in one line of text.
_UNFIT_FOR_A_LINE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_URL = re.compile(r"https?://[!#-;=?-~]+", re.ASCII)
_CODE = re.compile(r"[0-9]{6}", re.ASCII)
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\.ics", re.ASCII)


class Kind(NamedTuple):
    """One kind of value: what it must be, in words that complete "must be …", and the test for it."""

    must_be: str
    accepts: Callable[[object], bool]


def _is_line(value: object) -> bool:
    if not isinstance(value, str) or not value.strip() or len(value) > LINE_LENGTH:
        return False
    return not any(unicodedata.category(character) in _UNFIT_FOR_A_LINE for character in value)


def _is_url(value: object) -> bool:
    if not isinstance(value, str) or len(value) > URL_LENGTH or not _URL.fullmatch(value):
        return False
    try:
        address = urlsplit(value)
        return bool(address.hostname) and "@" not in address.netloc and (address.port is None or address.port > 0)
    except ValueError:
        return False


def _is_calendar(value: object) -> bool:
    if not isinstance(value, str) or len(value) > CALENDAR_LENGTH or "\0" in value:
        return False
    lines = value.strip().splitlines()
    return bool(lines) and lines[0] == "BEGIN:VCALENDAR" and lines[-1] == "END:VCALENDAR" and _is_utf8(value)


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_filename(value: object) -> bool:
    return isinstance(value, str) and _FILENAME.fullmatch(value) is not None


def one_of(*words: str) -> Kind:
    """Return the kind that accepts exactly these words."""
    return Kind("one of " + ", ".join(words), lambda value: isinstance(value, str) and value in words)


LINE = Kind(f"one line of text of at most {LINE_LENGTH} characters", _is_line)
URL = Kind("an absolute http or https address in ASCII", _is_url)
CODE = Kind("six digits", lambda value: isinstance(value, str) and _CODE.fullmatch(value) is not None)
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
CALENDAR = Kind("the text of one iCalendar file", _is_calendar)
FILENAME = Kind("a plain file name that ends in .ics", _is_filename)
