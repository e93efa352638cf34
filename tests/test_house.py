"""The rules of the house that no single test of a capability would notice to be broken."""

import ast
import configparser
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from pytest_socket import SocketConnectBlockedError

from hms.areas import access_of, blueprint
from hms.areas.blueprints import check
from hms.auth.guards import ROLES

ROOT = Path(__file__).parents[1]
HMS, TEMPLATES = ROOT / "hms", ROOT / "hms" / "templates"
SOURCES = sorted(HMS.rglob("*.py"))
PAGES = sorted(TEMPLATES.rglob("*.html"))

HOMELESS = {"utils", "util", "helpers", "common", "core", "extensions", "misc", "tools", "lib", "shared"}
READS_THE_TIME = re.compile(r"(.*\.)?((datetime|date)\.(now|utcnow|today)|time\.(time|time_ns|localtime|gmtime))")
SHOWN_UNDER_OTHER_ENDPOINTS = {"recovery/ended.html"}  # what both kinds of link answer once they are over
INLINE = {
    "a script": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "a style": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "a handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
    "markup taken for safe": re.compile(r"\|\s*safe\b|autoescape\s+false"),
}


def name_of(path: Path) -> str:
    """A path as people write it."""
    return str(path.relative_to(ROOT))


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """Every call in a file: its line, and the dotted name that is called."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


# -- routes --------------------------------------------------------------------------------------------------------


def access_by_endpoint(app: Flask) -> dict[str, str | None]:
    """Whom each endpoint says that it lets in."""
    with app.app_context():
        return {rule.endpoint: access_of(rule.endpoint) for rule in app.url_map.iter_rules()}


def undeclared(app: Flask) -> list[str]:
    """The endpoints of which nothing says whom they let in."""
    return sorted(endpoint for endpoint, access in access_by_endpoint(app).items() if access is None)


@pytest.fixture(scope="module", params=["testing", "development"])
def any_app(request, new_app, new_database):
    """The application in each mode: development has pages of its own."""
    return new_app(new_database(), MODE=request.param, SECRET_KEY="s" * 40)


def test_every_route_declares_whom_it_lets_in(any_app):
    assert undeclared(any_app) == []


def test_a_route_that_declares_nothing_would_be_noticed(new_app, new_database):
    app = new_app(new_database())
    app.add_url_rule("/sneaked-in", "sneaked_in", lambda: "")
    assert undeclared(app) == ["sneaked_in"]


def test_every_declared_access_is_one_that_guards_know(any_app):
    assert set(access_by_endpoint(any_app).values()) <= {"public", *ROLES}


def test_the_guard_stands_at_the_door_of_every_blueprint(any_app):
    """Declaring an access is not enough: the first that a blueprint does with a request is to ask the guard."""
    for name, pages in any_app.blueprints.items():
        assert isinstance(pages, blueprint), name
        assert any_app.before_request_funcs[name][0] is check, name


def test_pages_that_act_are_not_reached_by_following_a_link(any_app):
    """The verbs of the house are POST only, or show a page with a button first."""
    verbs = ("arrive", "complete", "no-show", "undo", "delete", "logout", "series", "send")
    for rule in any_app.url_map.iter_rules():
        if str(rule).rsplit("/", 1)[-1] in verbs:
            assert "GET" not in rule.methods, rule


# -- templates -----------------------------------------------------------------------------------------------------


def templates_named_in(paths: list[Path]) -> set[str]:
    """Every ``….html`` that a string in these files names."""
    return {name for path in paths for name in re.findall(r"""["']([\w./-]+\.html)["']""", path.read_text())}


def test_every_template_that_is_named_exists():
    there = {str(path.relative_to(TEMPLATES)) for path in PAGES}
    endpoints = {"mailbox.html"}
    assert templates_named_in([*SOURCES, *PAGES]) - there - endpoints == set()


def test_every_template_is_used():
    named = templates_named_in([*SOURCES, *PAGES])
    assert {str(path.relative_to(TEMPLATES)) for path in PAGES} - named == set()


def test_every_page_has_the_name_of_its_endpoint(new_app, new_database):
    """A page is an endpoint's, a fragment (``_name``), a base, a macro file (``ui/``) or an error page."""
    app = new_app(new_database(), MODE="development", SECRET_KEY="s" * 40)
    endpoints = {rule.endpoint.replace(".", "/") + ".html" for rule in app.url_map.iter_rules()}
    names = {str(path.relative_to(TEMPLATES)) for path in PAGES}
    homeless = {name for name in names - endpoints if not re.match(r"(.*/)?(_|base)|ui/|errors/", name)}
    assert homeless == SHOWN_UNDER_OTHER_ENDPOINTS


FRAMES = [*TEMPLATES.glob("base*.html"), *TEMPLATES.glob("*/base*.html"), TEMPLATES / "ui" / "frame.html"]


def test_no_frame_names_an_endpoint_of_a_capability():
    """Menus, homes and panels are handed up to them (``hms.areas``, ``hms.web.panels``)."""
    named = {(path.name, name) for path in FRAMES for name in re.findall(r"url_for\(\W?([\w.]+)", path.read_text())}
    assert len(FRAMES) >= 5
    assert {endpoint for _, endpoint in named} <= {"static"}, named


def test_nothing_in_a_frame_is_kept_between_requests():
    """A badge in a menu is one person's."""
    assert [path.name for path in FRAMES if re.search(r"{%-?\s*keep\b", path.read_text())] == []


@pytest.mark.parametrize("what", INLINE)
def test_no_template_holds_inline_code(what):
    found = [f"{name_of(path)}: {match[0]!r}" for path in PAGES for match in INLINE[what].finditer(path.read_text())]
    assert found == []


def test_the_rule_about_inline_code_finds_some():
    bad = '<p style="x"><script>1</script><a onclick="x" href="javascript:x">{{ bio|safe }}</a>'
    assert all(pattern.search(bad) for pattern in INLINE.values())


def test_no_page_fetches_anything_from_elsewhere():
    fetched = re.compile(r"""(?:src|srcset|action|formaction)\s*=\s*["'](?:https?:)?//""", re.IGNORECASE)
    assert [name_of(path) for path in PAGES if fetched.search(path.read_text())] == []


# -- code ----------------------------------------------------------------------------------------------------------


def test_no_module_is_a_place_for_the_homeless():
    assert [name_of(path) for path in SOURCES if path.stem in HOMELESS or path.parent.name in HOMELESS] == []


def test_only_the_clock_reads_the_time():
    found = [
        f"{name_of(path)}:{line} {called}"
        for path in SOURCES
        for line, called in calls(path)
        if path.name != "clock.py" and _reads_the_time(called)
    ]
    assert found == []


def _reads_the_time(called: str) -> bool:
    return READS_THE_TIME.fullmatch(called) is not None


def test_the_rule_about_the_time_finds_some():
    assert all(map(_reads_the_time, ("datetime.now", "datetime.datetime.utcnow", "date.today", "time.time")))
    assert not any(
        map(_reads_the_time, ("clock.now", "clock.today", "time.monotonic", "datetime.time", "formats.time"))
    )


def test_the_database_is_not_asked_for_the_time():
    found = [
        name_of(p) for p in SOURCES if re.search(r"func\.now\(|CURRENT_TIMESTAMP|server_default=func", p.read_text())
    ]
    assert found == []


def rooms(name: str) -> list[Path]:
    """All files of one kind: ``views.py`` of each capability, or what is in its folder ``views``, however deep."""
    return [path for path in SOURCES if name in path.relative_to(HMS).with_suffix("").parts]


@pytest.mark.parametrize(("name", "fewest"), [("views", 20), ("services", 30), ("models", 8), ("queries", 10)])
def test_the_rules_for_a_kind_of_file_look_into_folders(name, fewest):
    found = rooms(name)
    assert len(found) >= fewest
    assert any(path.parent.name == name for path in found)
    assert any(path.name == f"{name}.py" for path in found) or name in ("services", "views")


def test_views_write_nothing_themselves():
    writes = re.compile(
        r"(^|\.)session\.(add|add_all|delete|flush|commit|merge|execute|scalar|scalars|get)$|^transaction$"
    )
    found = [
        f"{name_of(p)}:{line} {called}" for p in rooms("views") for line, called in calls(p) if writes.search(called)
    ]
    assert found == []


def test_services_know_nothing_of_the_browser():
    browser = {"request", "session", "flash", "render_template", "redirect", "url_for"}
    for path in rooms("services"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "flask":
                assert not browser & {alias.name for alias in node.names}, name_of(path)


def test_models_know_no_services_no_clock_and_no_addresses():
    for path in rooms("models"):
        text = path.read_text()
        assert not re.search(r"import .*\b(services|clock|mailer|url_for)\b|from hms\.clock", text), name_of(path)


def test_queries_write_nothing():
    writes = re.compile(r"(^|\.)session\.(add|add_all|delete|flush|commit|merge)$|^(transaction|insert|update|delete)$")
    found = [
        f"{name_of(p)}:{line} {called}" for p in rooms("queries") for line, called in calls(p) if writes.search(called)
    ]
    assert found == []


def test_commits_are_made_in_one_place():
    made = [
        f"{name_of(path)}:{line}"
        for path in SOURCES
        for line, called in calls(path)
        if called.endswith(".commit") and called != "super().commit"
    ]
    assert {place.partition(":")[0] for place in made} == {"hms/db.py"}, made


def test_no_file_is_longer_than_a_person_reads_at_once():
    long = {name_of(p): n for p in SOURCES if (n := len(p.read_text().splitlines())) > 300}
    assert long == {}


def test_every_folder_has_a_contract_that_names_all_of_its_modules():
    """A list that is not exhaustive lets a new module pass by without a place (see setup.cfg)."""
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / "setup.cfg")
    layers = [contracts[name] for name in contracts.sections() if contracts[name].get("type") == "layers"]
    named = {name for contract in layers for name in contract["containers"].split()}
    folders = {path.parent for path in SOURCES if path.parent.parent == HMS and path.name != "__init__.py"}
    assert {f"hms.{folder.name}" for folder in folders} - named == set()
    assert [contract["name"] for contract in layers if not contract.getboolean("exhaustive", fallback=False)] == []


def test_nothing_is_left_to_do():
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [name_of(p) for p in [*SOURCES, *PAGES] if marks.search(p.read_text().replace('"XXX"', ""))]
    assert found == []


# -- tests ---------------------------------------------------------------------------------------------------------


def test_no_test_of_races_or_rights_is_skipped():
    marks = re.compile(r"pytest\.(mark\.)?(skip|xfail|importorskip)")
    files = [*(ROOT / "tests" / "race").rglob("*.py"), *(ROOT / "tests" / "authz").rglob("*.py")]
    assert len(files) >= 6
    assert [name_of(path) for path in files if marks.search(path.read_text())] == []


def test_tests_cannot_reach_the_world():
    with (
        socket.socket() as world,
        pytest.warns(UserWarning, match="192.0.2.1"),
        pytest.raises(SocketConnectBlockedError),
    ):
        world.connect(("192.0.2.1", 80))


def test_tests_wait_for_what_comes_true_and_hope_for_nothing():
    """A pause that nothing depends on says so beside it."""
    pause = re.compile(r"time\.sleep\((?!600)[^#]*$", re.MULTILINE)
    files = set((ROOT / "tests").rglob("*.py")) - {ROOT / "tests" / "standins" / "google" / "server.py"}
    assert [name_of(path) for path in sorted(files) if pause.search(path.read_text())] == []


def test_every_folder_with_modules_is_a_package_so_that_the_wheel_contains_it():
    folders = {path.parent for top in ("hms", "email_lambda", "migrations") for path in (ROOT / top).rglob("*.py")}
    node_modules = {folder for folder in folders if "node_modules" in folder.parts}
    assert [name_of(folder) for folder in sorted(folders - node_modules) if not (folder / "__init__.py").exists()] == []
