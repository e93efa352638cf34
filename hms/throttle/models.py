"""How often something was done."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hms.db import Model


class RateCount(Model):
    """How often one thing was done by one somebody since a window began, and when that ends."""

    __tablename__ = "rate_limits"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)  # HMAC of what and who
    hits: Mapped[int]
    ends_at: Mapped[datetime]  # no index: what is over is looked for once an hour
