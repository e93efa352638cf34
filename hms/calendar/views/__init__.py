"""The pages of calendars: files to download, the Google account, the private feed."""

from hms.calendar.views import connecting, feed, files, meet
from hms.calendar.views.blueprint import bp

__all__ = ["bp", "connecting", "feed", "files", "meet"]
