"""The forms of accounts. None has a role, an id or a state to post: whatever else is sent is not read."""

from typing import Any

from flask_wtf.file import FileField
from wtforms import BooleanField, SelectField

from hms.auth import queries
from hms.auth.fields import (
    BirthDateField,
    EmailField,
    FeeField,
    NameField,
    PhoneField,
    SecretField,
    WholeNumberField,
)
from hms.auth.models import Doctor, DoctorChange, Patient
from hms.auth.people import LONGEST_NAME
from hms.auth.photos import LARGEST_BYTES
from hms.forms import HmsForm, LineField, TextField

HIGHEST_FEE_MINOR = 10_000_000


class SignInForm(HmsForm):
    """Email and password."""

    email = EmailField()
    password = SecretField()

    def details(self) -> dict[str, Any]:
        """What ``services.authenticate`` takes."""
        return {name: self[name].data for name in ("email", "password")}


class AddressForm(HmsForm):
    """The email that somebody signs up with."""

    email = EmailField()


class CodeForm(HmsForm):
    """The six digits that were mailed to it."""

    code = LineField("Code", longest=40, required="Enter the 6 digits from the email.")


class FactorForm(HmsForm):
    """The code that an app shows, or one from paper."""

    code = LineField("Code", longest=40, required="Enter the code.")


class ConfirmForm(HmsForm):
    """The password again, before something that opens the account is changed."""

    password = SecretField("Your password")


class PatientSignUpForm(HmsForm):
    """What a patient says of themselves at first. ``email`` is taken out where it was proved before."""

    full_name = NameField("Full name")
    email = EmailField()
    phone = PhoneField("Mobile phone", required="Enter a phone number.")
    password = SecretField()

    def details(self) -> dict[str, Any]:
        """What ``services.sign_up_patient`` takes."""
        return {name: self[name].data for name in ("full_name", "email", "phone", "password") if name in self}


class _OfSpecialty(HmsForm):
    """A form with the list of specialties."""

    specialty = SelectField("Specialty", validate_choice=False)  # the service knows which there are

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.specialty.choices = [("", "Choose a specialty"), *((s.slug, s.name) for s in queries.list_specialties())]


class DoctorSignUpForm(_OfSpecialty):
    """What a doctor says of themselves at first. ``email`` is taken out where it was proved before."""

    full_name = NameField("Full name and title")
    email = EmailField()
    phone = PhoneField("Mobile phone", required="Enter a phone number.")
    licence_number = LineField("Licence number", longest=60, required="Enter your licence number.")
    years_of_experience = WholeNumberField(
        "Years of experience", minimum=0, maximum=80, required="Enter how many years."
    )
    bio = TextField("About you", longest=2000)
    password = SecretField()

    def details(self) -> dict[str, Any]:
        """What ``services.sign_up_doctor`` takes."""
        names = ("full_name", "email", "phone", "specialty", "licence_number", "years_of_experience", "password")
        return {name: self[name].data for name in names if name in self} | {"bio": self.bio.data or ""}


class PatientProfileForm(HmsForm):
    """A patient's details."""

    full_name = NameField("Full name")
    date_of_birth = BirthDateField("Date of birth")
    phone = PhoneField("Mobile phone", required="Enter a phone number.")
    address = TextField("Address", longest=500)
    emergency_contact_name = LineField("Name", longest=LONGEST_NAME)
    emergency_contact_phone = PhoneField("Phone")
    wants_reminders = BooleanField("Remind me by email before my visits")

    @classmethod
    def of(cls, patient: Patient) -> "PatientProfileForm":
        """The form, filled in with what is known."""
        return cls(obj=patient, full_name=patient.user.full_name)

    def details(self) -> dict[str, Any]:
        """What ``services.update_patient`` takes."""
        names = ("full_name", "phone", "address", "emergency_contact_name", "emergency_contact_phone")
        return {name: self[name].data or "" for name in names} | {
            "date_of_birth": self.date_of_birth.data,
            "wants_reminders": self.wants_reminders.data,
        }


class DoctorProfileForm(_OfSpecialty):
    """A doctor's details, as patients read them."""

    full_name = NameField("Full name and title")
    years_of_experience = WholeNumberField(
        "Years of experience", minimum=0, maximum=80, required="Enter how many years."
    )
    bio = TextField("About you", longest=2000)
    languages = LineField("Languages", longest=200)
    room = LineField("Where you see patients", longest=120)
    phone = PhoneField("Phone")
    visit_minutes = WholeNumberField(
        "Visit length in minutes", minimum=5, maximum=480, required="Enter how many minutes."
    )
    fee = FeeField("Fee", maximum=HIGHEST_FEE_MINOR)
    photo = FileField("Photo")
    remove_photo = BooleanField("Remove the photo")

    @classmethod
    def of(cls, doctor: Doctor, waiting: DoctorChange | None) -> "DoctorProfileForm":
        """The form, filled in with what is known, and with what waiting for approval."""
        same = ("bio", "years_of_experience", "phone", "room", "languages", "visit_minutes")
        known = {name: getattr(doctor, name) for name in same}
        full_name = (waiting and waiting.full_name) or doctor.user.full_name
        specialty = (waiting and waiting.specialty) or doctor.specialty
        form = cls(full_name=full_name, specialty=specialty.slug, fee=doctor.fee_minor, **known)
        form.fee.currency = doctor.fee_currency
        return form

    def details(self) -> dict[str, Any]:
        """What ``services.update_doctor`` takes."""
        texts = ("full_name", "specialty", "bio", "languages", "room", "phone")
        return {name: self[name].data or "" for name in texts} | {
            "years_of_experience": self.years_of_experience.data,
            "visit_minutes": self.visit_minutes.data,
            "fee_minor": self.fee.data,
            "photo": self._upload(),
            "remove_photo": self.remove_photo.data,
        }

    def _upload(self) -> bytes | None:
        """The file that was sent, at most one byte longer than may be; None when none was."""
        return self.photo.data.read(LARGEST_BYTES + 1) if self.photo.data else None


class ForgotForm(HmsForm):
    """The address of an account whose password is lost."""

    email = EmailField()


class NewPasswordForm(HmsForm):
    """A new password."""

    password = SecretField("New password")


class ChangePasswordForm(HmsForm):
    """A new password, by somebody who knows the present one."""

    current = SecretField("Current password")
    password = SecretField("New password")
