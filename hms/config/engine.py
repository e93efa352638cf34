"""How SQLAlchemy's engine is made: a bounded pool, and connections that never wait for ever."""

from typing import Any

from sqlalchemy.engine import URL, make_url

# Set on every connection by the server itself, so that they cost no round trip. In milliseconds where no unit is named.
SESSION_SETTINGS = {
    "lock_timeout": "1500",
    "statement_timeout": "5000",
    "idle_in_transaction_session_timeout": "10000",
    "timezone": "UTC",
}
# A server that falls silent is noticed: seconds, but for tcp_user_timeout, which libpq takes in milliseconds.
CONNECT_ARGS = {
    "connect_timeout": 3,
    "tcp_user_timeout": 5000,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "application_name": "hms",
}
POOL_WAIT_SECONDS = 2


def engine_options(address: str, *, pool_size: int) -> dict[str, Any]:
    """What SQLAlchemy's engine is made with: a bounded pool, and connections that never wait for ever."""
    return {
        "pool_size": pool_size,
        "max_overflow": pool_size,
        "pool_timeout": POOL_WAIT_SECONDS,
        "pool_pre_ping": True,
        "connect_args": CONNECT_ARGS | {"options": _session_options(make_url(address))},
    }


def _session_options(url: URL) -> str:
    """Our session settings for libpq; the operator's own, if the address brings any, come last and win."""
    ours = " ".join(f"-c {name}={value}" for name, value in SESSION_SETTINGS.items())
    theirs = url.query.get("options", "")
    return f"{ours} {theirs if isinstance(theirs, str) else ' '.join(theirs)}".strip()
