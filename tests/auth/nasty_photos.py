"""Files that cost whoever opens them, or mean something else than they seem to. Each is made here, from nothing."""

import struct
import zlib
from io import BytesIO

from PIL import Image, ImageCms


def picture(kind="JPEG", *, size=(600, 400), mode="RGB", colour="teal", **options):
    """The bytes of a picture."""
    made = BytesIO()
    Image.new(mode, size, colour).save(made, kind, **options)
    return made.getvalue()


def png(width, height, *, depth=8, kind=2, rows=b"", before=b""):
    """A PNG file with these pixels; ``kind`` is its colour type, ``before`` are chunks before the pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = (png_chunk(b"IHDR", header), before, png_chunk(b"IDAT", zlib.compress(rows)), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def palette_png(width, height):
    """Few bytes, many pixels, each of which needs four bytes once it is unpacked."""
    return png(width, height, kind=3, before=png_chunk(b"PLTE", bytes(768)), rows=bytes((width + 1) * height))


def moving_png():
    return png(8, 8, kind=0, before=png_chunk(b"acTL", struct.pack(">II", 2, 0)), rows=bytes(9 * 8))


def repeated_scans(times, *, size=(600, 400)):
    """A progressive JPEG whose last scan is drawn again and again."""
    file = picture(size=size, progressive=True)
    last, end = file.rindex(b"\xff\xda"), file.rindex(b"\xff\xd9")
    return file[:last] + file[last:end] * times + file[end:]


def webp_header(width, height):
    """A lossless WebP that says how large it is."""
    data = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(8)
    return _riff(b"VP8L" + struct.pack("<I", len(data)) + data + bytes(len(data) % 2))


def small_canvas_large_frame(width, height):
    """An extended WebP whose canvas is small and whose picture is not."""
    canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\7\0\0\7\0\0"
    return _riff(canvas + webp_header(width, height)[12:])


def _riff(chunks):
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def moving_webp(frames=30):
    pictures = [Image.new("RGB", (64, 64), (n * 8, 0, 0)) for n in range(frames)]
    made = BytesIO()
    pictures[0].save(made, "WEBP", save_all=True, append_images=pictures[1:], duration=40)
    return made.getvalue()


def grey_16(level, *, size=(64, 64)):
    """A PNG of one grey of 16 bits: 0 is black, 65535 is white."""
    width, height = size
    return png(width, height, depth=16, kind=0, rows=(b"\0" + struct.pack(">H", level) * width) * height)


def red_means_blue():
    """A colour profile like sRGB, but with the first and the last channel exchanged."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return srgb.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")


def damaged_exif(kind="JPEG"):
    return picture(kind, exif=b"Exif\0\0II*\0\xff\xff\xff\x7f" + b"\xff" * 40)
