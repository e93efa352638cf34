"""Addresses that take no mail."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from hms.db import Model


class UnreachableAddress(Model):
    """An address from which a mail came back, in small letters. It ends when its owner proves the address again."""

    __tablename__ = "unreachable_addresses"

    email: Mapped[str] = mapped_column(String(254), primary_key=True)
    since_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(300))
