"""The stand-in as a program, for ``make run GOOGLE=demo``: ``python -m tests.standins.google --port 8123 ...``."""

import argparse
import pickle
import signal
import threading
from pathlib import Path

from tests.standins.google.server import Google, served


def main() -> None:
    """Serve until SIGTERM; what people allowed and what stands in their calendars is kept in ``--state``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--redirect-uri", action="append", required=True)
    parser.add_argument("--account", action="append", default=[])
    parser.add_argument("--state", type=Path, required=True)
    given = parser.parse_args()
    google = Google(redirect_uris=set(given.redirect_uri))
    for email in given.account:
        google.add_account(email)
    _restore(google, given.state)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with served(google, port=given.port):
        while not stop.wait(2):
            _store(google, given.state)
        _store(google, given.state)


def _store(google: Google, path: Path) -> None:
    with google.lock:
        kept = pickle.dumps((google.accounts, google.tokens.refresh))
    if not path.exists() or path.read_bytes() != kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_bytes(kept)
        new.replace(path)


def _restore(google: Google, path: Path) -> None:
    """Our own file, in the folder of this machine's data."""
    if path.exists():
        accounts, refresh = pickle.loads(path.read_bytes())
        google.accounts.update(accounts)
        google.tokens.refresh.update(refresh)


if __name__ == "__main__":
    main()
