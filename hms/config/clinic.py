"""The settings that say which clinic this is: its name, where it is, when it is open."""

from hms.config.setting import Setting
from hms.config.values import country, lines, page_address, zone

CLINIC = (
    Setting(
        name="CLINIC_NAME", required=True, development="Northgate Hospital", help="The clinic's name, on every page."
    ),
    Setting(
        name="CLINIC_PHONE",
        required=True,
        development="020 7946 0100",
        help="The number patients call for help.",
    ),
    Setting(
        name="CLINIC_TIMEZONE",
        parse=zone,
        required=True,
        development="Europe/London",
        help="The zone of the clock on the clinic's wall, such as Europe/London.",
    ),
    Setting(
        name="CLINIC_COUNTRY",
        parse=country,
        help="Whose phone numbers need no country code, such as GB. Unset: the country of HMS_CLINIC_TIMEZONE.",
    ),
    Setting(
        name="CLINIC_EMAIL",
        default="",
        development="help@northgate.example",
        help="Where people write to the clinic. Empty: they are told to call.",
    ),
    Setting(
        name="CLINIC_ADDRESS",
        default="",
        development="12 Northgate Road, London N1 4QX",
        help="The clinic's postal address. Empty: pages name none.",
    ),
    Setting(
        name="CLINIC_MAP_URL",
        parse=page_address,
        default="",
        help="A map that shows the clinic. Empty: OpenStreetMap looks for HMS_CLINIC_ADDRESS.",
    ),
    Setting(
        name="OPENING_HOURS",
        parse=lines,
        default="",
        development="Monday to Friday: 07:30 to 20:00; Saturday: 08:00 to 14:00; Sunday and bank holidays: closed",
        help="When the clinic is open, such as Monday to Friday: 08:00 to 18:00; Saturday: closed. Empty: not shown.",
    ),
    Setting(
        name="DIRECTIONS",
        parse=lines,
        default="",
        development="Train or tube: Northgate, 5 minutes on foot; Bus: 43 and 271, stop Northgate Park; "
        "Car: park on Mill Lane, £2 an hour; Step-free: front entrance, lifts to all floors",
        help="How to get to the clinic, such as Bus: 43 and 271; Car: park on Mill Lane. Empty: not shown.",
    ),
    Setting(
        name="EMERGENCY_LINE",
        default="In an emergency, call your local emergency number.",
        development="In an emergency, call 999.",
        help="The sentence on every page that says what to do in an emergency.",
    ),
)
