"""How long the pages of the main job take, as multiples of an answer that does nothing (`/healthz`), in one run.

python -m bench.pages [--rounds 30]
"""

import argparse
import re
import time
from collections.abc import Callable
from functools import partial
from statistics import median

from bench.clinic import KEY, TOKEN, Browser, running

TIME = re.compile(r'href="(/patient/slots/[0-9a-f-]+/book)"')
DOCTOR = re.compile(r'href="(/doctors/[0-9a-f-]+)"')


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    with running(EMAIL="off") as port:
        show(measure(port, rounds))


def measure(port: int, rounds: int) -> dict[str, list[float]]:
    """Seconds of each kind of request, one of each in every round, so that all see the same machine."""
    browser = Browser(port)
    browser.sign_in("asha@demo.test")
    taken: dict[str, list[float]] = {}
    doctors = DOCTOR.findall(browser.get("/doctors"))
    for turn in range(rounds):
        taken.setdefault("/healthz", []).append(seconds(lambda: browser.get("/healthz")))
        taken.setdefault("directory", []).append(seconds(lambda: browser.get("/doctors")))
        doctor = doctors[turn % len(doctors)]
        taken.setdefault("doctor page", []).append(seconds(partial(browser.get, doctor)))
        taken.setdefault("my appointments", []).append(seconds(lambda: browser.get("/patient/appointments")))
        if (book := booking(browser, doctor)) is not None:
            taken.setdefault("book (POST)", []).append(seconds(book))
    return taken


def booking(browser: Browser, doctor: str) -> Callable[[], int] | None:
    """A booking that is ready to be sent, of the first time on the doctor's page; none without a free one."""
    link = TIME.search(browser.get(doctor))
    page = browser.get(link[1]) if link else ""
    token, key = TOKEN.search(page), KEY.search(page)
    if not (link and token and key):
        return None
    return lambda: browser.post(link[1], csrf_token=token[1], idempotency_key=key[1], reason="")


def seconds(act: Callable[[], object]) -> float:
    """How long ``act`` takes."""
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


def show(taken: dict[str, list[float]]) -> None:
    """Print the medians, and each as a multiple of the anchor's."""
    anchor = median(taken["/healthz"])
    print(f"{'request':<18}{'median ms':>10}{'÷ /healthz':>12}{'requests':>10}")
    for name, times in taken.items():
        print(f"{name:<18}{median(times) * 1000:>10.1f}{median(times) / anchor:>12.1f}{len(times):>10}")


if __name__ == "__main__":
    main()
