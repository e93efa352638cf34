"""One mail over SMTP, and what each way of failing means for the next try.

Until the mail server has been asked to take the message, nothing is the message's fault: no server, no TLS, a refused
password and a 5xx greeting are all worth another try. What a refusal means then, ``refusals`` says. Once the final dot
has gone out the server may have taken the mail, whatever happens to its answer: that is a case of its own.
"""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from email_lambda import refusals
from email_lambda.answers import MayHaveBeenSent, Misconfigured, ServerAway, TryLater
from email_lambda.deadline import Deadline
from email_lambda.refusals import Reply
from email_lambda.settings import Settings

_LINE_END = re.compile(rb"\r\n|\r|\n")
_DOT_AT_START = re.compile(rb"^\.", re.MULTILINE)
_ACCEPTED, _GO_ON = range(200, 300), 354
_REFUSED = range(400, 600)


def send(mail: bytes, *, to: str, settings: Settings, deadline: Deadline, tag: str = "") -> None:
    """Hand the mail to the server for one recipient. Returns when the server has accepted it; else raises Failure.

    ``tag`` marks the envelope's sender, so that a bounce names the message. A server that takes mail from the plain
    sender only is asked again without it.
    """
    tagged = settings.envelope_sender(tag)
    with _session(settings, deadline) as server:
        try:
            _send_from(tagged, server, mail, to=to, deadline=deadline)
        except Misconfigured:
            if tagged == settings.sender or not _is_ready_again(server):
                raise
            _send_from(settings.sender, server, mail, to=to, deadline=deadline)


def _is_ready_again(server: smtplib.SMTP) -> bool:
    try:
        return server.rset()[0] in _ACCEPTED
    except (smtplib.SMTPException, OSError):
        return False


def _send_from(sender: str, server: smtplib.SMTP, mail: bytes, *, to: str, deadline: Deadline) -> None:
    try:
        _ask_for(server, mail, sender, to)
    except (smtplib.SMTPException, OSError) as problem:
        raise _broken(problem) from problem
    _hand_over(server, mail, deadline)


def _ask_for(server: smtplib.SMTP, mail: bytes, sender: str, to: str) -> None:
    """MAIL and RCPT."""
    size = [f"size={len(mail)}"] if server.has_extn("size") else []
    reply = Reply(*server.mail(sender, size))
    if reply.code not in _ACCEPTED:
        raise refusals.of_sender(reply)
    reply = Reply(*server.rcpt(to))
    if reply.code not in _ACCEPTED:
        raise refusals.of_recipient(reply)


def _hand_over(server: smtplib.SMTP, mail: bytes, deadline: Deadline) -> None:
    """DATA: all of the mail, the dot that ends it, and the answer, which is waited for as long as there is time.

    RFC 5321 (4.5.3.2.6) asks for ten minutes: a server that gives up sooner "results in duplicates".
    """
    try:
        reply = Reply(*server.docmd("DATA"))
        if reply.code != _GO_ON:
            raise refusals.of_message(reply)
        server.send(_quoted(mail))
    except (smtplib.SMTPException, OSError) as problem:
        raise _broken(problem) from problem
    try:
        if server.sock is not None:
            server.sock.settimeout(deadline.remaining())
        server.send(b".\r\n")
        reply = Reply(*server.getreply())
    except (smtplib.SMTPException, OSError) as problem:
        raise _unsure(_name(problem)) from problem
    if reply.code in _REFUSED and b"Line too long" not in reply.words:
        raise refusals.of_message(reply)
    if reply.code not in _ACCEPTED:
        raise _unsure("an answer that is none")


def _quoted(mail: bytes) -> bytes:
    """The mail with CRLF line ends and doubled leading dots, without the dot that ends it."""
    lines = _DOT_AT_START.sub(b"..", _LINE_END.sub(b"\r\n", mail))
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def _broken(problem: Exception) -> TryLater:
    return TryLater(f"The connection broke before the mail was accepted ({_name(problem)}).")


def _unsure(why: str) -> MayHaveBeenSent:
    return MayHaveBeenSent(f"It may have been sent: the mail server had all of it, and did not answer ({why}).")


@contextmanager
def _session(settings: Settings, deadline: Deadline) -> Iterator[smtplib.SMTP]:
    server = _opened(settings, deadline)
    try:
        with deadline.closes(server):
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


def _opened(settings: Settings, deadline: Deadline) -> smtplib.SMTP:
    try:
        return _connected(settings, deadline)
    except ssl.SSLError as problem:
        raise _without_tls(problem) from problem
    except smtplib.SMTPAuthenticationError as refusal:
        if refusal.smtp_code < 500:
            raise ServerAway(f"The mail server cannot check our login at present ({refusal.smtp_code}).") from refusal
        raise Misconfigured(f"The mail server refused our user name or password ({refusal.smtp_code}).") from refusal
    except smtplib.SMTPNotSupportedError as refusal:
        raise Misconfigured("The mail server does not offer STARTTLS or login, so nothing was sent.") from refusal
    except smtplib.SMTPResponseException as refusal:
        raise ServerAway(f"The mail server is not ready to take mail ({refusal.smtp_code}).") from refusal
    except UnicodeError as problem:
        raise Misconfigured(
            "SMTP_HOST, SMTP_USERNAME or SMTP_PASSWORD holds characters that SMTP has not."
        ) from problem
    except (smtplib.SMTPException, OSError) as problem:
        raise ServerAway(f"The mail server could not be reached ({_name(problem)}).") from problem


def _without_tls(problem: ssl.SSLError) -> TryLater:
    if isinstance(problem, ssl.SSLEOFError):  # it hung up, or was silent for so long that we did
        return ServerAway("The mail server hung up when TLS began.")
    if isinstance(problem, ssl.SSLCertVerificationError):
        return Misconfigured("The mail server's certificate could not be trusted, so nothing was sent.")
    return Misconfigured("The mail server and we have no kind of TLS in common, so nothing was sent.")


def _connected(settings: Settings, deadline: Deadline) -> smtplib.SMTP:
    timeout = min(settings.timeout, deadline.remaining())
    server = smtplib.SMTP(settings.host, settings.port, local_hostname=settings.domain, timeout=timeout)
    try:
        with deadline.closes(server):
            if settings.starttls:
                server.starttls(context=ssl.create_default_context(cafile=settings.cafile))
            if settings.username:
                server.login(settings.username, settings.password)
            server.ehlo_or_helo_if_needed()
    except BaseException:
        server.close()
        raise
    return server


def _name(problem: Exception) -> str:
    return type(problem).__name__
