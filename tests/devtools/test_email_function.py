"""The email function of a development machine finds ports that are free, and says so when they are unusual."""

import socket
from contextlib import ExitStack

import pytest

from hms.devtools import email_function


@pytest.fixture
def prepared(app, monkeypatch, tmp_path):
    """``prepared(how)`` is what would be started, and the environment for it; nothing is started or installed."""
    (tmp_path / "node_modules").mkdir()
    monkeypatch.setattr(email_function, "FOLDER", tmp_path)
    monkeypatch.setattr(email_function.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setitem(app.config, "MAILBOX_DIR", tmp_path)

    def prepared(how: str):
        monkeypatch.setattr(email_function, "wanted", lambda _app: how)
        (_, function), environment = email_function.prepare(app)
        return list(function.command), environment

    return prepared


def listen(stack: ExitStack) -> int:
    return stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]


def test_serverless_offline_listens_elsewhere_when_its_ports_are_taken(prepared, monkeypatch, capsys):
    with ExitStack() as stack:
        taken = [listen(stack), listen(stack)]
        monkeypatch.setattr(email_function, "FUNCTION_PORT", taken[0])
        monkeypatch.setattr(email_function, "HTTP_PORT", taken[1])
        command, environment = prepared("serverless")
    options = dict(zip(command[-4::2], command[-3::2], strict=True))
    assert command[-5] == "--"
    assert not {options["--httpPort"], options["--lambdaPort"]} & set(map(str, taken))
    assert environment["AWS_ENDPOINT_URL_LAMBDA"].endswith(f":{options['--lambdaPort']}")
    said = capsys.readouterr().out
    for port in taken:
        assert f"Port {port} is in use by another program" in said


@pytest.mark.parametrize("how", ["local", "serverless"])
def test_the_usual_port_is_kept_when_it_is_free(prepared, monkeypatch, capsys, how):
    with ExitStack() as stack:
        usual = [listen(stack), listen(stack)]
    monkeypatch.setattr(email_function, "FUNCTION_PORT", usual[0])
    monkeypatch.setattr(email_function, "HTTP_PORT", usual[1])
    command, environment = prepared(how)
    assert str(usual[0]) in command
    assert environment["AWS_ENDPOINT_URL_LAMBDA"].endswith(f":{usual[0]}")
    assert capsys.readouterr().out == ""
