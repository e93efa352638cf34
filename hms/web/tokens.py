"""The CSRF token of forms, which stands on every page of somebody who is signed in (signing out is a form)."""

from functools import lru_cache
from typing import Any

from flask import Flask, current_app, session
from flask_wtf.csrf import CSRFProtect, generate_csrf
from itsdangerous import URLSafeTimedSerializer

csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """Check the token of every POST, and give templates ``csrf_token()``."""
    csrf.init_app(app)
    app.jinja_env.globals["csrf_token"] = csrf_token
    app.context_processor(lambda: {"csrf_token": csrf_token})


def csrf_token() -> str:
    """The token of this browser's forms."""
    secret = session.get("csrf_token")
    if secret is None:
        return str(generate_csrf())  # which makes one
    return _signed(current_app.secret_key, secret)


@lru_cache(maxsize=4096)
def _signed(secret_key: Any, secret: str) -> str:
    """As Flask-WTF signs and checks it. Kept, for it lasts as long as its session, and every page needs it."""
    return str(URLSafeTimedSerializer(secret_key, salt="wtf-csrf-token").dumps(secret))
