"""One mail over SMTP, and what each way of failing means for the next try.

Until the mail server has been asked to take the message, nothing is the message's fault: no server, no TLS, a refused
password and a 5xx greeting are all worth another try. From MAIL on, 4xx is temporary and 5xx is final.
The server's own words are not repeated, since they often hold the address; its codes are.
"""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from email_lambda.answers import Failure, Misconfigured, Refused, TryLater
from email_lambda.settings import Settings

_ENHANCED_CODE = re.compile(rb"\b[245]\.\d{1,3}\.\d{1,3}\b")
# After a good login these say that the *account* may not send: not signed in, too weak, quota used up (Gmail's 5.4.5).
_OUR_ACCOUNT = (530, 534, 535, 538)
_QUOTA_USED_UP = "5.4.5"


def send(mail: bytes, *, to: str, settings: Settings) -> None:
    """Hand the mail to the server for one recipient. Returns when the server has accepted it; else raises Failure."""
    with _session(settings) as server:
        try:
            server.sendmail(settings.sender, [to], mail)
        except smtplib.SMTPRecipientsRefused as refusal:
            raise _refusal("the recipient", *refusal.recipients[to]) from refusal
        except smtplib.SMTPSenderRefused as refusal:
            raise _refusal("the sender", refusal.smtp_code, refusal.smtp_error) from refusal
        except smtplib.SMTPResponseException as refusal:
            raise _refusal("the message", refusal.smtp_code, refusal.smtp_error) from refusal
        except (smtplib.SMTPException, OSError) as problem:
            raise TryLater(f"The connection broke before the mail was accepted ({_name(problem)}).") from problem


@contextmanager
def _session(settings: Settings) -> Iterator[smtplib.SMTP]:
    server = _opened(settings)
    try:
        yield server
    finally:
        _leave(server)


def _leave(server: smtplib.SMTP) -> None:
    """Say goodbye. The mail may be accepted by now, so a QUIT that fails must not cause another one."""
    with suppress(smtplib.SMTPException, OSError):
        if server.sock is not None:
            server.sock.settimeout(1)
            server.quit()
    server.close()


def _opened(settings: Settings) -> smtplib.SMTP:
    try:
        return _connected(settings)
    except smtplib.SMTPAuthenticationError as refusal:
        raise Misconfigured(f"The mail server refused our user name or password ({refusal.smtp_code}).") from refusal
    except smtplib.SMTPNotSupportedError as refusal:
        raise Misconfigured("The mail server does not offer STARTTLS or login, so nothing was sent.") from refusal
    except smtplib.SMTPResponseException as refusal:
        raise TryLater(f"The mail server is not ready to take mail ({refusal.smtp_code}).") from refusal
    except UnicodeError as problem:
        raise Misconfigured(
            "SMTP_HOST, SMTP_USERNAME or SMTP_PASSWORD holds characters that SMTP has not."
        ) from problem
    except ssl.SSLError as problem:
        raise Misconfigured("The mail server's certificate could not be trusted, so nothing was sent.") from problem
    except (smtplib.SMTPException, OSError) as problem:
        raise TryLater(f"The mail server could not be reached ({_name(problem)}).") from problem


def _connected(settings: Settings) -> smtplib.SMTP:
    server = smtplib.SMTP(settings.host, settings.port, local_hostname=settings.domain, timeout=settings.timeout)
    try:
        if settings.starttls:
            server.starttls(context=ssl.create_default_context(cafile=settings.cafile))
        if settings.username:
            server.login(settings.username, settings.password)
    except BaseException:
        server.close()
        raise
    return server


def _refusal(what: str, code: int, words: bytes | str) -> Failure:
    found = _ENHANCED_CODE.search(words if isinstance(words, bytes) else words.encode())
    enhanced = found[0].decode() if found else ""
    sentence = f"The mail server refused {what} ({' '.join(filter(None, [str(code), enhanced]))})."
    if code in _OUR_ACCOUNT or enhanced == _QUOTA_USED_UP:
        return Misconfigured(sentence)
    return Refused(sentence) if code >= 500 else TryLater(sentence)


def _name(problem: Exception) -> str:
    return type(problem).__name__
