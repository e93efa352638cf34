"""What the tests of the email function share: a certificate, a mail server, and the function behind local endpoints."""

import datetime
import ipaddress
import os
import select
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.email_lambda.mail_server import PASSWORD, USERNAME, MailServer
from tests.waiting import GENEROUS_SECONDS

ROOT = Path(__file__).resolve().parents[2]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "node: runs npm and serverless-offline")


class Certificate(NamedTuple):
    """A throw-away certificate for 127.0.0.1, and its key, as PEM files."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Return the context of a server that shows this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return _make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def running_mail_server(certificate: Certificate) -> Iterator[MailServer]:
    server = MailServer(certificate.context())
    yield server
    server.stop()


@pytest.fixture
def mail_server(running_mail_server: MailServer) -> MailServer:
    """The server that wants STARTTLS and a login, empty and in a good mood."""
    running_mail_server.reset()
    return running_mail_server


@pytest.fixture(scope="session")
def mail_environment(running_mail_server: MailServer, certificate: Certificate) -> dict[str, str]:
    return {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(running_mail_server.port),
        "SMTP_USERNAME": USERNAME,
        "SMTP_PASSWORD": PASSWORD,
        "SMTP_STARTTLS": "1",
        "SMTP_CAFILE": str(certificate.certificate),
        "SMTP_TIMEOUT_SECONDS": "60",
        "MAIL_FROM": "no-reply@clinic.example",
        "MAIL_REPLY_TO": "reception@clinic.example",
    }


@pytest.fixture
def call(
    mail_server: MailServer, mail_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Any], Any]:
    """The handler itself, in this process, pointed at the mail server."""
    for variable in ("EMAIL_DEDUP_SQLITE", "EMAIL_DEDUP_TABLE"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in mail_environment.items():
        monkeypatch.setenv(variable, value)
    from email_lambda.handler import handle

    return lambda event: handle(event, None)


class LocalFunction:
    """``python -m email_lambda.local`` on a free port."""

    def __init__(self, *options: str, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "email_lambda.local", "--port", "0", *options],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.ready_line = self._read_ready_line()
        self.url = self.ready_line.split()[2]

    def _read_ready_line(self) -> str:
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], GENEROUS_SECONDS)[0], "no ready line"
        return self.process.stdout.readline()

    def stop(self) -> str:
        """End it and return what it wrote to stderr."""
        self.process.terminate()
        return self.process.communicate(timeout=GENEROUS_SECONDS)[1]


@pytest.fixture(scope="session")
def running_local_function(mail_environment: dict[str, str]) -> Iterator[LocalFunction]:
    function = LocalFunction(environment=mail_environment)
    yield function
    function.stop()


@pytest.fixture
def local_function(running_local_function: LocalFunction, mail_server: MailServer) -> LocalFunction:
    """The function behind its local endpoints, and the mail server empty."""
    return running_local_function


@pytest.fixture
def lambda_client() -> Callable[[str], Any]:
    """Makes boto3's client for a Lambda endpoint, with the settings that HMS uses."""
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=3, read_timeout=105, retries={"total_max_attempts": 1})
    clients = []

    def make(url: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-west-1"}
        clients.append(boto3.client("lambda", endpoint_url=url, config=config, **keys))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def _make_certificate(folder: Path) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    unencrypted = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted)
    made.key.write_bytes(pem)
    return made
