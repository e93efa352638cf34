"""Libraries of which we use names that they do not promise to keep stay below their next minor version.

Somebody reads what became of these names before a new one comes in. Each has its worth in docs/performance.md, or keeps
requests from being lost.
"""

import configparser
import importlib.metadata
from pathlib import Path

import pytest
from granian import _signals
from granian.server import MPServer
from gunicorn.workers.gthread import ThreadWorker
from packaging.requirements import Requirement
from sqlalchemy import Connection, Engine

ROOT = Path(__file__).parents[1]
PRIVATE = {
    "SQLAlchemy": {
        Connection: ["_handle_dbapi_exception", "_has_events"],  # hms/prepared.py: a Prepared sends its own statements
        Engine: ["_has_events"],
    },
    "granian": {
        MPServer: ["_serve_loop", "_init_shared_socket", "_spawn_worker", "_spawn_wsgi_worker", "_respawn_workers"],
        _signals: ["set_main_signals"],  # hms/server/inherited_sockets.py: a socket for each process, and its drain
    },
    "gunicorn": {ThreadWorker: ["enqueue_req"]},  # hms/server/gunicorn_conf.py: /healthz while all threads are taken
}


def wanted(library: str) -> Requirement:
    """What setup.cfg says of the library."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    lines = config["options"]["install_requires"].split("\n")
    return next(one for one in map(Requirement, filter(None, lines)) if one.name == library)


@pytest.mark.parametrize("library", PRIVATE)
def test_it_stays_below_the_next_minor_version(library):
    version = importlib.metadata.version(library)
    major, minor, *_ = map(int, version.split("."))
    allowed = wanted(library).specifier
    assert allowed.contains(version)
    assert not allowed.contains(f"{major}.{minor + 1}.0")


@pytest.mark.parametrize("library", PRIVATE)
def test_the_names_are_there(library):
    missing = [name for where, names in PRIVATE[library].items() for name in names if not hasattr(where, name)]
    assert missing == []
