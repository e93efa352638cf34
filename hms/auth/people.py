"""What may stand for a person in an account: a name, an email. Every way in, form or command line, asks here."""

import unicodedata

from email_validator import validate_email

from hms import text
from hms.auth.web_addresses import holds_address
from hms.errors import Invalid

LONGEST_EMAIL = 254  # RFC 5321, with erratum 1690 of RFC 3696
LONGEST_NAME = 120
MOST_DIGITS = 5  # a phone number has more, and mail programs make a link of it
WITHOUT_ADDRESSES = "Enter the name without web or email addresses. If it has a full stop, put a space after it."


class BadEmail(Invalid):
    """It is not an email address."""

    code = "bad-email"
    message = "Enter an email address, like name@example.org."


class BadName(Invalid):
    """It is not a name that can be stored and shown."""

    code = "bad-name"


def normal_email(email: str) -> str:
    """An address as accounts keep it: lower-case, Unicode form NFC. Raises :class:`BadEmail`, about ``email``.

    Nobody has ever been told apart from somebody else by the capitals of an address, though RFC 5321 would allow it.
    """
    try:
        checked = validate_email(
            text.clean_line(email, longest=LONGEST_EMAIL),
            allow_smtputf8=False,  # few mail servers take a name beyond ASCII before the @, and our mails must arrive
            check_deliverability=False,
            test_environment=True,
            strict=True,
        )
    except (Invalid, ValueError) as error:
        raise BadEmail(field="email") from error
    address = unicodedata.normalize("NFC", checked.normalized.lower())
    if len(address) > LONGEST_EMAIL:
        raise BadEmail(field="email")
    return address


def clean_name(full_name: str) -> str:
    """A name with single blanks, in Unicode form NFC. Raises :class:`BadName`, about ``full_name``."""
    try:
        name = " ".join(text.clean(full_name, longest=LONGEST_NAME).split())
    except text.TooLong as refusal:
        raise BadName(refusal.message, field="full_name") from refusal
    if text.has_forbidden_characters(name):
        raise BadName("The name contains characters that can’t be shown. Type it again.", field="full_name")
    if not text.has_letter(name):
        raise BadName("Enter a full name.", field="full_name")
    if holds_address(name):
        raise BadName(WITHOUT_ADDRESSES, field="full_name")
    if sum(map(str.isdecimal, name)) > MOST_DIGITS:
        raise BadName("Enter the name without a phone number.", field="full_name")
    return name
