"""Static files: names with hashes, compressed, kept by browsers for ever; and what happens when that cannot be."""

import gzip
import multiprocessing
import re
import shutil
import sys
from pathlib import Path

import brotli
import pytest
from itsdangerous.timed import TimestampSigner

from hms.web import assets

PLAIN = "portal.css"


@pytest.fixture
def hashed(client):
    """The address of the style sheet on a page."""
    (address,) = {link.get("href") for link in client.page("auth.login").all(".//link[@rel='stylesheet']")}
    return address


@pytest.fixture
def nothing_compressed():
    """As in a process that was just started."""
    assets._compress.cache_clear()
    yield
    assets._compress.cache_clear()


def test_all_files_of_a_page_have_hashed_names_and_are_kept_for_ever(client):
    page = client.page("directory.doctors")
    links = [link.get("href") for link in page.all(".//link") if link.get("rel") != "manifest"]
    addresses = links + [each.get("src") for each in page.all(".//script")]
    assert len(addresses) == 8, "icons, font, style sheets and scripts"
    for address in addresses:
        answer = client.get(address)
        assert re.search(r"\.[0-9a-f]{12}\.\w+$", address)
        assert (answer.status_code, "immutable" in answer.headers["Cache-Control"]) == (200, True)


def test_the_icons_of_a_page_have_a_hashed_name(client):
    markup = client.page("directory.doctors").markup
    sprites = set(re.findall(r'href="([^"#]+)#', markup)) - {""}
    assert len(sprites) == 1
    assert "immutable" in client.get(sprites.pop()).headers["Cache-Control"]


