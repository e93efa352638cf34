"""One execution environment: a child process, and the Runtime API that it asks for work.

An environment handles one invocation at a time, as on AWS, and is thrown away when its child ends or runs out of time.
The Runtime API is Amazon's: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

from email_lambda.local.wire import LOOPBACK, BadBody, Handler, Server

ROOT = Path(__file__).resolve().parents[2]


class Outcome(NamedTuple):
    """What an invocation came to. ``error`` is the value of X-Amz-Function-Error, or None."""

    body: bytes
    error: str | None = None


class _Invocation:
    """One piece of work on its way to the child and back."""

    def __init__(self, payload: bytes, *, timeout: float) -> None:
        self.id = str(uuid.uuid4())
        self.payload = payload
        self.deadline_ms = int((time.time() + timeout) * 1000)
        self.outcome: Future[Outcome] = Future()

    def settle(self, outcome: Outcome) -> None:
        """Take the first outcome; a late one is dropped."""
        if not self.outcome.done():
            self.outcome.set_result(outcome)


class Environment:
    """A running child that can be given one invocation after the other."""

    def __init__(self, handler: str, *, name: str, timeout: float) -> None:
        self._timeout = timeout
        self._work: queue.Queue[_Invocation] = queue.Queue()
        self._current: _Invocation | None = None
        self._lock = threading.Lock()
        self._init_error: Outcome | None = None
        self._server = Server(0, RuntimeApi, self)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        self._child = _start_child(handler, name=name, port=self._server.server_port)
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    @property
    def alive(self) -> bool:
        """Whether the child can take another invocation."""
        return self._child.poll() is None

    def invoke(self, payload: bytes) -> Outcome:
        """Run one invocation to its end, which is at the latest the function's time limit."""
        invocation = _Invocation(payload, timeout=self._timeout)
        self._current = invocation
        self._work.put(invocation)
        if not self.alive:
            self._settle_exit()
        try:
            return invocation.outcome.result(self._timeout)
        except TimeoutError:
            self._child.kill()
            self._child.wait()
            sentence = f"RequestId: {invocation.id} Error: Task timed out after {self._timeout:.2f} seconds"
            return _platform_error("Sandbox.Timedout", sentence)

    def stop(self) -> None:
        """End the child, at once if it does not go by itself, and close the Runtime API."""
        self._child.terminate()
        try:
            self._child.wait(2)
        except subprocess.TimeoutExpired:
            self._child.kill()
        self._watcher.join()
        if self._child.stdin is not None:
            self._child.stdin.close()
        self._server.shutdown()
        self._server.server_close()

    def _watch(self) -> None:
        self._child.wait()
        self._settle_exit()

    def _settle_exit(self) -> None:
        with self._lock:
            current = self._current
            if current is not None:
                sentence = f"RequestId: {current.id} Error: Runtime exited with exit status {self._child.returncode}"
                current.settle(self._init_error or _platform_error("Runtime.ExitError", sentence))

    # What the child asks for, through the Runtime API.

    def next_invocation(self) -> _Invocation | None:
        """Wait for work; None when the child will never need any."""
        while self.alive:
            try:
                return self._work.get(timeout=0.5)
            except queue.Empty:
                continue
        return None

    def settle(self, identifier: str, outcome: Outcome) -> None:
        """Take the child's outcome of the invocation that it is at."""
        with self._lock:
            if self._current is not None and self._current.id == identifier:
                self._current.settle(outcome)

    def fail_to_start(self, body: bytes) -> None:
        """Remember why the child could not start (such as an import error in the handler)."""
        self._init_error = Outcome(body, "Unhandled")


def _platform_error(kind: str, sentence: str) -> Outcome:
    return Outcome(json.dumps({"errorType": kind, "errorMessage": sentence}).encode(), "Unhandled")


def _start_child(handler: str, *, name: str, port: int) -> "subprocess.Popen[bytes]":
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "eu-west-1"
    environment = {
        **os.environ,
        "AWS_LAMBDA_RUNTIME_API": f"{LOOPBACK}:{port}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_REGION": region,
        "LAMBDA_TASK_ROOT": str(ROOT),
        "_HANDLER": handler,
    }
    return subprocess.Popen(  # noqa: S603  (our own program)
        [sys.executable, "-m", "email_lambda.local.child", handler],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=sys.stderr.fileno(),
        # A Ctrl-C in the terminal is for the parent, which then ends the child in good order.
        start_new_session=True,
    )


class RuntimeApi(Handler):
    """One connection of an environment's child."""

    server: Server[Environment]

    def do_GET(self) -> None:  # noqa: N802  (the name is http.server's)
        """GET /2018-06-01/runtime/invocation/next waits for work."""
        invocation = self.server.subject.next_invocation()
        if invocation is None:
            return self.answer(410)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:local:000000000000:function:local",
            "Content-Type": "application/json",
        }
        return self.answer(200, invocation.payload, headers)

    def do_POST(self) -> None:  # noqa: N802  (the name is http.server's)
        """POST …/invocation/<id>/response or /error, and …/init/error."""
        try:
            body = self.read_body()
        except BadBody as problem:
            self.close_connection = True
            return self.answer(problem.status)
        *_, subject, verb = self.path.split("?")[0].split("/")
        if (subject, verb) == ("init", "error"):
            self.server.subject.fail_to_start(body)
        else:
            self.server.subject.settle(subject, Outcome(body, "Unhandled" if verb == "error" else None))
        return self.answer(202, b'{"status":"OK"}', {"Content-Type": "application/json"})
