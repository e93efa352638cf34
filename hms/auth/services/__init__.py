"""Everything that changes accounts. Each function is one transaction, or says why it is two."""

from hms.auth.services.access import WrongPassword, lock_proved, prove_password
from hms.auth.services.accounts import (
    EmailTaken,
    UnknownSpecialty,
    WrongCredentials,
    approve_doctor,
    authenticate,
    create_staff,
    deactivate,
    sign_up_doctor,
    sign_up_patient,
)
from hms.auth.services.profiles import PhotoNeedsVerifiedEmail, may_have_photo, update_doctor, update_patient
from hms.auth.services.recovery import (
    ask_for_reset,
    change_password,
    check_reset,
    check_verification,
    reset_password,
    send_verification,
    verify_email,
)
from hms.auth.services.searching import make_all_findable
from hms.auth.services.sign_ins import begin_sign_in, delete_ended_sign_ins, end_sign_in, note_seen, save_data

__all__ = [
    "EmailTaken",
    "PhotoNeedsVerifiedEmail",
    "UnknownSpecialty",
    "WrongCredentials",
    "WrongPassword",
    "approve_doctor",
    "ask_for_reset",
    "authenticate",
    "begin_sign_in",
    "change_password",
    "check_reset",
    "check_verification",
    "create_staff",
    "deactivate",
    "delete_ended_sign_ins",
    "end_sign_in",
    "lock_proved",
    "make_all_findable",
    "may_have_photo",
    "note_seen",
    "prove_password",
    "reset_password",
    "save_data",
    "send_verification",
    "sign_up_doctor",
    "sign_up_patient",
    "update_doctor",
    "update_patient",
    "verify_email",
]
