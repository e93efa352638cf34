"""Does a booking feel it when mail is stuck? One HMS whose email function works, and one whose never answers.

python -m bench.mail_latency [--rounds 60]

Both run on this machine at the same time and are booked in turn, so that both see the same machine. The aim is a ratio
of at most 1.10: a booking writes a row and never waits for mail.
"""

import argparse
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from statistics import median, quantiles

from bench.clinic import Browser, running
from bench.pages import DOCTOR, booking, seconds

AIM = 1.10
TRIES = 20  # how many doctors are asked for a time that suits before a round is given up


@contextmanager
def black_hole() -> Iterator[str]:
    """The address of a door that takes every connection and never says a word."""
    held: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                held.append(listener.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in held:
        connection.close()


class Visitor:
    """A patient who books one time after the other."""

    def __init__(self, port: int):
        self._browser = Browser(port)
        self._browser.sign_in("asha@demo.test")
        self._doctors = itertools.cycle(DOCTOR.findall(self._browser.get("/doctors")))

    def book(self) -> float:
        """Book a time; the seconds that the POST took. Times that overlap with one's own are passed over."""
        for _ in range(TRIES):
            book = booking(self._browser, next(self._doctors))
            answers: list[int] = []
            taken = seconds(partial(_keep, answers, book))
            if answers == [303]:
                return taken
        raise SystemExit("The demo clinic has no free times left; ask for fewer rounds.")


def _keep(answers: list[int], book: Callable[[], int] | None) -> None:
    if book:
        answers.append(book())


def measure(rounds: int) -> dict[str, list[float]]:
    """Seconds of each booking, by how the email function fares."""
    with black_hole() as address:
        stuck = {
            "HMS_EMAIL_FUNCTION": "black-hole",
            "AWS_ENDPOINT_URL_LAMBDA": address,
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }
        with running(EMAIL="local") as normal_port, running(**stuck) as stuck_port:
            visitors = {"normal": Visitor(normal_port), "black-holed": Visitor(stuck_port)}
            taken: dict[str, list[float]] = {name: [] for name in visitors}
            for turn in range(rounds):
                order = list(visitors) if turn % 2 else list(visitors)[::-1]
                for name in order:
                    taken[name].append(visitors[name].book())
            return taken


def show(taken: dict[str, list[float]]) -> None:
    """Print p50 and p95 of both, and their ratio."""
    print(f"{'email function':<18}{'p50 ms':>10}{'p95 ms':>10}{'bookings':>10}")
    for name, times in taken.items():
        p95 = quantiles(times, n=20)[-1]
        print(f"{name:<18}{median(times) * 1000:>10.1f}{p95 * 1000:>10.1f}{len(times):>10}")
    ratio = median(taken["black-holed"]) / median(taken["normal"])
    print(f"ratio of p50: {ratio:.2f} (aim: at most {AIM:.2f})")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    show(measure(parser.parse_args().rounds))


if __name__ == "__main__":
    main()
