"""Rows of weekly hours as a browser sends them, before anything is made of them.

A browser without JavaScript adds, removes and copies rows by sending the form. That is done with the texts as they were
typed, right or wrong, so that nothing has to be typed again.
"""

import re
from collections.abc import Iterable, Mapping

from werkzeug.datastructures import MultiDict

from hms.availability.models import Mode
from hms.labels import WEEKDAY_CODES

PARTS = ("start", "end", "visit", "gap", "mode")
WHOLE = ("csrf_token", "valid_from", "valid_until", "timezone", "same")
COPIED_TO = WEEKDAY_CODES[1:5]
MAX_ROWS = 10
USUAL_HOURS = (("09:00", "12:00"), ("13:00", "17:00"))

Rows = list[dict[str, str]]


def changed(sent: Mapping[str, str], act: str, *, visit_minutes: int) -> MultiDict[str, str]:
    """What was sent, with a row more (``add-mon``), a row less (``remove-mon-0``), Monday copied to the other working
    days once (``copy-mon``) or for good (``join``), or each day on its own again (``split``).

    Anything else changes nothing. The texts stay as they were typed.
    """
    rows = {day: _rows(sent, day) for day in WEEKDAY_CODES}
    word, _, rest = act.partition("-")
    day, _, number = rest.partition("-")
    if word == "add" and day in WEEKDAY_CODES and len(rows[day]) < MAX_ROWS:
        rows[day].append(_row_after(rows[day], visit_minutes=visit_minutes))
    elif word == "remove" and day in WEEKDAY_CODES:
        rows[day] = [row for n, row in enumerate(rows[day]) if str(n) != number]
    was_alike = sent.get("same") == "1"
    if was_alike or act in ("copy-mon", "join"):
        rows |= {day: [dict(row) for row in rows["mon"]] for day in COPIED_TO}
    is_alike = act == "join" or (was_alike and act != "split")
    return _written({**sent, "same": "1" if is_alike else ""}, rows)


def place_after(act: str, *, rows: int) -> str:
    """The id of what has the focus after a change of rows: the new row, or the button that adds one; none otherwise.

    ``rows`` is how many the day of the change has now.
    """
    word, _, day = act.partition("-")
    day = day.partition("-")[0]
    if word == "add":
        return f"{day}-{rows - 1}-start" if rows else ""
    if word == "remove":
        return f"add-{day}"
    return {"split": "tue-name", "join": "split", "copy-mon": "tue-name"}.get(act, "")


def day_of(act: str) -> str:
    """The weekday that a change of rows is about; nothing for what is no such change."""
    day = act.split("-")[1] if act.startswith(("add-", "remove-")) else ""
    return day if day in WEEKDAY_CODES else ""


def _rows(sent: Mapping[str, str], day: str) -> Rows:
    return [{part: sent.get(f"{day}-{n}-{part}", "") for part in PARTS} for n in indices(day, sent)]


def _row_after(rows: Rows, *, visit_minutes: int) -> dict[str, str]:
    """A fresh row: the day's usual hours while it has none or one, in the manner of the row above."""
    if not rows:
        start, end = USUAL_HOURS[0]
        return {"start": start, "end": end, "visit": str(visit_minutes), "gap": "", "mode": Mode.IN_PERSON}
    return {**rows[-1], "start": "", "end": ""}


def _written(sent: Mapping[str, str], rows: Mapping[str, Rows]) -> MultiDict[str, str]:
    whole = [(name, sent[name]) for name in WHOLE if name in sent]
    parts = [
        (f"{day}-{n}-{part}", row[part]) for day in WEEKDAY_CODES for n, row in enumerate(rows[day]) for part in PARTS
    ]
    return MultiDict(whole + parts)


def indices(day: str, sent: Iterable[str]) -> list[int]:
    """The numbers of the rows that were sent. The library would also take numbers that are none, like ``²``."""
    found = (re.fullmatch(rf"{day}-([0-9]{{1,4}})-(?:{'|'.join(PARTS)})", name, re.ASCII) for name in sent)
    return sorted({int(match[1]) for match in found if match})
