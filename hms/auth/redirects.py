"""Where a browser may be sent after signing in: to a page of this site, and nowhere else."""

from urllib.parse import unquote, urlsplit

from flask import Request

from hms import areas
from hms.auth.models import AREAS, User
from hms.auth.queries import Account
from hms.text import has_forbidden_characters

LONGEST_TARGET = 2000
NOT_AGAIN = ("/login", "/logout", "/signup")


def home_of(user: User | Account) -> str:
    """The first page of an account, by its role."""
    return areas.home_of(AREAS[user.role])


def safe_next(target: str | None) -> str | None:
    """``target`` if it is the path of a page here, as a browser would read it; otherwise None.

    Browsers drop tabs and line ends, read ``\\`` as ``/``, take ``//host`` for another site, and ``https:host`` for an
    address (https://url.spec.whatwg.org/#url-parsing). Whatever needs such reading is refused, rather than mended, and
    so is what would need it once it had been decoded again.
    """
    if not target or len(target) > LONGEST_TARGET:
        return None
    if not (_is_plain_path(target) and _is_plain_path(unquote(target))):
        return None
    path = urlsplit(target).path
    return None if path.startswith(NOT_AGAIN) else target


def _is_plain_path(target: str) -> bool:
    if has_forbidden_characters(target) or any(character in target for character in "\\\r\n\t"):
        return False
    path = target.partition("?")[0].partition("#")[0]
    return target == target.strip() and path.startswith("/") and "//" not in path and "/." not in path


def page_behind(request: Request) -> str | None:
    """The path to come back to once somebody has signed in: this page, or for a sent form the page it stood on."""
    if request.method in ("GET", "HEAD"):
        return safe_next(request.full_path if request.query_string else request.path)
    here = urlsplit(request.host_url)
    try:
        there = urlsplit((request.referrer or "")[: LONGEST_TARGET * 2])
    except ValueError:
        return None
    if (there.scheme, there.netloc) != (here.scheme, here.netloc):
        return None
    return safe_next(there.path + (f"?{there.query}" if there.query else ""))
