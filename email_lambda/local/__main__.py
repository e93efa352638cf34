"""``python -m email_lambda.local``: serve until SIGTERM or Ctrl-C."""

import argparse
import signal
import sys
import threading

from email_lambda.deadline import TIME_LIMIT_SECONDS
from email_lambda.local.function import Function
from email_lambda.local.handlers import HTTP_PATH, InvokeHandler
from email_lambda.local.wire import LOOPBACK, Server

HANDLER = "email_lambda.handler.handle"
# The name that serverless-offline gives it too, so that callers need not know which of the two is running.
NAME = "hms-email-dev-send-email"


def main() -> None:
    """Start, print one ready line, serve, and leave no process behind."""
    options = _options()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    function = Function(HANDLER, name=options.name, timeout=options.timeout, concurrency=options.concurrency)
    server = Server(options.port, InvokeHandler, function)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    function.warm()
    _say_ready(options.name, server.server_port)
    stop.wait()
    server.shutdown()
    server.server_close()
    function.stop()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m email_lambda.local", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=3002, help="port on 127.0.0.1 for both endpoints (0: any; default 3002)"
    )
    parser.add_argument("--name", default=NAME, help=f"the function's name (default {NAME})")
    limit = TIME_LIMIT_SECONDS
    parser.add_argument("--timeout", type=float, default=limit, help=f"its time limit in seconds (default {limit})")
    parser.add_argument("--concurrency", type=int, default=4, help="calls handled at once (default 4)")
    return parser.parse_args()


def _say_ready(name: str, port: int) -> None:
    address = f"http://{LOOPBACK}:{port}"
    sys.stdout.write(f"ready {name} {address} and POST {address}{HTTP_PATH}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
