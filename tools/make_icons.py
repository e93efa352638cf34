"""Make the sprites static/icons.svg and static/directory.svg from the npm package lucide-static (ISC licence).

``npm pack lucide-static@1.62.0 && tar xzf lucide-static-1.62.0.tgz`` fetches it,
``python tools/make_icons.py package/icons`` writes them: the second has what only the
pages for finding a doctor show.
"""

import re
import sys
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "hms" / "static"

# One string, because a list would take a line for each name.
NAMES = """
arrow-left arrow-right badge-check ban bell briefcase-medical building-2 cake calendar-check
calendar-clock calendar-days calendar-off calendar-plus calendar-range calendar-sync calendar-x
chart-column check check-check chevron-down chevron-left chevron-right circle-alert circle-check
circle-question-mark circle-x clipboard-list clock contact copy credit-card download ellipsis eye
eye-off file-text globe graduation-cap heart-pulse history hourglass house id-card image inbox info
key-round languages layout-dashboard link-2 list list-checks lock log-in log-out mail map-pin moon
notebook-pen pencil phone pill plus printer receipt refresh-cw repeat save search search-x
server-off settings shield-alert shield-check siren sliders-horizontal stethoscope sun sunrise
sunset trash-2 triangle-alert undo-2 unlink upload user-check user-plus user-round user-x users
video wifi-off x
""".split()  # noqa: SIM905

DIRECTORY = """
accessibility activity baby banknote bone brain bus car droplets ear external-link eye flower-2 hand
hand-heart heart-pulse map map-pinned message-circle ribbon scan-line scissors smile stethoscope
train-front utensils wind
""".split()  # noqa: SIM905

SPRITES = {"icons.svg": NAMES, "directory.svg": DIRECTORY}

OPEN = (
    '<symbol id="{}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"'
    ' stroke-linecap="round" stroke-linejoin="round">'
)


def make(names: list[str], icons: Path) -> str:
    """A sprite, one symbol a line, from the folder of single icons."""
    symbols = [OPEN.format(name) + _shapes(icons / f"{name}.svg") + "</symbol>" for name in names]
    return "\n".join(['<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>"]) + "\n"


def _shapes(path: Path) -> str:
    if not path.is_file():
        raise SystemExit(f"the package has no icon {path.stem}")
    found = re.search(r"<svg[^>]*>(.*)</svg>", path.read_text(encoding="utf-8"), re.DOTALL)
    if found is None:
        raise SystemExit(f"{path} is not an SVG file")
    return re.sub(r">\s+<", "><", re.sub(r"\s+", " ", found.group(1)).strip())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for sprite, names in SPRITES.items():
        (STATIC / sprite).write_text(make(names, Path(sys.argv[1])), encoding="utf-8")
        print(f"{sprite}: {len(names)} icons, {(STATIC / sprite).stat().st_size} bytes")
