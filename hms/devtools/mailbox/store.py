"""Mails as files: one ``.eml`` each, named so that they sort by time."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

from hms.db import new_id

KEPT = 500


class StoredMail(NamedTuple):
    """One mail in the box."""

    id: str
    received_at: datetime
    message: EmailMessage


def keep(folder: Path, content: bytes) -> Path:
    """Put a mail into the folder, all of it or nothing, and forget the oldest beyond 500."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{new_id()}.eml"
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(content)
    unfinished.rename(path)
    for old in sorted(folder.glob("*.eml"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def list_mails(folder: Path, *, limit: int = 100) -> list[StoredMail]:
    """The latest mails, newest first."""
    return [_read(path) for path in sorted(folder.glob("*.eml"), reverse=True)[:limit]]


def find_mail(folder: Path, mail_id: str) -> StoredMail | None:
    """The mail of that id, if the box has it."""
    return next((_read(path) for path in folder.glob("*.eml") if path.stem == mail_id), None)


def _read(path: Path) -> StoredMail:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    received_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return StoredMail(path.stem, received_at, message)
