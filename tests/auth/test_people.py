"""What may stand for a person: names and emails."""

import unicodedata

import pytest

from hms.auth.people import BadEmail, BadName, clean_name, normal_email

E_ACUTE = unicodedata.normalize("NFD", "é")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Asha@Example.TEST", "asha@example.test"),
        ("  asha@example.test  ", "asha@example.test"),
        ("asha+clinic@example.test", "asha+clinic@example.test"),
        ("info@BÜCHER.example", "info@bücher.example"),
        ("info@xn--bcher-kva.example", "info@bücher.example"),
    ],
)
def test_an_email_is_kept_in_one_form(typed, kept):
    assert normal_email(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "renée@example.test",  # its mail would not arrive
        "",
        "asha",
        "@example.test",
        "asha@",
        "a@b@example.test",
        "asha@example.test.",
        "asha@[127.0.0.1]",
        "asha@localhost",
        "asha@example.test\r\nBcc: eve@evil.test",
        "asha\0@example.test",
        "asha@exa\ud800mple.test",
        '"asha"@example.test',
        "a" * 65 + "@example.test",
        "a@" + ".".join(["b" * 60] * 5) + ".test",
    ],
)
def test_what_is_no_email_is_refused_about_its_field(typed):
    with pytest.raises(BadEmail) as refused:
        normal_email(typed)
    assert refused.value.field == "email"


@pytest.mark.parametrize("name", ["X", "O'Brien", "名前", "محمد", "null", "👩🏽‍⚕️ Okafor", "Nguyễn Văn A"])
def test_a_name_is_whatever_people_are_called(name):
    assert clean_name(name) == name


def test_a_name_is_kept_with_single_blanks_and_in_one_unicode_form():
    assert clean_name(f"  Ren{E_ACUTE}e \n Roy ") == "Renée Roy"


@pytest.mark.parametrize("name", ["", "   ", "Asha\0Rao", "Asha\x1b[2J", "Asha\ud800", "A" * 121])
def test_what_cannot_be_shown_is_no_name(name):
    with pytest.raises(BadName) as refused:
        clean_name(name)
    assert refused.value.field == "full_name"


@pytest.mark.parametrize("name", ["\u200b", "\u3164", "\u2800", "\uffa0", "\u202e", "\u0301", "-", "7", "…", "👩🏽‍⚕️"])
def test_a_name_has_a_letter_that_can_be_seen(name):
    with pytest.raises(BadName, match="Enter a full name"):
        clean_name(name)


def test_what_cannot_be_seen_is_no_part_of_a_name():
    assert clean_name("\u200fAsha\u00a0\u202eRao\u200b\u2800") == "Asha Rao"
    assert clean_name("می\u200cخواهم") == "می\u200cخواهم"


@pytest.mark.parametrize(
    "name",
    [
        "Your visit was cancelled! Rebook: www.evil.example",
        "evil.com",
        "Evil.RU",
        "x.com",
        "asha@evil",
        "Asha ＠ home",
        "http://x",
        "evil。com",
        "ev\u200dil.c\u200bom",
        "10.0.0.1 Asha",
        "Rebook at evil.clinic now",
        "пример.рф",
        "Rebook: evil.世界 now",
        "evil.भारत",
        "evil.موقع",
        "例え.みんな",
        "sub.evil.io/path",
        "Rebook at EVIL.TRAVEL",
        "Evil.Travel",
        "T.Me/evil",
        "Evil.Site:8080",
        "Dr.Com",
    ],
)
def test_a_name_with_an_address_is_refused_with_what_to_do(name):
    with pytest.raises(BadName, match="without web or email addresses"):
        clean_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "Dr. Bose",
        "Dr.Bose",
        "Prof.Dr.med. Weber",
        "Anil Bose, Ph.D.",
        "J.R.R. Tolkien",
        "J.R.R.Tolkien",
        "St.John",
        "St.Clair",
        "B.Sc. Rao",
        "Mary.Jane",
        "Dr.rer.nat. Weber",
        "J.R. EWING",
        "Sammy Davis Jr.",
        "ดร.สมชาย",
        "डॉ.शर्मा",
        "Dr.王小明",
        "Bose (Cardiology)",
    ],
)
def test_a_name_may_have_full_stops(name):
    assert clean_name(name) == name


@pytest.mark.parametrize("name", ["Call 07700 900123 now", "Cancelled +44 20 7946 0100", "Ring ٠٧٧٠٠٩٠٠١٢٣"])
def test_a_name_with_a_phone_number_is_refused(name):
    with pytest.raises(BadName, match="without a phone number"):
        clean_name(name)


def test_a_name_may_have_a_number():
    assert clean_name("John Smith 3rd (ward 1204)") == "John Smith 3rd (ward 1204)"
