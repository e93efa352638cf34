"""How moments, names and money are written for people: the template filters."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_currency, get_currency_precision
from flask import Flask, current_app

from hms import clock, labels
from hms import phone as phones
from hms.web.links import mailto

LOCALE = "en_GB"
MINUS = "\N{MINUS SIGN}"
TITLES = frozenset({"dr", "prof", "professor", "mr", "mrs", "ms", "mx"})


def day(value: datetime | date) -> str:
    """``Thursday 26 November 2026``."""
    return _written(_wall_day(value), "EEEE d MMMM y")


def plain_day(value: datetime | date) -> str:
    """``Thursday 26 November``, for pages on which the year is plain."""
    return _written(_wall_day(value), "EEEE d MMMM")


def short_day(value: datetime | date) -> str:
    """``Thu 26 Nov``."""
    return _written(_wall_day(value), "EEE d MMM")


def near_day(value: datetime | date) -> str:
    """``Today, Thursday 26 November``, ``Tomorrow, …``, or the plain day."""
    away = (_wall_day(value) - clock.today()).days
    prefix = {0: "Today, ", 1: "Tomorrow, "}.get(away, "")
    return prefix + plain_day(value)


def time(value: datetime) -> str:
    """``09:40`` in clinic time; with the zone's letters where the clock shows that time twice: ``01:30 GMT``."""
    zone = clock.clinic_zone()
    wall = clock.to_clinic(value, zone=zone)
    return f"{wall:%H:%M} {_letters(zone, value)}" if clock.is_doubled(value, zone=zone) else f"{wall:%H:%M}"


def moment(value: datetime) -> str:
    """``Thursday 26 November 2026, 09:40``."""
    return f"{day(value)}, {time(value)}"


def isodate(value: datetime | date) -> str:
    """``2026-11-26``, the clinic's day."""
    return _wall_day(value).isoformat()


def initials(name: str) -> str:
    """``AR`` for *Dr Asha Rao*: the first letters of the first and last name, without a title."""
    words = [word for word in name.split() if word.strip(".").casefold() not in TITLES] or name.split() or ["?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def reference(value: str) -> str:
    """``7KQ4-M2PX``."""
    return f"{value[:4]}-{value[4:]}"


def money(amount_minor: int, currency: str) -> str:
    """``£85`` or ``£85.50`` for an amount in the currency's smallest unit."""
    precision = get_currency_precision(currency)
    amount = amount_minor / 10**precision
    if amount == int(amount):
        return format_currency(int(amount), currency, format="¤#,##0", locale=LOCALE, currency_digits=False)
    return format_currency(amount, currency, locale=LOCALE)


def phone(number: str) -> str:
    """``020 7946 0999 ext. 12``: a number as the clinic's country writes it."""
    return phones.shown(number, country=current_app.config["CLINIC_COUNTRY"])


def tel(number: str) -> str:
    """``tel:+442079460999;ext=12``: where a link to a number leads."""
    return phones.address(number, country=current_app.config["CLINIC_COUNTRY"])


UK_ZONE, UK_TIME = "Europe/London", "UK time"


def clinic_time() -> str:
    """``UK time``: the clinic's zone by the name that people there use, for a page with many moments."""
    return zone_time(clock.clinic_zone().key)


def zone_time(name: str) -> str:
    """``Paris time`` for ``Europe/Paris``, ``UTC−3 time`` for ``Etc/GMT+3`` (whose sign is turned round)."""
    if name == UK_ZONE:
        return UK_TIME
    region, _, city = name.rpartition("/")
    if region == "Etc":
        return f"{_letters(clock.zone_named(name), clock.now())} time"
    return f"{city.replace('_', ' ')} time"


def zone_name(at: datetime) -> str:
    """``UK time``, ``Paris time (CET)``: the clinic's zone, abroad with the letters that it has at that moment."""
    name, letters = clinic_time(), _letters(clock.clinic_zone(), at)
    return name if name == UK_TIME or name.startswith(letters) else f"{name} ({letters})"


def _letters(zone: ZoneInfo, at: datetime) -> str:
    """``GMT``, ``CEST``; ``UTC−3`` or ``UTC+5:30`` for zones that have no letters but digits, such as ``-03``."""
    wall = clock.to_clinic(at, zone=zone)
    letters = wall.tzname() or ""
    if letters.isalpha():
        return letters
    minutes = (wall.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{MINUS if minutes < 0 else '+'}{hours}{f':{rest:02}' if rest else ''}" if minutes else "UTC"


@lru_cache(maxsize=4096)
def _written(day: date, pattern: str) -> str:
    """A day by a CLDR pattern. Kept: a page names few days many times, and Babel reads the pattern each time."""
    return format_date(day, pattern, locale=LOCALE)


def _wall_day(value: datetime | date) -> date:
    return clock.to_clinic(value).date() if isinstance(value, datetime) else value


def init_app(app: Flask) -> None:
    """Give templates the filters."""
    filters = (day, plain_day, short_day, near_day, time, moment, isodate, initials, reference, money, zone_name)
    for function in (*filters, phone, tel, mailto):
        app.add_template_filter(function)
    app.add_template_filter(lambda code: labels.MODES.get(code, code), "mode_label")
    app.add_template_filter(lambda code: labels.STATUSES.get(code, code), "status_label")


def days(first: date, last: date) -> str:
    """``Monday 23 November 2026``, ``23 to 27 November 2026``, ``30 November to 4 December 2026``, or both years."""
    if first == last:
        return day(first)
    written = day(first).split()[1:]  # day, month, year
    shared = 1 if (first.year, first.month) == (last.year, last.month) else 2 if first.year == last.year else 3
    return f"{' '.join(written[:shared])} to {' '.join(day(last).split()[1:])}"
