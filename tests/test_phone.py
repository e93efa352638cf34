"""Telephone numbers: read as people paste them, kept in one form, shown and dialled as they should be."""

import pytest
from flask import Flask

from hms import config, phone
from hms.config import BadSettings
from tests.test_config import PRODUCTION


@pytest.mark.parametrize(
    "typed",
    [
        "020 7946 0999",
        "(020) 7946-0999",
        "020\u00a07946\u202f0999",
        "\u202a020\u20117946\u20130999\u202c",
        "０２０ ７９４６ ０９９９",
        "٠٢٠٧٩٤٦٠٩٩٩",
        "۰۲۰ ۷۹۴۶ ۰۹۹۹",
        "tel:+44-20-7946-0999",
        "Tel: 020 7946 0999",
        "+44 (0)20 7946 0999",
        "0044 20 7946 0999",
        "\u200b+442079460999\ufeff",
        "☎ 020 7946 0999",
        "℡ 020 7946 0999",
        "Phone: 020 7946 0999",
        "Tél. : 020 7946 0999",
        "T 020 7946 0999",
        "tel://+442079460999",
        "020\u28007946\u31640999",
        "０２０ー７９４６ー０９９９",
        "020•7946•0999",
        "0\ufe0f\u20e320 7946 0999",
    ],
)
def test_a_number_is_kept_in_one_form_however_it_was_typed(typed):
    assert phone.read(typed, country="GB") == "+442079460999"


@pytest.mark.parametrize(
    "typed", ["020 7946 0999 ext. 12", "020 7946 0999 x12", "020 7946 0999#12", "02079460999;ext=12"]
)
def test_an_extension_is_kept(typed):
    kept = phone.read(typed, country="GB")
    assert kept == "+442079460999;ext=12"
    assert phone.shown(kept, country="GB") == "020 7946 0999 ext. 12"
    assert phone.address(kept, country="GB") == "tel:+442079460999;ext=12"


@pytest.mark.parametrize(
    "typed",
    ["", "-----", "call me", "999", "5551234", "0" * 39, "1" * 61, "+999 123456", "020 7946 0999 x12345678"],
)
def test_what_cannot_be_called_is_refused_with_an_example(typed):
    with pytest.raises(phone.BadPhone, match="like 020 7946 0100"):
        phone.read(typed, country="GB")


@pytest.mark.parametrize("number", ["020 7946 0000", "07700 900123", "01632 960001", "+1 212 555 0100", "+39 06 12345"])
def test_what_is_shown_can_be_typed_again(number):
    kept = phone.read(number, country="GB")
    assert phone.read(phone.shown(kept, country="GB"), country="GB") == kept
    assert phone.read(kept, country="US") == kept


def test_a_number_from_elsewhere_is_shown_with_its_country():
    assert phone.shown("+12125550100", country="GB") == "+1 212-555-0100"
    assert phone.shown("+442079460999", country="IN") == "+44 20 7946 0999"
    with pytest.raises(phone.BadPhone, match="with its country code"):
        phone.read("020 7946 0999", country="")


@pytest.mark.parametrize(
    ("kept", "shown", "dialled"),
    [
        ("+44 (0)20 7946 0999 ext. 12", "020 7946 0999 ext. 12", "tel:+442079460999;ext=12"),
        ("020 7946 0100 (9 to 17)", "020 7946 0100 (9 to 17)", "tel:+442079460100"),
        ("12345", "12345", "tel:12345"),
    ],
)
def test_what_an_older_version_kept_is_shown_and_can_be_dialled(kept, shown, dialled):
    assert phone.shown(kept, country="GB") == shown
    assert phone.address(kept, country="GB") == dialled


def test_the_clinics_country_follows_from_its_zone_unless_it_is_set(app):
    assert app.config["CLINIC_COUNTRY"] == "GB"
    elsewhere = Flask("clinic")
    config.load(elsewhere, PRODUCTION | {"CLINIC_TIMEZONE": "Etc/UTC"})
    assert elsewhere.config["CLINIC_COUNTRY"] == ""
    config.load(elsewhere, PRODUCTION | {"CLINIC_COUNTRY": "in"})
    assert elsewhere.config["CLINIC_COUNTRY"] == "IN"
    with pytest.raises(BadSettings, match="HMS_CLINIC_COUNTRY must be the two letters"):
        config.load(elsewhere, PRODUCTION | {"CLINIC_COUNTRY": "England"})
