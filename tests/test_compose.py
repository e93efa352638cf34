"""compose.yaml: what it hands to the programs."""

import re
import socket
import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from hms.config import engine
from hms.config.values import database_url

COMPOSE = (Path(__file__).parents[1] / "compose.yaml").read_text()
ODD = "a:b/c@d%e?f#g &h'i\"j\\k£"
ASK_FOR_THE_PASSWORD = b"R\0\0\0\x08\0\0\0\x03"
"""AuthenticationCleartextPassword of PostgreSQL's protocol."""


@pytest.fixture
def asking_server():
    """A server that asks for the password and hangs up; where it is, and what it was told."""
    told = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def ask():
            with listener.accept()[0] as guest:
                while guest.recv(4096)[4:8] in (b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30"):  # for TLS, for GSSAPI
                    guest.sendall(b"N")
                guest.sendall(ASK_FOR_THE_PASSWORD)
                told.append(guest.recv(4096))

        thread = threading.Thread(target=ask)
        thread.start()
        yield listener.getsockname()[1], told
        thread.join()


def test_any_password_reaches_the_database_for_it_stands_in_no_address(asking_server, monkeypatch):
    port, told = asking_server
    (address,) = re.findall(r"HMS_DATABASE_URL: (\S+)", COMPOSE)
    (variable,) = re.findall(r"(PG\w+): \$\{POSTGRES_PASSWORD:\?", COMPOSE)
    monkeypatch.setenv(variable, ODD)
    here = database_url(address.replace("@database/", f"@127.0.0.1:{port}/"))
    with pytest.raises(OperationalError):
        create_engine(here, **engine.engine_options(here, pool_size=1)).connect()
    assert [each[5:-1].decode() for each in told] == [ODD]
