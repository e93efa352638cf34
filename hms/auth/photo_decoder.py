"""A program of its own, which turns a file into a portrait: ``python photo_decoder.py SECONDS MEGABYTES < file``.

Decoders are what attackers feed first. This one runs in a fresh interpreter that knows no secret and holds no
connection; it can open nothing once it has begun, and its processor time and memory end. It imports nothing of ``hms``.

It answers ``ok``, a line end and a square JPEG, upright, in sRGB, without metadata; or the name of a refusal:
``damaged``, ``moving``, ``scans``, ``pixels`` with the most megapixels, ``memory``.
"""

import re
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, MpoImagePlugin, WebPImagePlugin

Image.preinit()
LOADED = (MpoImagePlugin, WebPImagePlugin)  # what preinit() leaves for later, when no file can be opened any more

SIDE_PIXELS = 512
MAX_SCANS = 50  # cameras and programs make at most about a dozen
LARGEST_PROFILE_BYTES = 1024 * 1024
MAX_MEGAPIXELS = {"JPEG": 40, "PNG": 24, "WEBP": 16}  # a WebP needs 17 bytes for each, a JPEG is scaled as it is read

_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")  # neither a stuffed byte (00) nor a restart (D0 to D7)
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _END, _WITHOUT_LENGTH = 0xDA, 0xD9, frozenset({0x01, 0xD8})
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}  # as ICC.1 names the colours of a mode


class Refused(Exception):
    """The file is no photo that is taken; the message is what the program answers."""


# -- before anything is decoded --------------------------------------------------------------------------------------


def inspect(file: bytes) -> None:
    """Look at the file's structure alone. Raises :class:`Refused` for what would cost too much, or is no photo."""
    if file.startswith(b"\xff\xd8\xff"):
        _check_pixels("JPEG", *_inspect_jpeg(file))
    elif file.startswith(b"\x89PNG\r\n\x1a\n"):
        _check_pixels("PNG", *_inspect_png(file))
    elif file.startswith(b"RIFF") and file[8:12] == b"WEBP":
        _check_pixels("WEBP", *_inspect_webp(file))
    else:
        raise Refused("damaged")


def _check_pixels(kind: str, width: int, height: int) -> None:
    if width * height > MAX_MEGAPIXELS[kind] * 1_000_000:
        raise Refused(f"pixels {MAX_MEGAPIXELS[kind]}")


def _inspect_jpeg(file: bytes) -> tuple[int, int]:
    """Width and height. A progressive picture is drawn once for each scan, and scans can be repeated for ever."""
    width = height = scans = 0
    at = 2
    while (marker := _MARKER.search(file, at)) and marker[1][0] != _END:
        kind, at = marker[1][0], marker.end()
        if kind in _WITHOUT_LENGTH:
            continue
        if kind in _START_OF_FRAME:
            height, width = max(height, _number(file, at + 3, 2)), max(width, _number(file, at + 5, 2))
        scans += kind == _START_OF_SCAN
        at += max(_number(file, at, 2), 2)
    if scans > MAX_SCANS:
        raise Refused("scans")
    return width, height


def _inspect_png(file: bytes) -> tuple[int, int]:
    at = 8
    while at < len(file) and file[at + 4 : at + 8] != b"IDAT":
        if file[at + 4 : at + 8] == b"acTL":  # APNG
            raise Refused("moving")
        at += _number(file, at, 4) + 12
    return _number(file, 16, 4), _number(file, 20, 4)


def _inspect_webp(file: bytes) -> tuple[int, int]:
    """Width and height, the largest that any chunk names (RFC 9649)."""
    width = height = 0
    for kind, data in _chunks_of_webp(file):
        if kind in (b"ANIM", b"ANMF") or (kind == b"VP8X" and data[:1] and data[0] & 0x02):
            raise Refused("moving")
        wide, high = _size_in_webp(kind, data)
        width, height = max(width, wide), max(height, high)
    return width, height


