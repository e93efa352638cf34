"""Days and times as people write them in a form: read here, in one place.

Pure: no zone, no present moment. A day is written day first, as the clinic does; a year comes first only with all of
its four digits. Whatever could mean two things means nothing.
"""

import re
import unicodedata
from datetime import date, time

from hms.labels import WEEKDAY_CODES

LONGEST = 40
"""Characters; nobody needs more for a day or a time, and nothing longer is looked at."""

DAY_HINT, CLOCK_HINT = "For example, 26/11/2026", "For example, 09:30"

_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_WEEKDAY = re.compile(r"(?P<name>mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+(?=\S)")
_BETWEEN = r"\s*[-/.\s]\s*"
_YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}}){_BETWEEN}(?P<month>\d{{1,2}}){_BETWEEN}(?P<day>\d{{1,2}})", re.ASCII)
_DAY_FIRST = re.compile(
    rf"(?P<day>\d{{1,2}}){_BETWEEN}(?P<month>\d{{1,2}}){_BETWEEN}(?P<year>\d{{4}}|\d{{2}})", re.ASCII
)
_NAMED = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)?(?:\s+of)?[-/.\s]*(?P<name>[a-z]{3,9})\.?,?[-/.\s]*(?P<year>\d{4}|\d{2})",
    re.ASCII,
)
_NAME_FIRST = re.compile(r"(?P<name>[a-z]{3,9})\.?\s*(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})", re.ASCII)

_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?:\s*(?:[:.,h]|\s)\s*(?P<minute>\d{2})(?::00)?)?\s*(?P<half>[ap]\.?\s?m\.?)?", re.ASCII
)
_DIGITS = re.compile(r"(?P<hour>\d{1,2})(?P<minute>\d{2})\s*(?P<half>[ap]\.?\s?m\.?)?", re.ASCII)
_NAMED_TIMES = {"noon": "12:00", "midday": "12:00", "12 noon": "12:00", "midnight": "24:00", "12 midnight": "24:00"}
END_OF_DAY = 24 * 60


def read_day(text: str) -> date | None:
    """The day that is written: ``26/11/2026``, ``26 Nov 2026``, ``2026-11-26``; None for what is none.

    A day of the week may stand before it, if it is the right one.
    """
    written = _plain(text)
    weekday = _WEEKDAY.match(written)
    day = _read_date(written[weekday.end() :] if weekday else written)
    if day and weekday and not weekday["name"].startswith(WEEKDAY_CODES[day.weekday()]):
        return None
    return day


def _read_date(written: str) -> date | None:
    found = next((m for each in (_YEAR_FIRST, _DAY_FIRST, _NAMED, _NAME_FIRST) if (m := each.fullmatch(written))), None)
    if found is None:
        return None
    parts = found.groupdict()
    month = _month_named(parts["name"]) if parts.get("name") else int(parts["month"])
    year = int(parts["year"]) + (2000 if len(parts["year"]) == 2 else 0)
    try:
        return date(year, month, int(parts["day"]))
    except ValueError:
        return None


def read_minutes(text: str) -> int | None:
    """The time that is written, in minutes after midnight: ``09:00``, ``9``, ``9.30am``, ``0900``; 1440 for ``24:00``.

    None for what is no time.
    """
    written = _plain(text)
    written = _NAMED_TIMES.get(written, written)
    found = _CLOCK.fullmatch(written) or _DIGITS.fullmatch(written)
    if found is None:
        return None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"].startswith("p") else 0)
    minutes = hour * 60 + minute
    return minutes if minute < 60 and minutes <= END_OF_DAY else None


def day_written(day: date) -> str:
    """``26/11/2026``: a day as a field shows it."""
    return f"{day.day:02}/{day.month:02}/{day.year:04}"


def time_written(at: time) -> str:
    """``09:30``: a time as a field shows it."""
    return f"{at:%H:%M}"


def _plain(text: str) -> str:
    """Small letters, plain digits and single blanks; nothing of a text that is too long."""
    if len(text) > LONGEST:
        return ""
    return " ".join("".join(map(_plain_sign, text)).lower().split())


def _plain_sign(sign: str) -> str:
    """Digits of every script as ours, every dash as a hyphen, and no marks that cannot be seen; ``²`` is no digit."""
    kind = unicodedata.category(sign)
    if kind == "Nd":
        return str(unicodedata.digit(sign))
    if kind in ("Pd", "Cf"):
        return "-" if kind == "Pd" else ""
    return sign if kind == "No" else unicodedata.normalize("NFKC", sign)


def _month_named(name: str) -> int:
    """The month with that name or its first letters, such as ``sept``; 0 for none."""
    found = [n for n, month in enumerate(_MONTHS, 1) if len(name) > 2 and month.startswith(name)]
    return found[0] if found else 0
