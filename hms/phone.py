"""Telephone numbers: read as people write them, kept in one form, shown as the clinic's country writes them.

A number is kept in E.164 with its extension, ``+442079460999;ext=12`` (RFC 3966). Numbers that were kept before that,
and numbers in settings, are read when they are shown, or shown as they stand.
"""

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberMatcher,
    PhoneNumberType,
    ValidationResult,
)

from hms.errors import Invalid

LONGEST_TYPED = 60
LONGEST_EXTENSION = 7
_HYPHENS = "\u2212\u2043\u2027\u2022\u30fb\u00b7\u30fc\uff70_"
_BLANKS = "\u2800\u3164\uffa0\u115f\u1160"
"""Signs that are drawn as a line or a dot, and letters that are drawn as nothing."""

_WRITTEN = re.compile(
    r"(?P<number>\+?[0-9 ()./-]{4,40}?) ?(?:[,;]? ?(?:x|ext(?:ension|n)?|#)[ .:=]*(?P<extension>[0-9]{1,9}))?",
    re.ASCII | re.IGNORECASE,
)
_LABEL = re.compile(
    r"""[^\w+(]*                                      # ☎ and the like
        (?: (?: t[eé]l(?:e(?:phone|fono?|foon))? | phone | ph | mobile | mob | cell | callto | t | p | m ) [.]? )?
        [\s:/]* (?=[+(0-9])""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
"""What stands before a number that was copied from a page, a card or a letter."""

_TRUNK_ZERO = re.compile(r"^(\+|00)(?!39)([0-9 ./-]{1,6})\(0\)")


class BadPhone(Invalid):
    """It is no telephone number that could be called."""

    code = "bad-phone"


def read(typed: str, *, country: str) -> str:
    """The number as it is kept. ``country`` (ISO 3166-1 alpha-2) says what a number without a country code belongs to.

    Raises :class:`BadPhone`.
    """
    found = _parse(typed, country=country)
    if found is None:
        raise BadPhone(_sentence(country))
    kept = phonenumbers.format_number(_without_extension(found), PhoneNumberFormat.E164)
    return f"{kept};ext={found.extension}" if found.extension else kept


@lru_cache(maxsize=4096)
def shown(number: str, *, country: str) -> str:
    """``020 7946 0999 ext. 12``: as the clinic's country writes it; a number from elsewhere with its country code."""
    found = _parse(number, country=country)
    if found is None:
        return number
    is_at_home = country and phonenumbers.country_code_for_region(country) == found.country_code
    form = PhoneNumberFormat.NATIONAL if is_at_home else PhoneNumberFormat.INTERNATIONAL
    written = phonenumbers.format_number(_without_extension(found), form)
    return f"{written} ext. {found.extension}" if found.extension else written


@lru_cache(maxsize=4096)
def address(number: str, *, country: str) -> str:
    """``tel:+442079460999;ext=12``: what a telephone dials (RFC 3966)."""
    try:
        return "tel:" + read(number, country=country)
    except BadPhone:
        within = next(iter(PhoneNumberMatcher(number[:LONGEST_TYPED], country or None)), None)
        return "tel:" + (read(within.raw_string, country=country) if within else re.sub(r"[^0-9+]", "", _plain(number)))


def _parse(typed: str, *, country: str) -> PhoneNumber | None:
    written = _WRITTEN.fullmatch(_plain(typed)) if len(typed) <= LONGEST_TYPED else None
    if written is None or len(written["extension"] or "") > LONGEST_EXTENSION:
        return None
    try:
        number = phonenumbers.parse(_TRUNK_ZERO.sub(r"\1\2 ", written["number"]), country or None)
    except NumberParseException:
        return None
    number.extension = written["extension"]
    return number if _can_be_called(number) else None


def _can_be_called(number: PhoneNumber) -> bool:
    """Whether the country has numbers of that length. Not whether this one was given out: lists of those grow old."""
    if phonenumbers.is_valid_number(number):
        return True
    kind = PhoneNumberType.FIXED_LINE_OR_MOBILE
    possible = phonenumbers.is_possible_number_for_type_with_reason(number, kind)
    return possible == ValidationResult.IS_POSSIBLE and not number.italian_leading_zero


def _without_extension(number: PhoneNumber) -> PhoneNumber:
    bare = PhoneNumber()
    bare.merge_from(number)
    bare.extension = None
    return bare


def _plain(typed: str) -> str:
    """ASCII digits, hyphens and blanks for those of every script, and nothing that cannot be seen."""
    text = "".join(map(_plain_sign, typed))
    label = _LABEL.match(text)
    return " ".join(text[label.end() if label else 0 :].split())


def _plain_sign(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind == "Nd":
        return str(unicodedata.digit(sign))
    if kind in ("Cf", "Mn", "Me"):
        return ""
    if kind == "Pd" or sign in _HYPHENS:
        return "-"
    if sign in _BLANKS:
        return " "
    return unicodedata.normalize("NFKC", sign)


def _sentence(country: str) -> str:
    """What to enter instead; a number that the country keeps for examples."""
    if country == "GB":
        return "Enter a phone number, like 020 7946 0100."
    example = phonenumbers.example_number(country) if country else None
    if example is None:
        return "Enter a phone number with its country code, like +44 20 7946 0100."
    return f"Enter a phone number, like {phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)}."
