"""Portraits of the demo clinic's doctors, drawn here: nobody's photo, nobody's licence.

A face is drawn on a square of 96 units. It is stored as a doctor's own upload would be, by the same service.
"""

from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageDraw

UNITS, PIXELS, FINER = 96, 512, 2


class Look(NamedTuple):
    """What tells a face from others: tones as ``#rrggbb``, the cut of the hair, and what else there is to see."""

    skin: str
    hair: str
    cut: str
    coat: str
    ground: str
    extra: str = ""


LOOKS = {
    "Dr Anil Bose": Look("#b98255", "#2a211e", "short", "#f4f6f5", "#e6e4f8", "glasses"),
    "Dr Ngozi Eze": Look("#7a4a2e", "#1f1815", "curls", "#0b5c5f", "#dcefec"),
    "Dr Marta Kowalska": Look("#f1cdb0", "#b8854a", "bob", "#f4f6f5", "#fbe9c8"),
    "Dr Tomás Herrera": Look("#d9a57a", "#3a2a22", "short", "#34525c", "#e4e9ea", "beard"),
    "Dr Aiko Tanaka": Look("#eec7a4", "#1f1a1c", "bun", "#6f60cf", "#dcefe2"),
    "Prof Samuel Adeyemi": Look("#5f3a26", "#b9b6b2", "cropped", "#34525c", "#fbe9c8", "glasses beard"),
    "Dr Ingrid Solheim": Look("#f3d3ba", "#c9ccc9", "bob", "#0b5c5f", "#e6e4f8", "glasses"),
    "Dr Karim Haddad": Look("#d3a078", "#1e1917", "short", "#f4f6f5", "#dcefec", "beard"),
    "Dr Grace Lindqvist": Look("#f3d3ba", "#d9b271", "long", "#34525c", "#dcefe2"),
    "Dr Peter O'Malley": Look("#f0cbb2", "#c9ccc9", "bald", "#f4f6f5", "#e4e9ea", "glasses"),
    "Dr Linh Nguyễn": Look("#ecc49c", "#231a17", "long", "#f4f6f5", "#fbe9c8"),
    "Dr Farah Siddiqui": Look("#c08d62", "#2f6f86", "scarf", "#f4f6f5", "#e6e4f8"),
}
"""The faces of those with a written profile, by name."""

BEHIND = {
    "long": [(25, 16, 71, 62), (26, 40, 70, 80)],
    "bob": [(26, 16, 70, 62)],
    "curls": [(27, 9, 69, 49), (20, 26, 44, 50), (52, 26, 76, 50), (21, 40, 41, 60), (55, 40, 75, 60)],
    "bun": [(39, 5, 57, 23), (29, 17, 67, 55)],
    "scarf": [(23, 14, 73, 70), (27, 50, 69, 84)],
    "short": [(29, 16, 67, 54)],
    "cropped": [(30, 20, 66, 56)],
    "bald": [(29, 36, 37, 52), (59, 36, 67, 52)],
}
"""The ellipses of hair behind the face."""


class Pencil:
    """Draws on a finer grid than the picture has, so that edges come out smooth."""

    def __init__(self, ground: str) -> None:
        self._scale = PIXELS * FINER / UNITS
        self._image = Image.new("RGB", (PIXELS * FINER, PIXELS * FINER), ground)
        self._draw = ImageDraw.Draw(self._image)

    def ellipse(self, *box: float, fill: str) -> None:
        """A filled ellipse."""
        self._draw.ellipse(self._scaled(box), fill=fill)

    def ring(self, *box: float, tone: str, width: float) -> None:
        """The edge of an ellipse."""
        self._draw.ellipse(self._scaled(box), outline=tone, width=round(width * self._scale))

    def part(self, *box: float, angles: tuple[int, int], fill: str) -> None:
        """A part of an ellipse, cut off straight; angles run clockwise from the right."""
        self._draw.chord(self._scaled(box), *angles, fill=fill)

    def curve(self, *box: float, angles: tuple[int, int], tone: str, width: float = 1.5) -> None:
        """A piece of the edge of an ellipse."""
        self._draw.arc(self._scaled(box), *angles, fill=tone, width=round(width * self._scale))

    def shape(self, *points: tuple[float, float], fill: str) -> None:
        """A filled polygon."""
        self._draw.polygon([(x * self._scale, y * self._scale) for x, y in points], fill=fill)

    def png(self) -> bytes:
        """The picture as a file."""
        file = BytesIO()
        self._image.resize((PIXELS, PIXELS), Image.Resampling.LANCZOS).save(file, "PNG")
        return file.getvalue()

    def _scaled(self, box: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(edge * self._scale for edge in box)


def draw(look: Look) -> bytes:
    """The face as a PNG file."""
    pencil = Pencil(look.ground)
    for box in BEHIND[look.cut]:
        pencil.ellipse(*box, fill=look.hair)
    _shoulders(pencil, look)
    pencil.ellipse(32.5, 26, 63.5, 63.5, fill=look.skin)
    _hair_in_front(pencil, look)
    _features(pencil, look)
    return pencil.png()


def _shoulders(pencil: Pencil, look: Look) -> None:
    pencil.ellipse(8, 70, 88, 140, fill=look.coat)
    pencil.shape((40, 56), (56, 56), (56, 73), (48, 82), (40, 73), fill=look.skin)
    pencil.part(40, 50, 56, 69, angles=(0, 180), fill=_darker(look.skin))
    if look.cut == "scarf":
        pencil.part(27, 40, 69, 84, angles=(10, 170), fill=look.hair)
        return
    collar = "#dfe6e4" if look.coat == "#f4f6f5" else "#ffffff"
    pencil.shape((36, 70), (48, 82), (41, 91), (31, 74), fill=collar)
    pencil.shape((60, 70), (48, 82), (55, 91), (65, 74), fill=collar)


def _hair_in_front(pencil: Pencil, look: Look) -> None:
    if look.cut in ("short", "bun", "bob", "long", "curls"):
        pencil.part(31, 20, 65, 54, angles=(200, 340), fill=look.hair)
    if "beard" in look.extra:
        pencil.part(32.5, 30, 63.5, 66.5, angles=(15, 165), fill=look.hair)
        pencil.ellipse(39, 47, 57, 59, fill=look.skin)


def _features(pencil: Pencil, look: Look) -> None:
    dark = "#2a1d18"
    for x in (41.5, 54.5):
        pencil.ellipse(x - 1.7, 43.3, x + 1.7, 46.7, fill=dark)
        pencil.curve(x - 4, 38, x + 4, 44, angles=(215, 325), tone=dark, width=1.1)
        if "glasses" in look.extra:
            pencil.ring(x - 6, 39, x + 6, 51, tone="#26323a", width=1.4)
    if "glasses" in look.extra:
        pencil.curve(46, 42, 50, 47, angles=(190, 350), tone="#26323a", width=1.4)
    pencil.curve(42.5, 48, 53.5, 57.5, angles=(30, 150), tone="#8c3b32")


def _darker(tone: str) -> str:
    """The shadow of a tone."""
    return "#" + "".join(f"{int(tone[at : at + 2], 16) * 86 // 100:02x}" for at in (1, 3, 5))
