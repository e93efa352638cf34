"""The one form of the calendar pages: whoever opens a way to the appointments knows the password."""

from hms.auth.fields import SecretField
from hms.forms import HmsForm


class ConnectForm(HmsForm):
    """The password, before a Google account is connected."""

    password = SecretField("Your password", id="connect-password")


class FeedForm(HmsForm):
    """The password, before the private feed gets an address."""

    password = SecretField("Your password", id="feed-password")
