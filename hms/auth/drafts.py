"""What somebody typed into a form that could not be taken, because the session had ended when it was sent.

It is kept for an hour, for the same browser and the same account:

* It lies sealed in a row; only the value of the browser's cookie, which is stored nowhere else, opens it.
* Whose it is, says the CSRF token that the form carried: the secret of somebody who is signed in holds a mark that only
  their account makes (:func:`secret_of`). Who signs in with another account never sees it.

Passwords and files are never kept. Nothing is sent by itself: the form's page comes back filled in.
"""

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from flask import current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.datastructures import MultiDict
from wtforms import PasswordField
from wtforms.fields.core import UnboundField

from hms.auth import queries, services
from hms.forms import HmsForm
from hms.text import without_forbidden

COOKIE = "hms-typed"
LASTS_SECONDS = 3600
MAX_CHARACTERS = 65_536
NOT_TYPED = frozenset({"csrf_token", "next", "do", "idempotency_key"})
RANDOM = 40
"""How many hexadecimal digits of a CSRF secret are random; the mark of its owner follows."""


@dataclass(frozen=True)
class Draft:
    """What was typed, where it was to go, the page on which its form stands, and the CSRF secret that came with it."""

    page: str
    target: str
    fields: list[list[str]]
    secret: str
    had_files: bool

    @property
    def typed(self) -> MultiDict[str, str]:
        """The fields as a form is sent."""
        return MultiDict((name, value) for name, value in self.fields)

    def belongs_to(self, user_id: UUID) -> bool:
        """Whether this account's page was the one that it was typed into."""
        return is_secret_of(self.secret, user_id)

    @property
    def is_for_this_page(self) -> bool:
        """Whether the form stands on the page that is asked for."""
        return urlsplit(self.page).path == request.path


def secret_of(user_id: UUID) -> str:
    """A new CSRF secret for a session of this account."""
    random = secrets.token_hex(RANDOM // 2)
    return random + _mark(random, user_id)


def is_secret_of(secret: str, user_id: UUID) -> bool:
    """Whether the CSRF secret was made for a session of this account."""
    return hmac.compare_digest(secret[RANDOM:], _mark(secret[:RANDOM], user_id))


def _mark(random: str, user_id: UUID) -> str:
    key = str(current_app.secret_key).encode()
    return hmac.new(key, f"whose form: {random} {user_id}".encode(), hashlib.sha256).hexdigest()[:32]


def secret_that_was_sent() -> str | None:
    """The CSRF secret of the form that was sent, from whichever session of ours; None for anything else."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    try:
        secret = URLSafeTimedSerializer(str(current_app.secret_key), salt="wtf-csrf-token").loads(
            request.form.get("csrf_token", "")[:500]
        )
    except BadData:
        return None
    return secret if isinstance(secret, str) and site == "same-origin" else None


def typed_now() -> list[list[str]]:
    """The fields that were typed into the form that was sent; nothing if there is more of it than we keep."""
    left_out = NOT_TYPED | _passwords()
    names = [name for name in request.form if name not in left_out]
    fields = [[name, without_forbidden(value)] for name in names for value in request.form.getlist(name)]
    if not any(value.strip() for _, value in fields):
        return []
    return fields if sum(len(name) + len(value) for name, value in fields) <= MAX_CHARACTERS else []


def _passwords() -> set[str]:
    """The names of the fields for passwords, in all forms that there are."""
    forms, found = [HmsForm], set()
    while forms:
        form = forms.pop()
        forms += form.__subclasses__()
        for name, field in vars(form).items():
            if isinstance(field, UnboundField) and issubclass(field.field_class, PasswordField):
                found.add(name)
    return found


def has_files() -> bool:
    """Whether a file was sent."""
    return any(file.filename for file in request.files.values())


def keep(draft: Draft) -> str:
    """Keep the draft in place of the one that this browser has; the value of its cookie from now on."""
    cookie = secrets.token_urlsafe(32)
    sealed = Fernet(_key(cookie)).encrypt(json.dumps(asdict(draft)).encode())
    services.keep_draft(_row_of(cookie), sealed, replaces=_row_of(request.cookies.get(COOKIE, "")))
    return cookie


def find() -> Draft | None:
    """The draft of this browser, unless its hour is over."""
    cookie = request.cookies.get(COOKIE, "")
    sealed = queries.find_draft(_row_of(cookie)) if cookie else None
    try:
        return Draft(**json.loads(Fernet(_key(cookie)).decrypt(sealed))) if sealed else None
    except (InvalidToken, TypeError, ValueError):
        return None


def discard() -> None:
    """Forget the draft of this browser."""
    services.discard_draft(_row_of(request.cookies.get(COOKIE, "")))


def _row_of(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()


def _key(cookie: str) -> bytes:
    return urlsafe_b64encode(hashlib.sha256(b"draft " + cookie.encode()).digest())
