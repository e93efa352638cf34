"""Front-end files that come from elsewhere.

``python tools/vendor.py check`` says whether a copied file was touched since; it needs the standard library only.
``python tools/vendor.py update`` fetches the packages below with npm and writes files, licences and lock anew.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "hms" / "static"
LOCK = "vendor.lock.json"
LICENSES = "vendor/LICENSES.txt"

# package@version: {file in the package: file under static/}. The sprite icons.svg is made by make_icons.py.
PACKAGES: dict[str, dict[str, str]] = {
    "htmx.org@4.0.1": {"package/dist/htmx.min.js": "vendor/htmx-4.0.1.min.js"},
    "@fontsource-variable/figtree@5.3.0": {
        "package/files/figtree-latin-wght-normal.woff2": "fonts/figtree-latin.woff2",
        "package/files/figtree-latin-ext-wght-normal.woff2": "fonts/figtree-latin-ext.woff2",
    },
    "lucide-static@1.62.0": {},
}


def main(arguments: list[str]) -> int:
    """Run ``check`` or ``update`` and answer the exit status."""
    if arguments == ["update"]:
        update(STATIC)
        return 0
    if arguments == ["check"]:
        changed = find_changed(STATIC)
        print("changed since they were copied:" if changed else "vendored files match the lock", *changed)
        return 1 if changed else 0
    print(__doc__)
    return 2


def find_changed(static: Path) -> list[str]:
    """Names of the files under ``static`` that are missing or differ from the lock, and of strangers among them."""
    lock = json.loads((static / LOCK).read_text(encoding="utf-8"))
    changed = [name for name, entry in lock.items() if _sha256(static / name) != entry["sha256"]]
    present = {f"{folder}/{path.name}" for folder in ("vendor", "fonts") for path in (static / folder).iterdir()}
    return sorted(changed) + sorted(present - set(lock))


def update(static: Path) -> None:
    """Fetch every package, compare it with npm's integrity value, and write files, licences and lock."""
    lock: dict[str, dict[str, str]] = {}
    licences: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        for package, files in PACKAGES.items():
            archive, integrity = _fetch(package, Path(scratch))
            for source, target in files.items():
                _write(static / target, _read(archive, source))
                lock[target] = {"from": package, "integrity": integrity, "sha256": _sha256(static / target)}
            licences.append(_licence(package, archive))
    _write(static / LICENSES, "\n".join(licences).encode())
    lock[LICENSES] = {"from": ", ".join(PACKAGES), "sha256": _sha256(static / LICENSES)}
    _write(static / LOCK, (json.dumps(lock, indent=2) + "\n").encode())


def _fetch(package: str, scratch: Path) -> tuple[Path, str]:
    command = ["npm", "pack", package, "--json", "--pack-destination", str(scratch)]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    packed = answer[0] if isinstance(answer, list) else next(iter(answer.values()))
    archive = scratch / packed["filename"].replace("@", "").replace("/", "-")
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if integrity != packed["integrity"]:
        raise SystemExit(f"{package}: the archive is not the one that the registry announces")
    return archive, integrity


def _read(archive: Path, name: str) -> bytes:
    with tarfile.open(archive) as tar:
        member = tar.extractfile(name)
        if member is None:
            raise SystemExit(f"{archive.name}: {name} is not a file")
        return member.read()


def _licence(package: str, archive: Path) -> str:
    text = _read(archive, "package/LICENSE").decode().strip()
    return f"{'=' * 78}\n{package}\n{'=' * 78}\n\n{text}\n"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
