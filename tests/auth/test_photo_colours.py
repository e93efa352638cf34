"""What a photo shows is what its owner sees: depth, profile, and what is damaged beside the picture itself."""

from io import BytesIO

import pytest
from PIL import Image, ImageCms

from hms.auth.photos import portrait
from tests.auth import nasty_photos as nasty
from tests.auth.nasty_photos import picture


def middle(photo):
    """The colour in the middle of the portrait."""
    return Image.open(BytesIO(portrait(photo))).getpixel((256, 256))


def is_about(colour, wanted):
    return all(abs(a - b) <= 6 for a, b in zip(colour, wanted, strict=True))


@pytest.mark.parametrize("level", [0, 64, 128, 200, 255])
def test_grey_of_sixteen_bits_keeps_its_shade(level):
    assert is_about(middle(nasty.grey_16(level * 257)), (level,) * 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_embedded_profile_decides_what_the_colours_are(kind):
    file = picture(kind, colour="red", icc_profile=nasty.red_means_blue(), **{"quality": 95} if kind != "PNG" else {})
    assert is_about(middle(file), (0, 0, 255))


def test_a_profile_counts_where_the_picture_is_transparent_too():
    made = Image.new("RGBA", (400, 400), (255, 0, 0, 0))
    made.paste((255, 0, 0, 255), (0, 0, 400, 200))
    sent = BytesIO()
    made.save(sent, "PNG", icc_profile=nasty.red_means_blue())
    portrayed = Image.open(BytesIO(portrait(sent.getvalue())))
    assert is_about(portrayed.getpixel((256, 64)), (0, 0, 255))
    assert is_about(portrayed.getpixel((256, 448)), (255, 255, 255))


def test_the_usual_profile_changes_nothing():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert is_about(middle(picture("PNG", colour=(200, 120, 40), icc_profile=srgb)), (200, 120, 40))


@pytest.mark.parametrize(
    ("mode", "colour"), [("L", 90), ("RGB", (90, 90, 90)), ("LA", (90, 255)), ("RGBA", (90, 90, 90, 255))]
)
@pytest.mark.parametrize("profile", [b"nonsense" * 20, nasty.red_means_blue()[:200]], ids=["nonsense", "cut"])
def test_a_damaged_profile_is_ignored(mode, colour, profile):
    assert is_about(middle(picture("PNG", mode=mode, colour=colour, icc_profile=profile)), (90, 90, 90))


def test_a_profile_of_another_kind_of_picture_is_ignored():
    cmyk = picture("JPEG", mode="CMYK", colour=(0, 0, 0, 0), icc_profile=nasty.red_means_blue())
    assert is_about(middle(cmyk), (255, 255, 255))
    grey = picture("PNG", mode="L", colour=90, icc_profile=nasty.red_means_blue())
    assert is_about(middle(grey), (90, 90, 90))


def test_four_inks_become_the_colours_they_print():
    assert is_about(middle(picture("JPEG", mode="CMYK", colour=(255, 0, 0, 0), quality=95)), (0, 255, 255))


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_one_transparent_colour_becomes_white(mode):
    sent = BytesIO()
    Image.new(mode, (400, 400), 0).save(sent, "PNG", transparency=(0, 0, 0) if mode == "RGB" else 0)
    assert is_about(middle(sent.getvalue()), (255, 255, 255))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_damaged_record_of_the_camera_is_no_reason_to_refuse_a_photo(kind):
    assert is_about(middle(nasty.damaged_exif(kind)), (0, 128, 128))


def test_what_is_hidden_behind_a_photo_does_not_come_along():
    made = portrait(picture() + b"PK\3\4<script>CANARY</script>")
    assert b"CANARY" not in made
