"""Make static/week-rows.css: places in the calendar as classes, so that no style attribute is needed (strict policy).

rN        an event begins in row N; rows are five minutes long and counted from the first hour shown
dN        an event is N rows long
rows-N    the calendar shows N rows, that is N / 12 hours
"""

from pathlib import Path

SHEET = Path(__file__).resolve().parent.parent / "hms" / "static" / "week-rows.css"
ROWS_PER_HOUR = 12
ROWS_PER_DAY = 24 * ROWS_PER_HOUR


def make() -> str:
    """The stylesheet for any range of hours of a day, 0 to 24."""
    begins = [f".r{n}{{grid-row-start:{n}}}" for n in range(1, ROWS_PER_DAY + 1)]
    lengths = [f".d{n}{{grid-row-end:span {n}}}" for n in range(1, ROWS_PER_DAY + 1)]
    heights = [f".rows-{n}{{--rows:{n}}}" for n in range(ROWS_PER_HOUR, ROWS_PER_DAY + 1, ROWS_PER_HOUR)]
    lines = ("".join(part) for part in (begins, lengths, heights))
    return "\n".join(["/* Made by tools/make_rows.py. */", "@layer components{", *lines, "}"]) + "\n"


if __name__ == "__main__":
    SHEET.write_text(make(), encoding="utf-8")
    print(f"{SHEET.name}: {SHEET.stat().st_size} bytes")
