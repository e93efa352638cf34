"""Static files: each under a name with the hash of its content, to be kept for ever, and compressed once by WhiteNoise.

``asset('portal.css')`` is the address of ``portal.3f2a9c1b2d4e.css``; style sheets name their fonts in the same way. A
plain name, and one with the hash of another version, lead to the file as it is now, which nobody keeps: while HMS is
loaded anew, a page of the old version finds its files at a process of the new one. In debug mode all names are plain.
"""

import hashlib
import re
import shutil
import tempfile
from functools import cache, lru_cache
from multiprocessing.util import Finalize
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import NamedTuple
from wsgiref.headers import Headers

from flask import Flask, current_app, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response
from whitenoise import WhiteNoise
from whitenoise.compress import Compressor

HASH_LETTERS = 12
HASHED = re.compile(rf"\.([0-9a-f]{{{HASH_LETTERS}}})(?=\.[^./]+$)")
"""The hash in a name."""

URL = re.compile(r'url\("([^"]+)"\)')
"""Where a style sheet names another file, by a path from its own folder."""


class Asset(NamedTuple):
    """A file as it is handed out: the name with the hash of its content, and the content."""

    name: str
    content: bytes


def init_app(app: Flask) -> None:
    """Give templates ``asset()`` and ``icon()``, and hand the files out."""
    app.extensions["hms.asset_addresses"] = {}
    app.add_template_global(asset)
    app.add_template_global(icon)
    app.view_functions["static"] = static


def asset(filename: str) -> str:
    """The address of a static file."""
    if current_app.debug:
        return url_for("static", filename=filename)
    addresses: dict[tuple[str, str], str] = current_app.extensions["hms.asset_addresses"]
    where = (request.script_root, filename)
    if where not in addresses:
        addresses[where] = url_for("static", filename=read_assets(_folder())[filename].name)
    return addresses[where]


def icon(name: str, label: str | None = None) -> Markup:
    """The picture of that name in ``icons.svg``; with a label, hidden words stand beside it. See ``ui/icon.html``."""
    return _icon(asset("icons.svg"), name, label)


@lru_cache(maxsize=1024)
def _icon(sprite: str, name: str, label: str | None) -> Markup:
    words = Markup('<span class="vh">{}</span>').format(label) if label else ""
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>{}').format(sprite, name, words)


def static(filename: str) -> Response:
    """A static file: compressed and for ever under the name with its hash, else as it is now."""
    if any(filename == each.name for each in read_assets(_folder()).values()):
        try:
            return current_app.response_class.from_app(_compressed(), request.environ)
        except OSError as error:  # the temporary folder is full, or was cleared
            current_app.logger.warning("a static file is served as it is: %s", error)
    return current_app.send_static_file(HASHED.sub("", filename))


@cache
def read_assets(folder: Path) -> dict[str, Asset]:
    """All files of the folder, by their plain names. Raises ``KeyError`` for a style sheet that names a missing one."""
    contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assets = {name: _named(name, content) for name, content in contents.items() if not name.endswith(".css")}
    sheets = {name: content.decode() for name, content in contents.items() if name.endswith(".css")}
    return assets | {name: _named(name, _with_hashes(name, sheet, assets).encode()) for name, sheet in sheets.items()}


def _named(name: str, content: bytes) -> Asset:
    path, digest = PurePosixPath(name), hashlib.sha256(content).hexdigest()[:HASH_LETTERS]
    return Asset(str(path.with_name(f"{path.stem}.{digest}{path.suffix}")), content)


def _with_hashes(name: str, sheet: str, assets: dict[str, Asset]) -> str:
    """A style sheet that names other files by their hashes."""
    folder = PurePosixPath(name).parent

    def hashed(found: re.Match[str]) -> str:
        return f'url("{PurePosixPath(assets[str(folder / found[1])].name).relative_to(folder)}")'

    return URL.sub(hashed, sheet)


def _folder() -> Path:
    return Path(str(current_app.static_folder))


_compressing = Lock()


def _compressed() -> WhiteNoise:
    """Serves the names with hashes. Made when a file is first asked for: a command and a worker never ask."""
    with _compressing:
        return _compress(_folder(), str(current_app.static_url_path))


@cache
def _compress(source: Path, prefix: str) -> WhiteNoise:
    """Compress all files into a temporary folder, which goes with the process. Raises ``OSError``."""
    folder = Path(tempfile.mkdtemp(prefix="hms-static-"))
    Finalize(None, shutil.rmtree, (folder, True), exitpriority=0)  # unlike atexit, also in granian's processes
    compressor = Compressor(quiet=True)
    for asset in read_assets(source).values():
        target = folder / asset.name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(asset.content)
        if compressor.should_compress(asset.name):
            compressor.compress(str(target))
    return WhiteNoise(
        NotFound(),
        root=str(folder),
        prefix=prefix,
        allow_all_origins=False,
        immutable_file_test=HASHED.pattern,
        add_headers_function=_tag,
    )


def _tag(headers: Headers, path: str, url: str) -> None:
    """The hash is the file's tag, so that all processes call it the same."""
    headers["ETag"] = f'"{HASHED.findall(url)[-1]}"'
