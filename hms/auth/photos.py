"""A doctor's picture, made anew from what was sent, so that nothing of the sender's file is ever served."""

from io import BytesIO

from PIL import Image, ImageOps

from hms.errors import Invalid

LARGEST_BYTES = 8 * 1024 * 1024
LARGEST_PIXELS = 40_000_000
SIDE_PIXELS = 512
FORMATS = ("JPEG", "PNG", "WEBP")


class NotAPhoto(Invalid):
    """The file cannot be used as a photo."""

    code = "not-a-photo"
    message = "Choose a photo as a JPEG, PNG or WebP file. This file is none of them, or it is damaged."


def portrait(upload: bytes) -> bytes:
    """A square JPEG of 512 pixels a side, upright, without metadata. Raises :class:`NotAPhoto`, about ``photo``.

    What the file is, is decided by its content; its size in pixels is checked before any of them is unpacked.
    """
    if len(upload) > LARGEST_BYTES:
        raise NotAPhoto("Choose a photo of at most 8 MB.", field="photo")
    try:
        with Image.open(BytesIO(upload), formats=FORMATS) as image:
            _check_pixels(image)
            return _square_jpeg(image)
    except NotAPhoto:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except Exception as error:  # Pillow raises whatever a damaged file makes it stumble over
        raise NotAPhoto(field="photo") from error


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > LARGEST_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> NotAPhoto:
    return NotAPhoto("Choose a smaller photo, of at most 40 megapixels.", field="photo")


def _square_jpeg(image: Image.Image) -> bytes:
    image.draft("RGB", (2 * SIDE_PIXELS, 2 * SIDE_PIXELS))  # lets the JPEG decoder leave out what is scaled away
    colours = image.convert("RGBA") if image.mode == "P" else image
    square = ImageOps.fit(colours, (SIDE_PIXELS, SIDE_PIXELS))  # first of all: every copy from here on is small
    made = BytesIO()
    _on_white(ImageOps.exif_transpose(square)).save(made, "JPEG", quality=85, optimize=True)
    return made.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    """The bare pixels on white where the picture is transparent: no palette, no profile, no metadata."""
    pixels = image.convert("RGBA")
    canvas = Image.new("RGB", pixels.size, "white")
    canvas.paste(pixels, mask=pixels.getchannel("A"))
    return canvas
