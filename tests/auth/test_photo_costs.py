"""Photos that would cost too much: what is refused by its structure alone, and what ends the decoder otherwise."""

import socket
import subprocess
import sys

import pytest
from PIL import Image

from hms.auth import photo_decoder, photos
from hms.auth.photos import NotAPhoto, OtherPhotosFirst, portrait
from hms.errors import Unavailable
from tests.auth import nasty_photos as nasty
from tests.auth.nasty_photos import picture
from tests.waiting import GENEROUS_SECONDS


@pytest.fixture
def undecoded(monkeypatch):
    """Opening a file with Pillow fails the test."""

    def opened(*_, **__):
        raise AssertionError("The file was opened.")

    monkeypatch.setattr(Image, "open", opened)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (nasty.repeated_scans(1000), "scans"),
        (nasty.repeated_scans(60), "scans"),
        (nasty.repeated_scans(60) + picture(), "scans"),
        (nasty.moving_webp(), "moving"),
        (nasty.moving_webp(2), "moving"),
        (nasty.moving_png(), "moving"),
        (nasty.webp_header(8000, 5000), "pixels 16"),
        (nasty.small_canvas_large_frame(8000, 5000), "pixels 16"),
        (nasty.palette_png(8000, 5000), "pixels 24"),
        (nasty.png(60_000, 60_000), "pixels 24"),
        (b"GIF89a" + bytes(20), "damaged"),
    ],
    ids=["scans", "fewer-scans", "polyglot", "webp", "two", "apng", "lossless", "canvas", "palette", "png", "gif"],
)
def test_what_costs_too_much_is_refused_before_it_is_decoded(undecoded, file, reason):
    assert photo_decoder.answer(file) == reason.encode()
    with pytest.raises(NotAPhoto):
        portrait(file)


@pytest.mark.parametrize(
    "file",
    [
        nasty.repeated_scans(1),
        nasty.repeated_scans(20),
        nasty.palette_png(6000, 3900),
        picture(size=(7000, 5700), progressive=True),
        picture(mode="CMYK", colour=(0, 0, 0, 0), size=(7000, 5700), progressive=True),
        picture("WEBP", size=(4600, 3400), lossless=True),
        picture("PNG", mode="RGBA", colour=(1, 2, 3, 4), size=(6000, 3900)),
        picture() + nasty.repeated_scans(1000),
    ],
    ids=["one", "more-scans", "palette", "jpeg", "cmyk", "webp", "rgba", "what-follows-a-photo"],
)
def test_what_people_have_is_taken_within_the_limits(file):
    assert portrait(file).startswith(b"\xff\xd8\xff")


def decoder(monkeypatch, tmp_path, body):
    """Have ``portrait`` ask this program instead."""
    program = tmp_path / "decoder.py"
    program.write_text(f"import sys\nsys.path.insert(0, {str(photos.DECODER.parent)!r})\n{body}\n")
    monkeypatch.setattr(photos, "DECODER", program)


CONFINED = "import photo_decoder as p\nsys.stdin.buffer.read()\np.confine(cpu_seconds=1, megabytes=512)\n"


@pytest.mark.parametrize(
    "body",
    [
        CONFINED + "while True: pass",
        CONFINED + "p.portrait = lambda file: bytes(1 << 30)\nsys.stdout.buffer.write(p.answer(b''))",
        CONFINED + "import os; os.kill(os.getpid(), 11)",
    ],
    ids=["processor", "memory", "crash"],
)
def test_a_decoder_that_takes_too_much_is_ended_and_the_photo_refused(monkeypatch, tmp_path, body):
    decoder(monkeypatch, tmp_path, body)
    with pytest.raises(NotAPhoto, match="open this photo"):
        portrait(picture())


@pytest.mark.parametrize(
    "body", ["sys.stdin.buffer.read()\nimport time; time.sleep(600)", "import time; time.sleep(600)"]
)
def test_a_decoder_that_never_answers_is_ended(monkeypatch, tmp_path, body):
    decoder(monkeypatch, tmp_path, body)
    monkeypatch.setattr(photos, "LONGEST_SECONDS", 0.3)
    with pytest.raises(NotAPhoto, match="open this photo"):
        portrait(picture() + bytes(1024 * 1024))


def test_a_decoder_that_writes_without_end_is_not_listened_to(monkeypatch, tmp_path):
    decoder(monkeypatch, tmp_path, "sys.stdin.buffer.read()\nwhile True: sys.stdout.buffer.write(b'x' * 65536)")
    with pytest.raises(NotAPhoto):
        portrait(picture())


def test_a_decoder_that_cannot_run_is_our_fault_and_not_the_photos(monkeypatch, tmp_path, caplog):
    decoder(monkeypatch, tmp_path, "import nothing_that_exists")
    with pytest.raises(Unavailable):
        portrait(picture())
    assert "photo decoder" in caplog.text
    monkeypatch.setattr(sys, "executable", "/nothing/there")
    with pytest.raises(Unavailable):
        portrait(picture())


def test_the_decoder_inherits_no_secret_and_no_connection(monkeypatch, tmp_path):
    decoder(
        monkeypatch,
        tmp_path,
        "import os\nsys.stdin.buffer.read()\n"
        "fds = sorted(int(fd) for fd in os.listdir('/dev/fd') if int(fd) < 100)\n"
        "held = [fd for fd in fds if fd > 2 and os.path.exists(f'/dev/fd/{fd}')]\n"
        "names = [name for name in os.environ if name not in ('LC_CTYPE', 'PYTHONPATH')]\n"
        "sys.stdout.write(f'ok\\n{held} {names} {os.getcwd()}')",
    )
    monkeypatch.setenv("HMS_SECRET_KEY", "CANARY")
    with socket.socket() as listening:
        listening.set_inheritable(True)
        assert portrait(picture()) == b"[] [] /"


def test_once_it_has_begun_the_decoder_opens_nothing():
    body = f"import sys; sys.path.insert(0, {str(photos.DECODER.parent)!r}); import photo_decoder as p\n"
    body += "p.confine(cpu_seconds=5, megabytes=512)\ntry: open('/etc/hostname')\nexcept OSError: print('closed')"
    ran = subprocess.run([sys.executable, "-c", body], capture_output=True, text=True, timeout=GENEROUS_SECONDS)
    assert ran.stdout == "closed\n", ran.stderr


def test_one_photo_is_decoded_at_a_time_and_the_next_is_told_to_wait(monkeypatch):
    monkeypatch.setattr(photos, "LONGEST_WAIT_SECONDS", 0.01)
    with photos._turn, pytest.raises(OtherPhotosFirst):
        portrait(picture())
    for damaged in (b"no photo", picture()):
        try:
            portrait(damaged)
        except NotAPhoto:
            continue
    assert photos._turn.acquire(blocking=False)
    photos._turn.release()
