"""Second factors of accounts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hms.auth.models import User
from hms.db import Model, new_id


class AuthenticatorApp(Model):
    """An app that shows a code every 30 seconds (TOTP, RFC 6238). It counts once ``confirmed_at`` is set."""

    __tablename__ = "authenticator_apps"

    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)  # the secret (hms.vault)
    made_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(default=0, server_default="0")  # of 30 seconds; its code is used up


class RecoveryCode(Model):
    """A code that opens the account once, when the app is lost."""

    __tablename__ = "recovery_codes"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id), index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32))  # HMAC of the code and its owner
    used_at: Mapped[datetime | None]
