"""The mail server of a development machine: it takes everything in, and lets nothing out."""

import selectors
import signal
import smtplib
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from hms.devtools.email_function import free_port
from hms.devtools.mailbox import store
from tests.waiting import GENEROUS_SECONDS

ROOT = Path(__file__).parents[3]


@pytest.fixture
def sink(folder):
    """A sink that runs as a program; its port."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "hms.devtools.mailbox.sink", str(folder), str(port)], cwd=ROOT)
    _wait_for(port, process)
    yield port
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def _wait_for(port, process):
    """Until somebody listens."""
    with selectors.DefaultSelector() as pause:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            assert process.poll() is None
            pause.select(0.05)
    raise AssertionError("the sink does not listen")


@pytest.mark.slow
def test_a_mail_is_kept_byte_for_byte_whoever_it_is_for(sink, folder):
    headers = "Subject: =?utf-8?q?=F0=9F=92=8C?=\r\nTo: nobody@example.test\r\n\r\n"
    content = f"{headers}With a dot:\r\n..\r\nand ünïcödé\r\n".encode()
    with smtplib.SMTP("127.0.0.1", sink, timeout=GENEROUS_SECONDS) as client:
        client.sendmail("no-reply@clinic.example", ["nobody@example.test"], content)

    (mail,) = store.list_mails(folder)
    assert mail.message["subject"] == "💌"
    (path,) = folder.iterdir()
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o077 == 0 or folder.stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_nobody_on_another_machine_can_reach_it(sink):
    children = psutil.Process().children()
    listening = [c.laddr.ip for child in children for c in child.net_connections() if c.laddr.port == sink]
    assert listening == ["127.0.0.1"]
