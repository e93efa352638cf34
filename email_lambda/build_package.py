"""Builds .build/email-function.zip: what AWS Lambda runs. Needs pip and nothing else (no docker).

Jinja2 and MarkupSafe come as wheels in the versions and with the hashes of requirements.txt, for Lambda's own platform
and Python whatever this machine is. boto3, which only the DynamoDB memory uses, is part of Lambda's runtime.
The same sources give the same bytes, so an unchanged function is not deployed again.
"""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE / ".build"
LIBRARIES = BUILD / "libraries"
ARCHIVE = BUILD / "email-function.zip"

# serverless.yml names the same runtime and architecture.
PLATFORM = ("--platform", "manylinux2014_x86_64", "--implementation", "cp", "--python-version", "3.12")
NOT_FOR_LAMBDA = ("build_package.py",)
LONG_AGO = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    """Build the archive and say where it is."""
    shutil.rmtree(BUILD, ignore_errors=True)
    LIBRARIES.mkdir(parents=True)
    _install_libraries()
    with zipfile.ZipFile(ARCHIVE, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(_contents()):
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    sys.stdout.write(f"{ARCHIVE.relative_to(HERE)}: {ARCHIVE.stat().st_size // 1024} KiB\n")


def _install_libraries() -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    wanted = ["--only-binary=:all:", "--no-deps", "--require-hashes", "-r", str(HERE / "requirements.txt")]
    subprocess.run([*pip, *wanted, *PLATFORM, "--target", str(LIBRARIES)], check=True)  # noqa: S603


def _contents() -> Iterator[tuple[str, Path]]:
    for path in LIBRARIES.rglob("*"):
        if path.is_file() and path.parts[len(LIBRARIES.parts)] != "bin":
            yield path.relative_to(LIBRARIES).as_posix(), path
    for path in (*HERE.glob("*.py"), *HERE.glob("templates/*")):
        if path.name not in NOT_FOR_LAMBDA:
            yield path.relative_to(HERE.parent).as_posix(), path


if __name__ == "__main__":
    main()
