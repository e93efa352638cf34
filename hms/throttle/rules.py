"""What may be done how often: by one account, and from one part of the net, where a whole hospital may sit.

What has no rule here has a limit of its own where it happens: mails that anybody can ask for (``mail_pauses``), codes
(five tries), bookings and cancellations of a patient within an hour (``HMS_CHANGES_PER_HOUR``, exact in the statement
that books).
"""

from typing import NamedTuple

HOUR, MINUTE = 3600, 60


class Rule(NamedTuple):
    """So many by one account, and so many from one part of the net, within ``seconds``. None: any number.

    ``is_exact`` counts over all processes and machines; otherwise each process counts for itself.
    """

    name: str
    seconds: int
    by_account: int | None
    by_prefix: int | None
    is_exact: bool = True


FAILURE = Rule("failure", 10 * MINUTE, by_account=None, by_prefix=100)
"""A wrong password, whoever's it was meant to be."""

SIGN_UP = Rule("sign-up", HOUR, by_account=None, by_prefix=60)
MAIL = Rule("mail", HOUR, by_account=20, by_prefix=120)
"""A mail that anybody can ask for: a code, a link to confirm an address, a link for a new password."""

CODE = Rule("code", HOUR, by_account=None, by_prefix=120)
UPLOAD = Rule("upload", HOUR, by_account=30, by_prefix=None)
SEARCH = Rule("search", MINUTE, by_account=None, by_prefix=300, is_exact=False)
BOOKING = Rule("booking", MINUTE, by_account=30, by_prefix=300, is_exact=False)
CANCELLING = Rule("cancelling", MINUTE, by_account=30, by_prefix=300, is_exact=False)
FEED = Rule("feed", HOUR, by_account=120, by_prefix=6000, is_exact=False)
