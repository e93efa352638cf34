"""The patients' browsers: their cookies and tokens, made in advance, and requests written out byte for byte.

A request carries what a reverse proxy would add, for the product runs as it does behind one.
"""

import hashlib
import http.client
import secrets
import socket
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlencode

from itsdangerous import URLSafeTimedSerializer

from bench import servers
from bench.clinic import PATIENT_USER, SLOT, Clinic, uuid_of

HOST = "clinic.example"
TIMEOUT_SECONDS = 30
REASON = "Follow-up after my last visit"


class SignIn(NamedTuple):
    """One patient's session: the cookie's secret, and what the row holds."""

    secret: str
    id_hash: bytes
    user_id: str
    csrf: str


def sign_in(patient: int) -> SignIn:
    """The session of a patient, the same in every run."""
    secret = urlsafe_b64encode(hashlib.sha256(f"patient {patient}".encode()).digest()).rstrip(b"=").decode()
    csrf = hashlib.sha256(f"form {patient}".encode()).hexdigest()[:40]
    return SignIn(secret, hashlib.sha256(secret.encode()).digest(), str(uuid_of(PATIENT_USER, patient)), csrf)


class Desk:
    """Writes requests for a product with this secret key."""

    def __init__(self, secret_key: str):
        self._tokens = URLSafeTimedSerializer(secret_key, salt="wtf-csrf-token")

    def get(self, path: str, *, patient: int | None = None) -> bytes:
        """A page, asked for by a patient who is signed in, or by a visitor."""
        return _request("GET", path, patient=patient)

    def book(self, slot: int, *, patient: int) -> bytes:
        """The form that books a slot."""
        fields = {
            "csrf_token": self._tokens.dumps(sign_in(patient).csrf),
            "idempotency_key": secrets.token_urlsafe(18),
            "reason": REASON,
        }
        return _request("POST", book_path(slot), patient=patient, body=urlencode(fields))

    def bookings(self, slots: Iterable[int], clinic: Clinic) -> list[bytes]:
        """The forms that book these slots, each for the patient it is meant for."""
        return [self.book(slot, patient=clinic.patient(slot)) for slot in slots]


def book_path(slot: int) -> str:
    """The page on which a slot is booked."""
    return f"/patient/slots/{uuid_of(SLOT, slot)}/book"


def headers(patient: int | None = None) -> dict[str, str]:
    """What a proxy passes on of a patient's browser, or of a visitor's."""
    common = {"Host": HOST, "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}
    return common if patient is None else {**common, "Cookie": f"__Host-hms={sign_in(patient).secret}"}


def send(port: int, request: bytes) -> int:
    """Send a request as it is; the status of its answer."""
    with socket.create_connection((servers.HOST, port), TIMEOUT_SECONDS) as connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection)
        response.begin()
        response.read()
        return response.status


def _request(method: str, path: str, *, patient: int | None, body: str = "") -> bytes:
    lines = headers(patient)
    if body:
        kind = "application/x-www-form-urlencoded"
        lines |= {"Content-Type": kind, "Content-Length": str(len(body)), "Origin": f"https://{HOST}"}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n{body}".encode()
