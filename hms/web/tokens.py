"""The CSRF token of forms, which stands on every page of somebody who is signed in (signing out is a form).

Flask-WTF signs it anew for each page, and its signature changes each second. That is not to be saved: pages are
compressed (deploy/nginx.conf), and the lengths of compressed pages that repeat what an address says would tell a token
letter by letter if it stayed the same (BREACH). What does stay, its first part, is of no use without the signature.
"""

from flask import Flask
from flask_wtf.csrf import CSRFProtect

csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """Check the token of every POST, and give templates ``csrf_token()``."""
    csrf.init_app(app)
