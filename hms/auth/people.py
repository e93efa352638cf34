"""What may stand for a person in an account: a name, an email. Every way in, form or command line, asks here."""

import unicodedata

from email_validator import validate_email

from hms.errors import Invalid
from hms.forms import has_forbidden_characters, tidy

LONGEST_EMAIL = 254  # RFC 5321, with erratum 1690 of RFC 3696
LONGEST_NAME = 120


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
            email.strip(),
            allow_smtputf8=False,  # few mail servers take a name beyond ASCII before the @, and our mails must arrive
            check_deliverability=False,
            test_environment=True,
            strict=True,
        )
    except ValueError as error:
        raise BadEmail(field="email") from error
    address = unicodedata.normalize("NFC", checked.normalized.lower())
    if len(address) > LONGEST_EMAIL:
        raise BadEmail(field="email")
    return address


def clean_name(full_name: str) -> str:
    """A name with single blanks, in Unicode form NFC. Raises :class:`BadName`, about ``full_name``."""
    name = " ".join((tidy(full_name) or "").split())
    if not name or not any(character.isprintable() and not character.isspace() for character in name):
        raise BadName("Enter the full name.", field="full_name")
    if has_forbidden_characters(name):
        raise BadName("A name cannot hold control characters.", field="full_name")
    if len(name) > LONGEST_NAME:
        raise BadName(f"Use at most {LONGEST_NAME} characters.", field="full_name")
    return name
