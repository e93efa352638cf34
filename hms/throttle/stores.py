"""Where counts are kept: storages of the library `limits` (https://limits.readthedocs.io), chosen by the settings.

All count in windows that begin with the first hit, by the one clock of the house.
"""

import hashlib
import hmac
from collections import OrderedDict
from datetime import timedelta
from threading import Lock
from typing import Any, NamedTuple, cast

from flask import Flask, current_app
from limits.errors import ConfigurationError, StorageError
from limits.storage import Storage, storage_from_string
from sqlalchemy import bindparam, case, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from hms import clock
from hms.config import BadSettings
from hms.db import db, transaction
from hms.prepared import Prepared
from hms.throttle.models import RateCount

KEY = "hms.throttle"
MOST_KEYS = 50_000
"""How many counts one process keeps; the oldest are forgotten."""


class Stores(NamedTuple):
    """Where one application counts."""

    exact: Storage
    own: Storage


def init_app(app: Flask) -> None:
    """Count in the database, or where ``RATE_LIMIT_URL`` says. Raises :class:`hms.config.BadSettings`."""
    app.extensions[KEY] = Stores(_exact(app.config["RATE_LIMIT_URL"]), ProcessStorage())


def _exact(url: str) -> Storage:
    try:
        return cast(Storage, storage_from_string(url, wrap_exceptions=True)) if url else TableStorage()
    except ConfigurationError as error:
        raise BadSettings(f"HMS_RATE_LIMIT_URL can’t be used: {error}") from error


def count(key: str, *, seconds: float, is_exact: bool) -> int:
    """How often this was done within the window, with this time."""
    stores, name, whole = _stores(), hashed(key), max(1, int(seconds))
    if not is_exact:
        return stores.own.incr(name, whole)
    try:
        return stores.exact.incr(name, whole)
    except StorageError as error:
        return _without(error).incr(name, whole)


def found(key: str, *, is_exact: bool) -> int:
    """How often it was done within the window."""
    stores, name = _stores(), hashed(key)
    if not is_exact:
        return stores.own.get(name)
    try:
        return stores.exact.get(name)
    except StorageError as error:
        return _without(error).get(name)


def ends_in(key: str, *, is_exact: bool = True) -> float:
    """In how many seconds the window ends; nothing, or less, where there is none."""
    stores, name, now = _stores(), hashed(key), clock.now().timestamp()
    if not is_exact:
        return stores.own.get_expiry(name) - now
    try:
        return stores.exact.get_expiry(name) - now if stores.exact.get(name) else 0
    except StorageError as error:
        return _without(error).get_expiry(name) - now


def forget(*keys: str) -> None:
    """Count these anew."""
    stores = _stores()
    for name in map(hashed, keys):
        try:
            stores.exact.clear(name)
        except StorageError as error:
            _without(error).clear(name)


def forget_old() -> None:
    """Forget the windows that are over."""
    with transaction() as session:
        over = delete(RateCount).where(RateCount.ends_at <= clock.now())
        session.execute(over.execution_options(synchronize_session=False))


def hashed(key: str) -> str:
    """What is kept of a key: who was counted cannot be read out of it."""
    secret = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(secret, b"throttle:" + key.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _stores() -> Stores:
    return cast(Stores, current_app.extensions[KEY])


def _without(error: StorageError) -> Storage:
    """While Redis is away each process counts for itself: nobody guesses freely, and nobody is kept out."""
    current_app.logger.warning("the counts of the throttle can’t be reached: %s", error.storage_error)
    return _stores().own


def _hit() -> Any:
    mine = insert(RateCount).values(key=bindparam("key"), hits=bindparam("amount"), ends_at=bindparam("ends_at"))
    is_over = RateCount.ends_at <= bindparam("now")
    return mine.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "hits": case((is_over, mine.excluded.hits), else_=RateCount.hits + mine.excluded.hits),
            "ends_at": case((is_over, mine.excluded.ends_at), else_=RateCount.ends_at),
        },
    ).returning(RateCount.hits)


HIT = Prepared(_hit())
FOUND = Prepared(select(RateCount.hits, RateCount.ends_at).where(RateCount.key == bindparam("key")))


class TableStorage(Storage):
    """Counts in ``rate_limits``: one statement for a hit, exact whoever else counts meanwhile.

    A hit is a transaction of its own, so that what is refused afterwards was counted all the same.
    """

    STORAGE_SCHEME = None
    base_exceptions: Any = DBAPIError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, in a window that lasts ``expiry`` seconds if none has begun; how many there are in it."""
        now = clock.now()
        if "work" in db.session().info:
            raise RuntimeError("Ask the throttle before the transaction: what it counts must outlive a refusal.")
        with transaction():
            row = HIT.first(key=bytes.fromhex(key), amount=amount, now=now, ends_at=now + timedelta(seconds=expiry))
        return int(row.hits)

    def get(self, key: str) -> int:
        """How many there are in the window."""
        row = self._find(key)
        return int(row.hits) if row else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970; now where there is none."""
        row = self._find(key)
        return float((row.ends_at if row else clock.now()).timestamp())

    def _find(self, key: str) -> Any:
        row = FOUND.first(key=bytes.fromhex(key))
        return row if row and row.ends_at > clock.now() else None

    def check(self) -> bool:
        """The database is asked by ``/readyz``."""
        return True

    def reset(self) -> int | None:
        """Forget everything."""
        with transaction() as session:
            session.execute(delete(RateCount).execution_options(synchronize_session=False))
        return None

    def clear(self, key: str) -> None:
        """Count anew."""
        with transaction() as session:
            gone = delete(RateCount).where(RateCount.key == bytes.fromhex(key))
            session.execute(gone.execution_options(synchronize_session=False))


class ProcessStorage(Storage):
    """Counts in this process alone; of :data:`MOST_KEYS` keys the oldest go first."""

    STORAGE_SCHEME = None
    base_exceptions: Any = ()

    def __init__(self) -> None:
        super().__init__()
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._alone = Lock()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, in a window that lasts ``expiry`` seconds if none has begun; how many there are in it."""
        now = clock.now().timestamp()
        with self._alone:
            hits, ends_at = self._counts.get(key, (0, 0.0))
            hits, ends_at = (hits + amount, ends_at) if ends_at > now else (amount, now + expiry)
            self._counts[key] = hits, ends_at
            if len(self._counts) > MOST_KEYS:
                self._counts.popitem(last=False)
        return hits

    def get(self, key: str) -> int:
        """How many there are in the window."""
        hits, ends_at = self._counts.get(key, (0, 0.0))
        return hits if ends_at > clock.now().timestamp() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970."""
        return self._counts.get(key, (0, clock.now().timestamp()))[1]

    def check(self) -> bool:
        """A dictionary is always there."""
        return True

    def reset(self) -> int | None:
        """Forget everything."""
        self._counts.clear()
        return None

    def clear(self, key: str) -> None:
        """Count anew."""
        with self._alone:
            self._counts.pop(key, None)
