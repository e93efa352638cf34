"""The table of settings: all that HMS can be told from outside. `.env.example` says the same to people."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hms.config.values import choice, count, database_url, folder, hours, port, text, web_address, whole, words, zone

PREFIX = "HMS_"
MODES = ("production", "development", "testing")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting. ``default`` holds in production; ``development`` stands in where HMS runs for trying out."""

    name: str
    help: str
    parse: Callable[[str], Any] = text
    default: str | None = None
    development: str | None = None
    required: bool = False

    @property
    def variable(self) -> str:
        """The environment variable's name."""
        return PREFIX + self.name


SETTINGS = (
    Setting(
        name="MODE",
        parse=choice(*MODES),
        default="production",
        help="production, development (what `make run` sets: demo accounts, embedded database) or testing.",
    ),
    Setting(
        name="SECRET_KEY",
        required=True,
        help="At least 32 random characters that sign cookies. Whoever knows it can forge them.",
    ),
    Setting(
        name="DATABASE_URL",
        parse=database_url,
        required=True,
        help="postgresql://user:password@host/hms, PostgreSQL 14 or newer. Unset: the embedded one, not in production.",
    ),
    Setting(
        name="DATABASE_POOL_SIZE",
        parse=count,
        default="4",
        help="Database connections that one process keeps; as many as it has threads is right.",
    ),
    Setting(
        name="DATA_DIR",
        parse=folder,
        default="./var",
        help="Where the embedded database and the development secret live.",
    ),
    Setting(name="PORT", parse=port, default="8000", help="The port that `flask serve` listens on."),
    Setting(
        name="PUBLIC_URL",
        parse=web_address,
        required=True,
        help="Where people reach HMS, such as https://clinic.example; https in production.",
    ),
    Setting(
        name="TRUSTED_HOSTS",
        parse=words,
        default="",
        help="Host names that HMS answers to, separated by commas. Empty: the host of HMS_PUBLIC_URL.",
    ),
    Setting(
        name="PROXY_COUNT",
        parse=whole,
        default="0",
        help="How many reverse proxies stand before HMS and set X-Forwarded-For and X-Forwarded-Proto.",
    ),
    Setting(
        name="LOG_FORMAT",
        parse=choice("text", "json"),
        default="text",
        help="text, or json for one JSON object a line.",
    ),
    Setting(
        name="CLINIC_NAME", required=True, development="Northgate Hospital", help="The clinic's name, on every page."
    ),
    Setting(
        name="CLINIC_PHONE",
        required=True,
        development="020 7946 0100",
        help="Whom patients call when the portal cannot help them.",
    ),
    Setting(
        name="CLINIC_TIMEZONE",
        parse=zone,
        required=True,
        development="Europe/London",
        help="The zone of the clock on the clinic's wall, such as Europe/London.",
    ),
    Setting(
        name="EMERGENCY_LINE",
        default="In an emergency call your local emergency number.",
        development="In an emergency call 999.",
        help="The sentence on every page that says what to do in an emergency.",
    ),
    Setting(
        name="CANCEL_WINDOW_HOURS",
        parse=whole,
        default="24",
        help="Until how many hours before it a patient can cancel an appointment online.",
    ),
    Setting(
        name="MINIMUM_NOTICE_MINUTES",
        parse=whole,
        default="60",
        help="How many minutes ahead a time can last be booked online.",
    ),
    Setting(
        name="EMAIL_FUNCTION",
        default="",
        help="The Lambda function that sends mail, such as hms-email-prod-send-email. Empty: mail waits.",
    ),
    Setting(
        name="REMINDER_HOURS",
        parse=hours,
        default="24,2",
        help="How many hours before a visit its patient is reminded, separated by commas. 0: never.",
    ),
    Setting(
        name="SESSION_IDLE_MINUTES",
        parse=count,
        default="30",
        help="After how many minutes without a click somebody is signed out.",
    ),
    Setting(
        name="SESSION_HOURS",
        parse=count,
        default="12",
        help="After how many hours somebody is signed out in any case; 12 is a shift in a hospital.",
    ),
)
NAMES = frozenset(setting.name for setting in SETTINGS)
NOT_OURS = frozenset({"EMAIL_DEDUP_TABLE"})  # the email function reads it
