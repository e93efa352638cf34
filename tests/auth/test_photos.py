"""Photos: what is sent, and what is made of it."""

from io import BytesIO

import pytest
from PIL import Image

from hms.auth.photos import LARGEST_BYTES, NotAPhoto, portrait
from tests.auth.nasty_photos import picture, png

ORIENTATION, GPS, LATITUDE = 0x0112, 0x8825, 2


def with_exif(**tags):
    exif = Image.Exif()
    exif[ORIENTATION] = tags.get("orientation", 1)
    exif[0x010F] = "CANARY-CAMERA"
    exif.get_ifd(GPS)[LATITUDE] = (51.0, 30.0, 26.0)
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_picture_becomes_a_square_jpeg(kind, mode):
    made = Image.open(BytesIO(portrait(picture(kind, mode=mode, colour=0))))
    assert (made.format, made.mode, made.size) == ("JPEG", "RGB", (512, 512))


@pytest.mark.parametrize("mode", ["1", "P", "LA", "I;16", "CMYK"])
def test_any_way_of_keeping_colours_will_do(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    sent = BytesIO()
    Image.new("L", (600, 400), 0).convert(mode).save(sent, kind)
    assert Image.open(BytesIO(portrait(sent.getvalue()))).size == (512, 512)


def test_transparent_parts_become_white():
    made = Image.open(BytesIO(portrait(picture("PNG", mode="RGBA", colour=(0, 0, 0, 0)))))
    assert all(level > 250 for level in made.getpixel((10, 10)))


def test_where_and_with_what_it_was_taken_is_removed():
    sent = picture(exif=with_exif(), comment=b"CANARY-COMMENT", icc_profile=b"CANARY-PROFILE" * 20)
    assert Image.open(BytesIO(sent)).getexif().get_ifd(GPS)
    made = portrait(sent)
    assert not Image.open(BytesIO(made)).getexif()
    assert b"CANARY" not in made
    assert b"Exif" not in made


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_taken_sideways_is_turned_upright(kind):
    sideways = Image.new("RGB", (400, 400), "white")
    sideways.paste("black", (0, 0, 400, 200))  # the upper half; orientation 6 means that it belongs to the right
    sent = BytesIO()
    sideways.save(sent, kind, exif=with_exif(orientation=6))
    made = Image.open(BytesIO(portrait(sent.getvalue())))
    assert sum(made.getpixel((480, 256))) < 60 < 700 < sum(made.getpixel((32, 256)))


@pytest.mark.parametrize(
    "sent",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        picture("GIF"),
        picture("BMP"),
        picture("TIFF"),
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n",
        b"\0",
        b"",
        picture()[:300],
        picture()[:-200],
        picture("PNG")[:60],
        picture("WEBP")[:40],
        png(100, 100),
    ],
    ids=[
        "svg",
        "html",
        "gif",
        "bmp",
        "tiff",
        "pdf",
        "signature",
        "nul",
        "empty",
        "cut-jpeg",
        "cut-late-jpeg",
        "cut-png",
        "cut-webp",
        "no-pixels",
    ],
)
def test_what_is_no_photo_is_refused_whatever_it_is_called(sent):
    with pytest.raises(NotAPhoto) as refused:
        portrait(sent)
    assert refused.value.field == "photo"


@pytest.mark.parametrize("side", [7_000, 12_000, 50_000, 65_000])
def test_a_picture_of_too_many_pixels_is_refused_before_they_are_unpacked(side):
    with pytest.raises(NotAPhoto, match=r"megapixels"):
        portrait(png(side, side))


def test_a_file_of_more_than_eight_megabytes_is_refused():
    with pytest.raises(NotAPhoto, match=r"8 MB"):
        portrait(picture() + b"\0" * LARGEST_BYTES)
