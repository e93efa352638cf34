"""How much is measured."""

from dataclasses import dataclass, replace

from bench.servers import NAMES


@dataclass(frozen=True)
class Plan:
    """``pairs`` of measurements of so many ``seconds``, most of them with ``main`` slots, row 8 with each of ``sizes``.

    ``servers`` are the web servers, and ``workers`` the numbers of web workers. ``turns`` transactions by one client
    make one measurement of their time; ``rounds`` is how often twenty patients want one time; memory is looked at after
    ``few`` and ``many`` requests. So many ``mails`` leave in one measurement of how fast they do.
    """

    main: int
    sizes: tuple[int, ...]
    pairs: int
    seconds: int
    servers: tuple[str, ...]
    workers: tuple[int, ...]
    turns: int
    rounds: int
    few: int
    many: int
    mails: int

    def small(self) -> "Plan":
        """The same with a hundredth of the slots."""
        return replace(self, main=10_000, sizes=(10_000, 100_000))


FULL = Plan(
    main=1_000_000,
    sizes=(10_000, 100_000, 1_000_000),
    pairs=5,
    seconds=3,
    servers=NAMES,
    workers=(2, 1, 4),
    turns=300,
    rounds=10,
    few=1_000,
    many=100_000,
    mails=1_000,
)
QUICK = Plan(
    main=10_000,
    sizes=(10_000, 100_000),
    pairs=2,
    seconds=1,
    servers=("granian",),
    workers=(2,),
    turns=100,
    rounds=3,
    few=500,
    many=3_000,
    mails=200,
)
