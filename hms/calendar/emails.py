"""The one mail about calendars: that a connection has stopped working."""

from flask import Flask

from hms import mailer, outbox
from hms.auth import queries as people
from hms.calendar import queries
from hms.calendar.models import CalendarConnection, ConnectionStatus
from hms.mailer import Mail, MailRequest
from hms.web.links import public_url


def disconnected(connection: CalendarConnection) -> None:
    """Tell the user that the calendar has stopped; once for each time it did."""
    occasion = connection.broken_at.isoformat(timespec="seconds") if connection.broken_at else ""
    mailer.send("CALENDAR_DISCONNECTED", about=connection.id, to=connection.user_id, occasion=occasion)


def init_app(app: Flask) -> None:
    """Register the composer."""
    mailer.compose_with(app, "CALENDAR_DISCONNECTED", _disconnected)


def _disconnected(request: MailRequest) -> Mail:
    user, connection = people.get_user(request.to), queries.find_connection(request.about)
    if connection is None or connection.status != ConnectionStatus.BROKEN:
        raise outbox.Dropped("The calendar is connected again, or was disconnected.")
    if not user.is_active:
        raise outbox.Dropped("The account is closed.")
    data = {"recipient_name": user.full_name, "account": connection.google_email}
    return Mail(user.email, {**mailer.clinic(), **data, "action_url": public_url("calendar.status")})