@pytest.mark.parametrize(
    ("accepted", "encoding", "decoded"),
    [("gzip, deflate, br", "br", brotli.decompress), ("gzip", "gzip", gzip.decompress), ("", None, bytes)],
)
def test_a_file_comes_in_the_best_encoding_that_is_accepted(client, app, hashed, accepted, encoding, decoded):
    answer = client.get(hashed, headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == encoding
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert answer.mimetype == "text/css"
    plain = client.get(f"/static/{PLAIN}").text
    assert assets.HASHED.sub("", decoded(answer.data).decode()[:200]) == plain[:200]
    assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_a_style_sheet_names_its_fonts_by_their_hashes_and_the_page_fetches_the_same_one_ahead(client, hashed):
    fonts = re.findall(r'url\("([^"]+)"\)', client.get(hashed).text)
    assert len(fonts) == 2
    for font in fonts:
        answer = client.get(f"/static/{font}")
        assert answer.mimetype == "font/woff2"
        assert "immutable" in answer.headers["Cache-Control"]
    (ahead,) = (link.get("href") for link in client.page("auth.login").all(".//link[@rel='preload']"))
    assert ahead in {f"/static/{font}" for font in fonts}


def test_a_style_sheet_that_names_a_missing_file_is_refused(tmp_path):
    (tmp_path / "a.css").write_text('@font-face { src: url("fonts/none.woff2") }')
    with pytest.raises(KeyError, match=r"fonts/none\.woff2"):
        assets.read_assets(tmp_path)


def test_the_name_changes_with_the_content_and_so_does_that_of_a_style_sheet_with_its_fonts(tmp_path):
    names = []
    for content in (b"one", b"two"):
        folder = tmp_path / content.decode()
        (folder / "fonts").mkdir(parents=True)
        (folder / "fonts" / "f.woff2").write_bytes(content)
        (folder / "a.css").write_text('@font-face { src: url("fonts/f.woff2") }')
        names.append({asset.name for asset in assets.read_assets(folder).values()})
    assert not names[0] & names[1]


@pytest.mark.parametrize("address", ["/static/portal.css", "/static/portal.000000000000.css"])
def test_a_plain_name_and_that_of_another_version_lead_to_the_file_as_it_is_which_nobody_keeps(client, address):
    answer = client.get(address, headers={"Accept-Encoding": "br"})
    assert answer.status_code == 200
    assert answer.text.startswith("/*\n * The look of the portal.")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("address", ["/static/none.css", "/static/none.000000000000.css", "/static/../config.py"])
def test_what_is_not_there_is_not_found_and_not_kept(client, address):
    answer = client.get(address)
    assert answer.status_code == 404
    assert "immutable" not in answer.headers["Cache-Control"]


def test_what_a_browser_has_is_not_sent_again_and_all_processes_call_it_the_same(client, hashed, nothing_compressed):
    first = client.get(hashed)
    assets._compress.cache_clear()  # as another process
    again = client.get(hashed, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert "immutable" in again.headers["Cache-Control"]


def test_the_head_alone_says_the_same_and_nothing_can_be_sent_to_a_file(client, hashed):
    head = client.head(hashed)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == client.get(hashed).headers["Content-Length"]
    assert client.post(hashed).status_code in (405, 422)  # 422 for want of a token


def test_a_hashed_file_is_dressed_like_every_answer(client, hashed):
    answer = client.get(hashed)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Cookie" not in answer.headers["Vary"]


def test_files_are_served_as_they_are_where_no_temporary_folder_can_be_written(
    client, hashed, nothing_compressed, monkeypatch
):
    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(assets.tempfile, "mkdtemp", full)
    answer = client.get(hashed)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")


def test_files_are_served_as_they_are_when_the_temporary_folder_was_cleared(
    client, hashed, nothing_compressed, monkeypatch, tmp_path
):
    folder = tmp_path / "made"
    monkeypatch.setattr(assets.tempfile, "mkdtemp", lambda **_: folder.mkdir() or str(folder))
    assert "immutable" in client.get(hashed).headers["Cache-Control"]
    shutil.rmtree(folder)
    answer = client.get(hashed)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")


def test_the_temporary_folder_goes_with_a_process_of_the_web_server(app, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = multiprocessing.get_context("spawn").Process(target=compress_and_look, args=(app.static_folder, tmp_path))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert not list(tmp_path.iterdir())


def compress_and_look(source, folder):
    assets._compress(Path(source), "/static")
    sys.exit(not list(folder.glob("hms-static-*/portal.*.css.br")))


def test_whoever_works_on_the_files_sees_what_they_change(app, monkeypatch):
    monkeypatch.setattr(app, "debug", True)
    with app.test_request_context("/"):
        assert assets.asset(PLAIN) == "/static/portal.css"


def test_an_application_below_a_path_names_its_files_there(app):
    with app.test_request_context("/", base_url="http://localhost/portal/"):
        assert assets.asset(PLAIN).startswith("/portal/static/portal.")


def test_htmx_is_fetched_by_the_pages_that_use_it_and_by_no_other(client, signed_in, asha, app):
    folder = Path(app.root_path, "templates")
    pages = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.html")}
    pages = {name: text for name, text in pages.items() if not name.startswith("ui/") and "/_" not in name}
    signs = ("hx-", 'target="#', "{{ marks(")  # the last two are macros that use it
    using = {name for name, text in pages.items() if any(sign in text for sign in signs)}
    fetching = {name for name, text in pages.items() if "ui/_htmx.html" in text}
    assert using
    assert using <= fetching
    with_pieces = {name for name, text in pages.items() if re.search(r'include "(?!ui/)', text)}  # one may use it
    assert fetching - using <= with_pieces

    assert "vendor/htmx" in client.get("/doctors").text
    for browser, path in ((client, "/"), (client, "/login"), (signed_in(asha), "/patient/appointments")):
        assert "htmx" not in browser.get(path).text


def test_a_forms_token_is_another_each_second_so_that_compressed_pages_do_not_tell_it(
    client, signed_in, asha, monkeypatch
):
    browser = signed_in(asha)
    tokens = []
    for second in (1_000_000_000, 1_000_000_001):
        monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self, second=second: second)
        tokens.append(browser.page("patient.home").csrf_token)
    first, second = (token.rsplit(".", 2) for token in tokens)
    assert first[0] == second[0]  # what stays
    assert first[2] != second[2]
