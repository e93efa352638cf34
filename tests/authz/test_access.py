"""Whom each page lets in, written down once more: who changes it changes it here as well, where reviewers see it."""

from hms.areas import access_of

ACCESS = {
    "public": {
        "": "healthz readyz static",
        "auth": "login logout second signup signup_account signup_code signup_doctor signup_email signup_patient",
        "calendar": "callback feed",
        "directory": "doctor doctors landing photo suggest",
        "information": "accessibility contact manifest privacy terms",
        "recovery": "forgot reset sent verified verify",
        "reminders": "off stop",
        "session_end": "ends stay",
        "signed_out": "discard",
    },
    "signed-in": {
        "recovery": "renew send_verification",
        "factors": "app begin codes remove",
        "security": "confirm end end_others overview",
    },
    "patient": {
        "calendar": "patient_appointment",
        "activity": "looked",
        "patient": "appointment appointments book cancel change changed home",
        "patient_profile": "edit",
    },
    "doctor": {
        "calendar": "doctor_appointment",
        "doctor": (
            "appointment appointments arrive block_slot calendar cancel change changed complete copy_day day_sheet "
            "delete_hours delete_slot delete_time_off edit_hours end_hours exceptions hours new_hours no_show series "
            "slot slots today unblock_slot undo unfit"
        ),
        "doctor_profile": "edit photo withdraw_changes",
    },
    "has-appointments": {
        "calendar": "connect disconnect make_feed status",
    },
    "staff": {
        "staff": "closure closures doctors overview policies times",
        "reception": "appointment arrive book cancel change changed desk patient",
    },
    "admin": {
        "activity_log": "export log",
        "staff": "clinic_policy doctor_policy new_closure remove_closure",
    },
}
"""By access and blueprint, the views; those of an endpoint without a blueprint stand under no name."""


def test_each_page_lets_in_those_it_is_written_down_for(app):
    with app.app_context():
        found = {rule.endpoint: access_of(rule.endpoint) for rule in app.url_map.iter_rules()}
    written = {
        f"{blueprint}.{view}".lstrip("."): access
        for access, blueprints in ACCESS.items()
        for blueprint, views in blueprints.items()
        for view in views.split()
    }
    assert found == written
