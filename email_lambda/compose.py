"""From words to the mail as it goes on the wire.

multipart/mixed                          only when there is an .ics file
  multipart/alternative
    text/plain
    text/html
    text/calendar; method=REQUEST        what mail programs offer "add to calendar" for
  application/ics                        the same file for everybody else
"""

from email.message import EmailMessage
from email.parser import HeaderParser
from email.policy import SMTP
from email.utils import format_datetime, localtime

from email_lambda import addresses
from email_lambda.bidi import without_controls
from email_lambda.calendars import with_organizer
from email_lambda.messages import Message
from email_lambda.render import render
from email_lambda.settings import Settings

LINE_LENGTH = 900  # of the 998 characters that a line may have (RFC 5322, 2.1.1)

# Headers stay as addresses.py wrote them, and bodies need no 8BITMIME.
_POLICY = SMTP.clone(refold_source="none", cte_type="7bit")


def compose(message: Message, settings: Settings) -> bytes:
    """Return the finished mail with CRLF line ends, in pure ASCII."""
    words = render(message)
    mail = _with_headers(_headers(message, subject=words.subject, settings=settings))
    mail.set_content(words.text)
    mail.add_alternative(words.html, subtype="html")
    if message.data.get("ics"):
        _add_calendar(mail, message, organizer=settings.answers_to)
    return mail.as_bytes()


def _headers(message: Message, *, subject: str, settings: Settings) -> dict[str, str]:
    clinic = without_controls(message.text("clinic_name"))
    headers = {
        "Subject": addresses.header_text(subject),
        "From": addresses.mailbox(clinic, settings.sender),
        "To": _recipient(message),
        "Date": format_datetime(localtime()),
        "Message-ID": addresses.message_id(message.message_id, domain=settings.domain),
        # RFC 3834, and Exchange's own word for it: no out-of-office answers to a machine.
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "MIME-Version": "1.0",
    }
    if settings.reply_to:
        headers["Reply-To"] = addresses.mailbox(clinic, settings.reply_to)
    return {**headers, **_unsubscribe(message)}


def _unsubscribe(message: Message) -> dict[str, str]:
    """How mail programs switch off mail of this kind with one click (RFC 2369, RFC 8058)."""
    url = message.data.get("unsubscribe_url")
    if not url or len(str(url)) > LINE_LENGTH:
        return {}
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def _recipient(message: Message) -> str:
    """The address, with a name where the message has one."""
    name = message.data.get("recipient_name")
    return addresses.mailbox(without_controls(str(name)), message.to) if name else message.to


def _with_headers(headers: dict[str, str]) -> EmailMessage:
    block = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    mail = HeaderParser(policy=_POLICY).parsestr(block + "\r\n")
    assert isinstance(mail, EmailMessage)  # noqa: S101  (what the SMTP policy makes; said for the type checker)
    return mail


def _add_calendar(mail: EmailMessage, message: Message, *, organizer: str) -> None:
    """Put the calendar file in twice. Base64 keeps its line folds and CRLFs as they are."""
    calendar = with_organizer(message.text("ics"), address=organizer).encode()
    parameters = {"charset": "utf-8", "method": message.text("ics_method")}
    mail.add_alternative(calendar, maintype="text", subtype="calendar", cte="base64", params=parameters)
    mail.add_attachment(calendar, maintype="application", subtype="ics", filename=message.text("ics_filename"))