def _chunks_of_webp(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The name and the first bytes of each chunk."""
    at = 12
    while at + 8 <= len(file):
        length = int.from_bytes(file[at + 4 : at + 8], "little")
        yield file[at : at + 4], file[at + 8 : at + 8 + min(length, 16)]
        at += 8 + length + length % 2


def _size_in_webp(kind: bytes, data: bytes) -> tuple[int, int]:
    def number(start: int, length: int) -> int:
        return int.from_bytes(data[start : start + length], "little")

    if kind == b"VP8X":
        return number(4, 3) + 1, number(7, 3) + 1
    if kind == b"VP8L":
        return (number(1, 4) & 0x3FFF) + 1, (number(1, 4) >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        return number(6, 2) & 0x3FFF, number(8, 2) & 0x3FFF
    return 0, 0


def _number(file: bytes, at: int, length: int) -> int:
    return int.from_bytes(file[at : at + length], "big")


# -- decoding --------------------------------------------------------------------------------------------------------


def portrait(file: bytes) -> bytes:
    """A square JPEG of 512 pixels a side. Raises :class:`Refused`, or whatever a damaged file makes Pillow raise."""
    inspect(file)
    Image.MAX_IMAGE_PIXELS = None  # the limits of this file are tighter
    with Image.open(BytesIO(file), formats=tuple(MAX_MEGAPIXELS)) as image:
        _check_pixels("JPEG" if image.format == "MPO" else str(image.format), *image.size)
        image.draft("RGB", (2 * SIDE_PIXELS, 2 * SIDE_PIXELS))  # the JPEG decoder leaves out what is scaled away
        square = ImageOps.fit(_scalable(image), (SIDE_PIXELS, SIDE_PIXELS))  # every copy from here on is small
        upright = _turned(square, _orientation(image))
        made = BytesIO()
        _on_white(_eight_bits(upright), image.info.get("icc_profile")).save(made, "JPEG", quality=85, optimize=True)
    return made.getvalue()


def _scalable(image: Image.Image) -> Image.Image:
    """The picture in a mode whose pixels can be mixed."""
    is_see_through = "transparency" in image.info
    if image.mode in ("P", "PA", "1", "L", "RGB") and is_see_through:
        return image.convert("RGBA")
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.mode == "PA" else "RGB")
    return image.convert("L") if image.mode == "1" else image


def _orientation(image: Image.Image) -> int:
    """Which way up the camera was held; a damaged record of it is no reason to refuse the picture."""
    with suppress(Exception):
        return int(image.getexif().get(_ORIENTATION, 1))
    return 1


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits scaled to 8; Pillow alone would cut it off, which makes it white."""
    return image.convert("I").point(lambda level: level / 257).convert("L") if image.mode.startswith("I") else image


def _on_white(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The bare pixels in sRGB, on white where the picture is transparent."""
    canvas = Image.new("RGB", image.size, "white")
    is_see_through = image.mode in ("LA", "RGBA")
    bare = image.convert(image.mode[:-1]) if is_see_through else image
    canvas.paste(_in_srgb(bare, profile), mask=image.getchannel("A") if is_see_through else None)
    return canvas


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture's colours as its profile means them; a profile that is damaged or another picture's is ignored."""
    if profile and len(profile) <= LARGEST_PROFILE_BYTES:
        with suppress(Exception):
            given = ImageCms.ImageCmsProfile(BytesIO(profile))
            space = given.profile.xcolor_space.strip()
            colours = image.convert("RGB") if (image.mode, space) == ("L", "RGB") else image
            if _SPACES.get(colours.mode) == space:
                converted = ImageCms.profileToProfile(colours, given, ImageCms.createProfile("sRGB"), outputMode="RGB")
                return converted or image.convert("RGB")
    return image.convert("RGB")


# -- the program -----------------------------------------------------------------------------------------------------


def confine(*, cpu_seconds: int, megabytes: int) -> None:
    """From here on: no more processor time and memory than this, and nothing to open; the first to go in need."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    signal.alarm(4 * cpu_seconds)  # if nobody is left who would end it
    limits = {"CPU": cpu_seconds, "AS": megabytes * 1024 * 1024, "CORE": 0, "FSIZE": 0, "NOFILE": 0}
    for name, limit in limits.items():
        with suppress(OSError, ValueError):  # not every system has each
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (limit, limit))


def answer(file: bytes) -> bytes:
    """What the program writes about ``file``."""
    try:
        return b"ok\n" + portrait(file)
    except Refused as refused:
        return str(refused).encode()
    except MemoryError:
        return b"memory"
    except Exception:  # Pillow raises whatever a damaged file makes it stumble over
        return b"damaged"


if __name__ == "__main__":
    sent = sys.stdin.buffer.read()
    confine(cpu_seconds=int(sys.argv[1]), megabytes=int(sys.argv[2]))
    sys.stdout.buffer.write(answer(sent))
