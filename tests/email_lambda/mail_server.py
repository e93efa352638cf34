"""A real SMTP server for the tests: aiosmtpd with STARTTLS and login required, and able to say no at each step."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, NamedTuple

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

USERNAME, PASSWORD = "mailer@clinic.example", "right horse battery"


class Delivery(NamedTuple):
    """One accepted mail: the envelope, the bytes, and the bytes parsed back."""

    sender: str
    recipients: list[str]
    raw: bytes
    mail: EmailMessage


class MailServer:
    """Accepts mail on 127.0.0.1 and keeps it. ``answers`` maps a command to what it is answered instead of 250."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self.deliveries: list[Delivery] = []
        self.answers: dict[str, str] = {}
        self.pauses: dict[str, threading.Event] = {}
        self.only_sender = ""
        self.judges_sender_after_data = False
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._sessions: list[SMTP] = []
        self._server = self._run(self._loop.create_server(self._session, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def reset(self) -> None:
        """Forget mails and instructions."""
        self.deliveries.clear()
        self.answers.clear()
        self.pauses.clear()
        self.only_sender = ""
        self.judges_sender_after_data = False

    def stop(self) -> None:
        """Close everything that is open."""
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def only(self) -> Delivery:
        """Return the one mail that was accepted."""
        assert len(self.deliveries) == 1
        return self.deliveries[0]

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _close(self) -> None:
        self._server.close()
        for session in self._sessions:
            if session.transport is not None:
                session.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _session(self) -> SMTP:
        secure = self._tls is not None
        session = SMTP(
            self,
            hostname="mail.test",
            loop=self._loop,
            tls_context=self._tls,
            require_starttls=secure,
            auth_required=secure,
            authenticator=self._authenticate,
        )
        self._sessions.append(session)
        return session

    # What aiosmtpd calls.

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        """Answer MAIL FROM."""
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        """Answer RCPT TO. Like Postfix, it judges the sender only here, by ``only_sender`` if there is one."""
        if self.only_sender not in ("", envelope.mail_from) and not self.judges_sender_after_data:
            return "553 5.7.1 Sender address rejected: not owned by user"
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep the mail, unless told otherwise; ``cut`` keeps it and hangs up without an answer."""
        if pause := self.pauses.get("DATA"):
            await asyncio.to_thread(pause.wait, 10)
        if answer := self.answers.get("DATA"):
            return answer
        if self.only_sender not in ("", envelope.mail_from):  # as Exchange does
            return "554 5.2.252 SendAsDenied"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.deliveries.append(Delivery(envelope.mail_from, envelope.rcpt_tos, envelope.content, mail))
        if after := self.pauses.get("ACCEPTED"):
            await asyncio.to_thread(after.wait, 20)
        if self.answers.get("ACCEPTED") == "cut":
            server.transport.abort()
        return self.answers.get("ACCEPTED", "250 Accepted")

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        if answer := self.answers.get("AUTH"):
            return AuthResult(success=False, handled=False, message=answer)
        right = isinstance(given, LoginPassword) and (given.login, given.password) == (
            USERNAME.encode(),
            PASSWORD.encode(),
        )
        return AuthResult(success=right, handled=False)

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Answer QUIT, or break the connection."""
        if self.answers.get("QUIT") == "cut":
            server.transport.abort()
        return self.answers.get("QUIT", "221 Bye")


@contextlib.contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextlib.contextmanager
def hanging_up_port() -> Iterator[int]:
    """A port that speaks SMTP until TLS shall begin, and hangs up then."""

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection, connection.makefile("rwb", buffering=0) as lines:
                lines.write(b"220 mail.test\r\n")
                lines.readline()
                lines.write(b"250-mail.test\r\n250 STARTTLS\r\n")
                lines.readline()
                lines.write(b"220 go ahead\r\n")
                connection.recv(5)  # the beginning of a handshake, all of which is read before the end is sent
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@contextlib.contextmanager
def greeting_port(greeting: bytes) -> Iterator[int]:
    """A port that greets each connection with one line and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_greet, args=(listener, greeting), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _greet(listener: socket.socket, greeting: bytes) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(greeting)
