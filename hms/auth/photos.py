"""A doctor's picture, made anew from what was sent, so that nothing of the sender's file is ever served.

The file is decoded by a program of its own (:mod:`hms.auth.photo_decoder`), one at a time for each web process: what a
file costs there, it costs nobody else.
"""

import logging
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from hms.errors import Invalid, Unavailable

log = logging.getLogger(__name__)

LARGEST_BYTES = 8 * 1024 * 1024
LARGEST_MADE_BYTES = 1024 * 1024
CPU_SECONDS, MEGABYTES = 10, 640
LONGEST_SECONDS = 30.0
LONGEST_WAIT_SECONDS = 1.0

DECODER = Path(__file__).with_name("photo_decoder.py")
_turn = threading.BoundedSemaphore(1)


class NotAPhoto(Invalid):
    """The file cannot be used as a photo."""

    code = "not-a-photo"
    message = "Choose a photo as a JPEG, PNG or WebP file. This file is a different type, or is damaged."


class OtherPhotosFirst(Unavailable):
    """Another photo is being worked on."""

    code = "other-photos-first"
    message = "We're working on another photo right now. Nothing was saved. Choose your photo again in a few seconds."


class PhotosAreOff(Unavailable):
    """The decoder cannot run; the log says why."""

    code = "photos-are-off"
    message = "We can't open photos right now. Nothing was saved. Leave the photo out, or try again later."


_TOO_MUCH_WORK = "We can’t open this photo. Save it as a JPEG and try again."
_SENTENCES = {
    "moving": "Choose a still photo. This file is an animation.",
    "scans": _TOO_MUCH_WORK,
    "memory": _TOO_MUCH_WORK,
    "damaged": NotAPhoto.message,
}


def portrait(upload: bytes) -> bytes:
    """A square JPEG of 512 pixels a side, upright, in sRGB, without metadata.

    Raises :class:`NotAPhoto`, about ``photo``; :class:`OtherPhotosFirst` when another one is being worked on.
    """
    if not upload:
        raise NotAPhoto("This file is empty. Choose a different photo.", field="photo")
    if len(upload) > LARGEST_BYTES:
        raise NotAPhoto("Choose a photo of at most 8 MB.", field="photo")
    if not _turn.acquire(timeout=LONGEST_WAIT_SECONDS):
        raise OtherPhotosFirst(field="photo")
    try:
        word, _, jpeg = _decode(upload).partition(b"\n")
    finally:
        _turn.release()
    if word == b"ok":
        return jpeg
    raise NotAPhoto(_sentence(word.decode()), field="photo")


def _sentence(word: str) -> str:
    name, _, limit = word.partition(" ")
    if name == "pixels":
        return f"Choose a smaller photo, of at most {limit} megapixels."
    return _SENTENCES.get(name, _TOO_MUCH_WORK)


def _decode(upload: bytes) -> bytes:
    """The decoder's answer; nothing when it was ended for taking too long or too much.

    It inherits no file, no socket and no variable. Raises :class:`PhotosAreOff` when it cannot run.
    """
    try:
        decoder = subprocess.Popen(  # noqa: S603  # our own program; the file goes to its standard input
            [sys.executable, "-s", "-P", str(DECODER), str(CPU_SECONDS), str(MEGABYTES)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
            cwd="/",
            close_fds=True,
            start_new_session=True,
        )
    except OSError as error:
        raise PhotosAreOff(field="photo") from error
    return _answer_of(decoder, upload)


def _answer_of(decoder: "subprocess.Popen[bytes]", upload: bytes) -> bytes:
    end = threading.Timer(LONGEST_SECONDS, decoder.kill)
    end.start()
    try:
        with decoder:
            with suppress(BrokenPipeError):
                decoder.stdin.write(upload)  # type: ignore[union-attr]  # both are pipes
                decoder.stdin.close()  # type: ignore[union-attr]
            answer = decoder.stdout.read(LARGEST_MADE_BYTES)  # type: ignore[union-attr]
    finally:
        end.cancel()
    if not answer and decoder.returncode > 0:
        log.error("The photo decoder ended with code %s. Run %s by hand to see why.", decoder.returncode, DECODER)
        raise PhotosAreOff(field="photo")
    return answer
