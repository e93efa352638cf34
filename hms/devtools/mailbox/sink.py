"""The mail server of a development machine: it takes everything in and sends nothing on.

``python -m hms.devtools.mailbox.sink FOLDER PORT`` listens on 127.0.0.1 until SIGTERM.
"""

import signal
import sys
from pathlib import Path
from threading import Event

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from hms.devtools.mailbox.store import keep

LARGEST_BYTES = 10 * 1024 * 1024


class Sink:
    """An aiosmtpd handler that keeps each mail as a file."""

    def __init__(self, folder: Path):
        self.folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one mail; aiosmtpd calls this by its name."""
        keep(self.folder, bytes(envelope.original_content or b""))
        return "250 Kept for reading"


def run(folder: Path, port: int) -> None:
    """Take mails in until SIGTERM or Ctrl-C."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    controller = Controller(Sink(folder), hostname="127.0.0.1", port=port, data_size_limit=LARGEST_BYTES)
    controller.start()
    stop.wait()
    controller.stop()


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]))
