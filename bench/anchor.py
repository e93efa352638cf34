"""The anchors of the database, by pgbench: the bare booking transaction, and statements as they stand."""

import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.clinic import PATIENT, SLOT, Clinic
from bench.database import Database
from hms.devtools.postgres.machine import programs

BOOKING = Path(__file__).with_name("booking.sql")
MICROSECOND = 1e-6


class Failed(Exception):
    """pgbench could not do what it was asked."""


@dataclass(frozen=True)
class Anchor:
    """Transactions a second, and the median time of one, in seconds."""

    rate: float
    p50: float


def bookings(database: Database, clinic: Clinic, slots: range, *, clients: int) -> Anchor:
    """The bare transaction that books each of the slots once (but for a remainder), with prepared statements."""
    given = {
        "base": slots.start,
        "turn": 0,
        "clients": clients,
        "doctors": clinic.doctors,
        "patients": clinic.patients,
        "slot_ids": SLOT,
        "patient_ids": PATIENT,
    }
    return _run(database, BOOKING, given, clients=clients, turns=len(slots) // clients, how="prepared")


def statements(database: Database, script: Sequence[str], *, turns: int) -> Anchor:
    """These statements one after the other by one client, as psycopg2 sends them: without preparing them."""
    with tempfile.NamedTemporaryFile("w", prefix="hms-bench-", suffix=".sql") as file:
        file.writelines(f"{_on_one_line(statement)};\n" for statement in script)
        file.flush()
        return _run(database, Path(file.name), {}, clients=1, turns=turns, how="simple")


def _on_one_line(statement: str) -> str:
    """pgbench would take a colon before a word for a variable; the casts that remain are no such thing."""
    return re.sub(r"(?<![:\w]):(?=[A-Za-z_])", " : ", " ".join(statement.split()))


def _run(
    database: Database, script: Path, given: Mapping[str, object], *, clients: int, turns: int, how: str
) -> Anchor:
    with tempfile.TemporaryDirectory(prefix="hms-bench-") as folder:
        log = Path(folder, "times")
        options = ("--no-vacuum", f"--client={clients}", f"--jobs={min(2, clients)}", f"--transactions={turns}")
        logging = ("--log", f"--log-prefix={log}", f"--protocol={how}", f"--file={script}")
        variables = (f"--define={name}={value}" for name, value in given.items())
        words = [str(programs() / "pgbench"), *options, *logging, *variables, database.address]
        answer = subprocess.run(words, capture_output=True, text=True, check=False)
        if answer.returncode:
            raise Failed(f"pgbench failed: {answer.stderr.strip()[-500:]}")
        return Anchor(_rate(answer.stdout), _median_time(Path(folder)))


def _rate(output: str) -> float:
    found = re.search(r"^tps = ([0-9.]+) \(without initial connection time\)", output, re.MULTILINE)
    if not found:
        raise Failed(f"pgbench said something else: {output[-500:]}")
    return float(found[1])


def _median_time(folder: Path) -> float:
    """The log has a line for each transaction, whose third word is its time in microseconds."""
    lines = (line for file in folder.iterdir() for line in file.read_text().splitlines())
    return median(int(line.split()[2]) for line in lines) * MICROSECOND
