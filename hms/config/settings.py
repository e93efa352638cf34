"""The table of settings: all that HMS can be told from outside. `.env.example` says the same to people."""

from hms.config.clinic import CLINIC
from hms.config.google import ADDRESSES, endpoint, sealing_keys
from hms.config.setting import Setting
from hms.config.values import (
    choice,
    count,
    database_url,
    folder,
    hours,
    port,
    switch,
    web_address,
    whole,
    words,
)

MODES = ("production", "development", "testing")


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
        help="The most database connections that one process has; it needs as many as it has threads.",
    ),
    Setting(
        name="DATABASE_POOLER",
        parse=choice("0", "1"),
        default="0",
        help="1 behind PgBouncer in transaction mode: the role brings the time limits then (docs/scaling.md).",
    ),
    Setting(
        name="READ_DATABASE_URL",
        parse=database_url,
        help="A streaming replica for the pages that strangers read (docs/scaling.md). Unset: there is none.",
    ),
    Setting(
        name="DATA_DIR",
        parse=folder,
        default="./var",
        help="Where the embedded database and the development secret live.",
    ),
    Setting(
        name="HOST",
        default="127.0.0.1",
        help="The address that `flask serve` and `flask web` listen on; 0.0.0.0 in a container.",
    ),
    Setting(name="PORT", parse=port, default="8000", help="The port that `flask serve` and `flask web` listen on."),
    Setting(name="SERVER", parse=choice("granian", "gunicorn"), default="granian", help="The web server."),
    Setting(
        name="WEB_PROCESSES",
        parse=whole,
        default="0",
        help="How many web processes there are. 0: one for each core, at least 2 and at most 8.",
    ),
    Setting(
        name="WEB_THREADS",
        parse=count,
        default="2",
        help="How many requests one web process answers at a time; at most HMS_DATABASE_POOL_SIZE.",
    ),
    Setting(
        name="FRAGMENT_CACHE_MEBIBYTES",
        parse=count,
        default="16",
        help="How much of the pages that it has drawn one web process keeps; a doctor's week takes some 11 kB.",
    ),
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
        name="RATE_LIMITS",
        parse=switch,
        default="1",
        help="1: whoever tries too often has to wait (docs/throttling.md). 0: nobody does; for measuring only.",
    ),
    Setting(
        name="RATE_LIMIT_URL",
        default="",
        help="Where tries are counted, such as redis://127.0.0.1:6379 (install hms[redis]). Empty: in the database.",
    ),
    Setting(
        name="LOG_FORMAT",
        parse=choice("text", "json"),
        default="text",
        help="text, or json for one JSON object a line.",
    ),
    *CLINIC,
    Setting(
        name="EMAIL_FUNCTION",
        default="",
        help="The Lambda function that sends mail, such as hms-email-prod-send-email. Empty: mail waits.",
    ),
    Setting(
        name="DAILY_MAIL_LIMIT",
        parse=whole,
        default="100",
        help="How many emails about appointments one person gets in 24 hours; what is more waits. 0: no limit.",
    ),
    Setting(
        name="OUTBOX_LANES",
        parse=count,
        default="12",
        help="How many messages of one kind (emails, calendar events) one worker sends at the same time.",
    ),
    Setting(
        name="REMINDER_HOURS",
        parse=hours,
        default="24,2",
        help="How many hours before a visit its patient is reminded, separated by commas. 0: never.",
    ),
    Setting(
        name="CHANGES_PER_HOUR",
        parse=whole,
        default="10",
        help="How many appointments a patient can book, and how many cancel, within an hour. 0: any number.",
    ),
    Setting(
        name="SESSION_IDLE_MINUTES",
        parse=count,
        default="30",
        help="After how many minutes without a click a patient is signed out.",
    ),
    Setting(
        name="SESSION_HOURS",
        parse=count,
        default="12",
        help="After how many hours a patient is signed out in any case.",
    ),
    Setting(
        name="STAFF_SESSION_IDLE_MINUTES",
        parse=count,
        default="15",
        help="After how many minutes without a click a doctor, receptionist or administrator is signed out.",
    ),
    Setting(
        name="STAFF_SESSION_HOURS",
        parse=count,
        default="12",
        help="After how many hours they are signed out in any case; 12 is a shift in a hospital.",
    ),
    Setting(
        name="STAFF_SECOND_FACTOR",
        parse=choice("optional", "required"),
        default="optional",
        help="required: doctors, reception and administrators sign in with a code from an app, within 7 days.",
    ),
    Setting(
        name="GOOGLE_CLIENT_ID",
        default="",
        help="Who this clinic is at Google (docs/google-calendar.md). Empty: calendar sync is off.",
    ),
    Setting(name="GOOGLE_CLIENT_SECRET", default="", help="The secret that goes with HMS_GOOGLE_CLIENT_ID."),
    Setting(
        name="ENCRYPTION_KEYS",
        parse=sealing_keys,
        default="",
        help="Keys that seal what Google entrusts to us, separated by commas, the newest first: `flask keys new`.",
    ),
    Setting(
        name="AUDIT_KEY",
        required=True,
        help="At least 32 random characters that seal the audit log, kept apart from the database. It never changes.",
    ),
    Setting(
        name="AUDIT_YEARS",
        parse=count,
        default="6",
        help="For how many years the audit log is kept.",
    ),
    Setting(
        name="CALENDAR_DETAILS",
        parse=switch,
        default="0",
        help="1: calendar files, feeds, invitations and Google Calendar name the other person and the room. 0: no.",
    ),
    Setting(
        name="GOOGLE_MEET",
        parse=switch,
        default="0",
        help="1: an online visit gets a Google Meet when its doctor has connected Google Calendar.",
    ),
    Setting(
        name="GOOGLE_AUTH_URL",
        parse=endpoint,
        default=ADDRESSES["GOOGLE_AUTH_URL"],
        help="Where Google asks for consent; elsewhere in tests only.",
    ),
    Setting(
        name="GOOGLE_TOKEN_URL",
        parse=endpoint,
        default=ADDRESSES["GOOGLE_TOKEN_URL"],
        help="Where Google gives tokens; elsewhere in tests only.",
    ),
    Setting(
        name="GOOGLE_REVOKE_URL",
        parse=endpoint,
        default=ADDRESSES["GOOGLE_REVOKE_URL"],
        help="Where Google takes access back; elsewhere in tests only.",
    ),
    Setting(
        name="GOOGLE_CALENDAR_URL",
        parse=endpoint,
        default=ADDRESSES["GOOGLE_CALENDAR_URL"],
        help="Google's Calendar API; elsewhere in tests only.",
    ),
)
NAMES = frozenset(setting.name for setting in SETTINGS)
NOT_OURS = frozenset({"EMAIL_DEDUP_TABLE"})  # the email function reads it
