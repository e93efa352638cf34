"""What a mail server's *no* means: whose fault it is, and whether another try can help.

We speak to our own submission server. At MAIL it judges us; at RCPT the recipient, but also whether we may send at all
(Postfix says "Sender address rejected: not owned by user" and "Relay access denied" only there); after the data, the
message. The server's own words are not repeated, since they often hold the address; its codes are.
"""

import re
from typing import NamedTuple

from email_lambda.answers import Failure, Misconfigured, RecipientRefused, Refused, TryLater

_ENHANCED_CODE = re.compile(rb"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_OURS_IN_WORDS = re.compile(rb"relay|authenticat|not logged in|log ?in first|sender", re.IGNORECASE)
# Never said of a recipient, whatever the codes beside it: Postfix (a sender it does not know is 5.1.0) and Exim,
# Exchange (5.2.0 or 5.2.252, only after the data), Amazon SES (554 without more, only after the data).
_SURELY_OURS = re.compile(
    rb"sender address rejected|sender verify failed|relay access denied|relay not permitted|send ?as ?denied"
    rb"|identities failed the check|not authorized to perform|sending paused",
    re.IGNORECASE,
)

# These say that the *account* may not send: not signed in, too weak, no such mechanism.
_OUR_ACCOUNT = (503, 530, 534, 535, 538)
_QUOTA_USED_UP = "5.4.5"  # Gmail's, for the day
_TOO_LARGE = ("5.2.3", "5.3.4")
_TRANSACTION_FAILED = 554  # at RCPT no answer about a recipient (RFC 5321, 4.3.2)
_PROTOCOL = "5.5."  # what we said was no SMTP that it knows
# RFC 7372 and Microsoft's and Google's additions: SPF, DKIM, DMARC and reverse DNS of ours do not agree.
_OUR_DOMAIN = frozenset(f"5.7.{number}" for number in (*range(20, 32), 8, 9, 14, 57, 60, 509))
_OUR_SENDER = ("5.1.7", "5.1.8", "5.2.252")


class Reply(NamedTuple):
    """What a server answered to one step of the conversation."""

    code: int
    words: bytes

    @property
    def enhanced(self) -> str:
        """The enhanced status code (RFC 3463), such as ``5.1.1``; empty without one."""
        found = _ENHANCED_CODE.search(self.words)
        return found[0].decode() if found else ""

    @property
    def codes(self) -> str:
        """Both codes for a sentence, such as ``550 5.1.1``."""
        return " ".join(filter(None, [str(self.code), self.enhanced]))


def of_sender(reply: Reply) -> Failure:
    """The failure that a refused MAIL is: what the server has against the sender is ours to mend."""
    sentence = f"The mail server refused the sender ({reply.codes})."
    if _is_temporary(reply):
        return TryLater(sentence)
    if reply.enhanced in _TOO_LARGE or (reply.code == 552 and not reply.enhanced):
        return Refused(f"The mail server refused the message ({reply.codes}).")
    return Misconfigured(sentence)


def of_recipient(reply: Reply) -> Failure:
    """The failure that a refused RCPT is."""
    sentence = f"The mail server refused the recipient ({reply.codes})."
    if _is_temporary(reply):
        return TryLater(sentence)
    if _is_ours(reply) or reply.enhanced.startswith("5.7.") or (not reply.enhanced and _is_about_us(reply)):
        return Misconfigured(f"The mail server does not let us send ({reply.codes}).")
    return Refused(sentence) if reply.enhanced.startswith(_PROTOCOL) else RecipientRefused(sentence)


def of_message(reply: Reply) -> Failure:
    """The failure that a refusal after DATA is."""
    sentence = f"The mail server refused the message ({reply.codes})."
    if _is_temporary(reply):
        return TryLater(sentence)
    if _is_ours(reply):
        return Misconfigured(sentence)
    is_mailbox = reply.enhanced.startswith(("5.1.", "5.2.")) and reply.enhanced not in _TOO_LARGE
    return RecipientRefused(sentence) if is_mailbox else Refused(sentence)


def _is_temporary(reply: Reply) -> bool:
    return reply.code < 500


def _is_about_us(reply: Reply) -> bool:
    """Whether a *no* at RCPT that has no enhanced code is about us."""
    says_so = reply.code in (550, 551, 553) and _OURS_IN_WORDS.search(reply.words)
    return reply.code == _TRANSACTION_FAILED or bool(says_so)


def _is_ours(reply: Reply) -> bool:
    is_account = reply.code in _OUR_ACCOUNT or reply.enhanced == _QUOTA_USED_UP
    is_sender = reply.enhanced in _OUR_DOMAIN or reply.enhanced in _OUR_SENDER
    return is_account or is_sender or bool(_SURELY_OURS.search(reply.words))
