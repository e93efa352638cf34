"""HMS as on several machines, on loopback: nginx, two web servers, a worker, PgBouncer, PostgreSQL and its replica.

The configurations are the examples beside this file, with names and ports replaced. Everything runs in a folder of its
own, as an account that is not root, and ends with the ``with`` block.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg2

from hms.config.engine import SESSION_SETTINGS
from hms.devtools.postgres.guard import account
from hms.devtools.postgres.machine import open_the_way, owner_of, run

DEPLOY = Path(__file__).parent
PROJECT = DEPLOY.parent
NEEDED = ("nginx", "pgbouncer")
SERVER_OPTIONS = (
    "-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c log_statement=all -c log_line_prefix='%a '"
)
FLASK = [sys.executable, "-m", "flask"]
TIMEOUT_SECONDS = 120


class Missing(Exception):
    """A program is not installed; the message says which."""


def require() -> None:
    """Raises :class:`Missing` where nginx or PgBouncer is not installed."""
    for name in NEEDED:
        if not find(name):
            raise Missing(f"{name} is missing: apt-get install nginx-light pgbouncer")


def find(name: str) -> str | None:
    """Where the program is, also where only root usually looks."""
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def until(true: Callable[[], object], *, what: str, seconds: float = TIMEOUT_SECONDS) -> None:
    """Look again and again; ``TimeoutError`` when it never comes true."""
    give_up_at = time.monotonic() + seconds
    while not true():
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"never: {what}")
        time.sleep(0.1)


class Postgres:
    """One PostgreSQL server."""

    def __init__(self, data: Path, *, owner: int, binaries: Path | None = None) -> None:
        self.data, self.port, self._owner, self._binaries = data, free_port(), owner, binaries
        self._log = data.with_suffix(".log")

    def make(self) -> None:
        """An empty primary."""
        self._run("initdb", "-D", str(self.data), "--username=postgres", "--auth=trust", "--encoding=UTF8")

    def follow(self, primary: "Postgres") -> None:
        """A streaming replica, which notices within seconds that nothing streams any more."""
        way = f"host=127.0.0.1 port={primary.port} user=postgres"
        self._run("pg_basebackup", "-D", str(self.data), "-R", "-c", "fast", "-d", way)
        with (self.data / "postgresql.auto.conf").open("a") as file:
            file.write("wal_receiver_timeout = '10s'\nhot_standby_feedback = on\n")

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = f"-p {self.port} {SERVER_OPTIONS}"
        command = ("start", "-D", str(self.data), "-w", "-l", str(self._log), "-o", options)
        self._run("pg_ctl", *command, folder=self.data)

    def stop(self, how: str = "fast") -> None:
        """Stop it; "immediate" is as if it had been killed."""
        with suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "stop", "-D", str(self.data), "-w", "-m", how, folder=self.data)

    def _run(self, program: str, *words: str, folder: Path = Path("/")) -> None:
        run(program, *words, owner=self._owner, folder=folder, binaries=self._binaries)

    def ask(self, statement: str, *, database: str = "hms") -> object:
        """The first value that a statement of the superuser answers, if any."""
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user="postgres", dbname=database)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
        connection.close()
        return row[0] if row else None

    def times_asked(self, words: str) -> int:
        """How many statements of HMS with these words it has been asked."""
        said = self._log.read_text(errors="replace") if self._log.exists() else ""
        return sum(1 for line in re.split(r"^(?=hms )", said, flags=re.MULTILINE) if words in line)

    @property
    def url(self) -> str:
        """How HMS reaches it."""
        return f"postgresql://hms@127.0.0.1:{self.port}/hms"


class Cluster:
    """All of it; ``port`` is nginx's. ``binaries`` is where PostgreSQL's programs are, if not the embedded ones."""

    def __init__(self, *, binaries: Path | None = None) -> None:
        self._binaries = binaries

    def __enter__(self) -> "Cluster":
        require()
        with ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hms-cluster-")))
            owner = owner_of(self.folder)
            open_the_way(self.folder, owner=owner)
            os.chown(self.folder, owner, -1)
            self._owner, self._stack = owner, stack
            self.port, self.pooler_port, self.web_ports = free_port(), free_port(), (free_port(), free_port())
            self.webs: list[subprocess.Popen[bytes]] = []
            self._start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        self.primary = Postgres(self.folder / "primary", owner=self._owner, binaries=self._binaries)
        self.replica = Postgres(self.folder / "replica", owner=self._owner, binaries=self._binaries)
        self.primary.make()
        self._started(self.primary)
        self._make_database()
        self._flask("db", "upgrade", HMS_DATABASE_POOLER="0", HMS_DATABASE_URL=self.primary.url)
        self._flask("demo", "load", HMS_DATABASE_POOLER="0", HMS_DATABASE_URL=self.primary.url)
        self.replica.follow(self.primary)
        self._started(self.replica)
        self._start_pooler()
        for port in self.web_ports:
            self.webs.append(self._program([*FLASK, "web"], environment=self._environment(HMS_PORT=str(port))))
        self._program([*FLASK, "worker"], environment=self._environment())
        self._start_nginx()

    def _started(self, server: Postgres) -> None:
        self._stack.callback(server.stop, "immediate")
        server.start()

    def _make_database(self) -> None:
        self.primary.ask("CREATE ROLE hms LOGIN", database="postgres")
        for name, value in SESSION_SETTINGS.items():
            self.primary.ask(f"ALTER ROLE hms SET {name} = '{value}'", database="postgres")
        self.primary.ask("CREATE DATABASE hms OWNER hms", database="postgres")

    def _start_pooler(self) -> None:
        users = self._write("userlist.txt", '"hms" ""\n')
        text = replaced(
            (DEPLOY / "pgbouncer.ini").read_text(),
            ("host=db.internal port=5432", f"host=127.0.0.1 port={self.primary.port}"),
            ("listen_port = 6432", f"listen_port = {self.pooler_port}"),
            ("auth_type = scram-sha-256", "auth_type = trust"),
            ("/etc/pgbouncer/userlist.txt", str(users)),
            ("[pgbouncer]\n", "[pgbouncer]\nunix_socket_dir =\n"),
        )
        self._program([str(find("pgbouncer")), str(self._write("pgbouncer.ini", text))], **account(self._owner))
        until(lambda: listens(self.pooler_port), what="PgBouncer listens")

    def _start_nginx(self) -> None:
        path = self._write("nginx.conf", nginx_conf(self.folder, port=self.port, upstream=self.web_ports))
        command = [str(find("nginx")), "-p", str(self.folder), "-c", str(path)]
        self._program(command, **account(self._owner))
        until(lambda: listens(self.port), what="nginx listens")

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def _environment(self, **settings: str) -> dict[str, str]:
        others = {name: value for name, value in os.environ.items() if not name.startswith("HMS_")}
        ours = {
            "FLASK_APP": "wsgi",
            "FLASK_SKIP_DOTENV": "1",
            "HMS_MODE": "development",
            "HMS_PROXY_COUNT": "1",
            "HMS_DATABASE_URL": f"postgresql://hms@127.0.0.1:{self.pooler_port}/hms",
            "HMS_DATABASE_POOLER": "1",
            "HMS_READ_DATABASE_URL": self.replica.url,
            "HMS_DATA_DIR": str(self.folder),
        }
        return {**others, **ours, **settings}

    def _flask(self, *words: str, **settings: str) -> None:
        environment = self._environment(HMS_READ_DATABASE_URL="", **settings)
        subprocess.run([*FLASK, *words], cwd=PROJECT, env=environment, check=True, capture_output=True)  # noqa: S603

    def _program(
        self, command: list[str], *, environment: dict[str, str] | None = None, **how: object
    ) -> "subprocess.Popen[bytes]":
        log = self._stack.enter_context((self.folder / "programs.log").open("ab"))
        process = subprocess.Popen(  # type: ignore[call-overload]  # noqa: S603  # our own programs
            command, cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **how
        )
        self._stack.callback(end, process)
        return process

    @property
    def said(self) -> str:
        """What all of the programs have written."""
        return (self.folder / "programs.log").read_text(errors="replace")


def nginx_conf(
    folder: Path, *, port: int, upstream: Sequence[int], certificate: tuple[Path, Path] | None = None
) -> str:
    """The example of a site as it runs on this machine: on ``port``, before the ports ``upstream``.

    It speaks HTTPS where a certificate is given with its key, and HTTP otherwise. What it writes is in ``folder``, the
    access log as ``access.log``.
    """
    servers = "".join(f"server 127.0.0.1:{each} max_fails=0;" for each in upstream)
    site = replaced(
        (DEPLOY / "nginx.conf").read_text(),
        ("server 127.0.0.1:8000 max_fails=0;", servers),
        ("    listen 80;\n    server_name appointments.example.org;\n", f"    listen unix:{folder}/unused;\n"),
        *_encryption(port, certificate),
        ("server_name appointments.example.org;", "server_name _;"),
        ("/var/cache/nginx/hms", str(folder / "cache")),
        ("/var/log/nginx/hms.log", str(folder / "access.log")),
        ("limit_conn visitor 60;", ""),  # here all visitors have one address
    )
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = f"daemon off; pid {folder}/nginx.pid; error_log stderr;\nevents {{ worker_connections 4096; }}\n"
    return f"{main}http {{ access_log off; {temporary}\n{site}\n}}\n"


def _encryption(port: int, certificate: tuple[Path, Path] | None) -> Sequence[tuple[str, str]]:
    """What of the example says where it listens, and what takes its place."""
    if certificate:
        words = ("/etc/ssl/hms.pem", "/etc/ssl/hms.key")
        files = zip(words, map(str, certificate), strict=True)
        return [("listen 443 ssl http2;", f"listen 127.0.0.1:{port} ssl http2;"), *files]
    key = "    ssl_certificate     /etc/ssl/hms.pem;\n    ssl_certificate_key /etc/ssl/hms.key;\n"
    return [("listen 443 ssl http2;", f"listen 127.0.0.1:{port};"), (key, "")]


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    """The text with each first one of a pair replaced; ``ValueError`` when it is not there."""
    for old, new in pairs:
        if old not in text:
            raise ValueError(f"the example has changed: {old!r} is not in it")
        text = text.replace(old, new)
    return text


def listens(port: int) -> bool:
    """Whether somebody listens on the port."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def end(process: "subprocess.Popen[bytes]") -> None:
    """Stop a program in good order, or else by force."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
