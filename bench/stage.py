"""Everything that the rows are measured with: filled databases, and programs that run until a row needs others."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import cast

from flask import Flask
from flask_migrate import upgrade

from bench import calendars, load, outside, product
from bench.clinic import Clinic
from bench.database import Database
from bench.ledger import Ledger
from bench.plan import Plan
from bench.product import Hello, Product
from bench.servers import Setup
from hms import clock, create_app
from hms.db import db


@dataclass(frozen=True)
class Site:
    """A filled database."""

    database: Database
    clinic: Clinic
    ledger: Ledger


class Stage:
    """Hands out what a row needs, and starts it first if it does not run yet; ``make`` makes an empty database."""

    def __init__(self, make: Callable[[str], Database], plan: Plan, *, normal: str, stuck: str):
        self.plan = plan
        self._make = make
        self._worlds = {"normal": normal, "stuck": stuck}
        self._sites: dict[int, Site] = {}
        self._connected: dict[str, Site] = {}
        self._programs = ExitStack()
        self._running: dict[object, object] = {}

    def prepare(self) -> None:
        """Make a filled database for each size."""
        for slots in self.plan.sizes:
            self._sites[slots] = self._fill(Clinic(slots), "plain")

    def site(self, slots: int = 0) -> Site:
        """The database with so many slots; with most of them if none are named."""
        return self._sites[slots or self.plan.main]

    def product(self, setup: Setup, *, slots: int = 0) -> Product:
        """HMS on the database with so many slots."""
        return self._product(setup, self.site(slots), outside.email(self._worlds["normal"]))

    def connected(self, setup: Setup, world: str) -> Product:
        """HMS where people have connected Google calendars, on the smallest clinic; ``normal`` or ``stuck``."""
        address = self._worlds[world]
        return self._product(setup, self._with_calendars(world), {**outside.email(address), **outside.google(address)})

    def hello(self, setup: Setup) -> Hello:
        """The application that says hello."""
        return cast(Hello, self._run(("hello", setup), partial(product.hello, setup)))

    @contextmanager
    def scene(self) -> Iterator[None]:
        """What is started within ends with it."""
        try:
            yield
        finally:
            self._running.clear()
            self._programs.close()

    def _fill(self, clinic: Clinic, name: str) -> Site:
        """Each has its own migrations: a copy would be taken for a restored dump, which signs everybody out."""
        made = self._make(f"bench_{clinic.slots}_{name}")
        with application(made) as app, app.app_context():
            upgrade()
        load.load(made, clinic, today=clock.now().date(), progress=load.bar(f"{name} clinic", clinic.slots))
        return Site(made, clinic, Ledger(made, clinic))

    def _with_calendars(self, world: str) -> Site:
        """Filled when first asked for, like the smallest."""
        if world not in self._connected:
            site = self._fill(Clinic(self.plan.sizes[0]), world)
            with application(site.database) as app, app.app_context():
                calendars.connect(site.database, site.clinic)
            self._connected[world] = site
        return self._connected[world]

    def _product(self, setup: Setup, site: Site, variables: Mapping[str, str]) -> Product:
        start = partial(product.running, setup, site.database, site.clinic, site.ledger, outside=variables)
        return cast(Product, self._run((setup, site.database), start))

    def _run(self, name: object, start: Callable[[], object]) -> object:
        if name not in self._running:
            self._running[name] = self._programs.enter_context(start())  # type: ignore[arg-type]
        return self._running[name]


@contextmanager
def application(where: Database) -> Iterator[Flask]:
    """The product within this process, for what can be asked of it without a server."""
    app = create_app(product.settings(where))
    try:
        yield app
    finally:
        with app.app_context():
            db.engine.dispose()
