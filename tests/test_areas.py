"""Areas: an address, a guard and a menu for the pages of a capability."""

import pytest
from flask import Flask

from hms import areas
from hms.areas import Badge
from hms.areas.menus import area_menu, own_home
from hms.errors import Forbidden
from tests import make
from tests.pages import words


class Porter:
    """A guard who lets in those who hold a key; everybody holds the one for ``public``."""

    def __init__(self, *keys):
        self.keys = {"public", *keys}

    def knows(self, access):
        return access in {area.access for area in areas.AREAS.values()} | {"staff"}

    def check(self, access):
        if not self.lets_in(access):
            raise Forbidden

    def lets_in(self, access):
        return access in self.keys

    def accesses(self):
        return self.keys

    def own_area(self):
        return "patient" if "patient" in self.keys else "public"


@pytest.fixture
def house():
    """An application that has nothing but areas, and a porter without keys."""
    app = Flask(__name__)
    app.testing = True
    areas.init_app(app)
    areas.guard_with(app, Porter())
    app.register_error_handler(Forbidden, lambda _: ("", 403))
    return app


def give_keys(app, *keys):
    """Let a reader with these keys come in from now on."""
    areas.guard_with(app, Porter(*keys))


def pages(area, name, *paths, access=None):
    """A blueprint with a page for each path."""
    blueprint = areas.blueprint(area, name, __name__, access=access)
    for path in paths:
        blueprint.add_url_rule(f"/{path}", path, lambda: "here")
    return blueprint


def statuses(app, *paths):
    """What each path answers."""
    return [app.test_client().get(path).status_code for path in paths]


@pytest.mark.parametrize("area", areas.AREAS)
def test_a_blueprint_lets_in_only_whom_its_area_does_and_stands_under_its_address(house, area):
    prefix, access = areas.AREAS[area]
    house.register_blueprint(pages(area, "toys", "all"))
    others = {one.access for one in areas.AREAS.values()} - {access, "public"}
    give_keys(house, *others)
    assert statuses(house, f"{prefix}/all") == [200 if access == "public" else 403]
    give_keys(house, access)
    assert statuses(house, f"{prefix}/all") == [200]


def test_pages_for_staff_are_for_administrators_until_they_say_otherwise(house):
    toys = pages("staff", "toys", "prices")
    toys.add_url_rule("/list", "list", lambda: "here", access="staff")
    house.register_blueprint(toys)
    house.register_blueprint(pages("staff", "games", "games", access="staff"))
    with house.app_context():
        declared = {name: areas.access_of(name) for name in ("toys.prices", "toys.list", "games.games", "toys.none")}
    assert declared == {"toys.prices": "admin", "toys.list": "staff", "games.games": "staff", "toys.none": None}
    give_keys(house, "staff")
    assert statuses(house, "/staff/prices", "/staff/list", "/staff/games") == [403, 200, 200]


def test_a_decorated_view_declares_its_access_as_well(house):
    toys = areas.blueprint("staff", "toys", __name__)

    @toys.get("/one", access="public")
    def one():
        return "here"

    @toys.post("/two")
    def two():
        return "here"

    house.register_blueprint(toys)
    assert statuses(house, "/staff/one") == [200]
    assert house.test_client().post("/staff/two").status_code == 403


def test_an_access_that_there_is_not_stops_the_start(house):
    with pytest.raises(ValueError, match="everybody"):
        house.register_blueprint(pages("staff", "toys", "all", access="everybody"))
    games = areas.blueprint("staff", "games", __name__)
    games.add_url_rule("/all", "all", lambda: "", access="anybody")
    with pytest.raises(ValueError, match="anybody"):
        house.register_blueprint(games)


def test_two_routes_of_one_page_cannot_differ_in_whom_they_let_in(house):
    toys = pages("staff", "toys", "all")
    toys.add_url_rule("/everything", "all", access="public")
    with pytest.raises(ValueError, match=r"toys\.all"):
        house.register_blueprint(toys)


def test_nobody_is_let_in_while_nobody_guards():
    app = Flask(__name__)
    areas.init_app(app)
    with pytest.raises(LookupError, match="guard_with"):
        app.register_blueprint(pages("public", "toys", "all"))


def test_two_capabilities_have_pages_under_one_name_and_one_guard(house):
    give_keys(house, "doctor")
    house.register_blueprint(pages("doctor", "doctor", "hours"))
    house.register_blueprint(pages("doctor", "doctor", "visits"))
    assert statuses(house, "/doctor/hours", "/doctor/visits") == [200, 200]
    give_keys(house)
    assert statuses(house, "/doctor/hours", "/doctor/visits") == [403, 403]


def test_pages_that_join_others_are_of_their_area_and_have_no_hooks(house):
    house.register_blueprint(pages("doctor", "doctor", "hours"))
    hooked = pages("doctor", "doctor", "visits")
    hooked.before_request(lambda: None)
    for other in (pages("patient", "doctor", "visits"), hooked):
        with pytest.raises(ValueError, match="cannot join"):
            house.register_blueprint(other)


# -- menus ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def toy_shop(house):
    """A house with a page for everybody, one for patients and one for administrators, each with an entry."""
    house.register_blueprint(pages("public", "shop", "shop", "shelf"))
    house.register_blueprint(pages("patient", "cart", "cart"))
    house.register_blueprint(pages("staff", "till", "till"))
    areas.menu(house, "patient", "Cart", "cart.cart", icon="house", order=30)
    areas.menu(house, "public", "Shop", "shop.shop", icon="search", order=20, also=["shop.shelf"])
    areas.menu(house, "staff", "Till", "till.till", icon="clock", order=10)
    return house


def drawn(app, *names, at="/"):
    """The menu of these areas on the page at this path."""
    with app.test_request_context(at):
        return area_menu(*names)


def test_a_menu_shows_in_order_what_its_reader_may_open(toy_shop):
    everything = ("public", "patient", "staff", "admin")
    assert [link.label for link in drawn(toy_shop, *everything)] == ["Shop"]
    give_keys(toy_shop, "patient")
    assert [link.label for link in drawn(toy_shop, *everything)] == ["Shop", "Cart"]
    give_keys(toy_shop, "patient", "admin")
    assert [(link.label, link.href) for link in drawn(toy_shop, *everything)] == [
        ("Till", "/staff/till"),
        ("Shop", "/shop"),
        ("Cart", "/patient/cart"),
    ]
    assert [link.label for link in drawn(toy_shop, "patient")] == ["Cart"]


def test_the_entry_of_this_page_is_marked_and_so_is_that_of_the_pages_below_it(toy_shop):
    marks = [drawn(toy_shop, "public", at=path)[0].current for path in ("/shop", "/shelf", "/elsewhere")]
    assert marks == ["page", "true", None]


def test_an_entry_is_shown_only_while_it_says_so(toy_shop):
    is_open = False
    areas.menu(toy_shop, "public", "Till", "shop.shelf", icon="clock", order=10, shown=lambda: is_open)
    assert len(drawn(toy_shop, "public")) == 1
    is_open = True
    assert len(drawn(toy_shop, "public")) == 2


def test_a_badge_is_asked_each_time_it_is_drawn_and_only_then(toy_shop):
    asked = []

    def badge():
        asked.append(1)
        return Badge(len(asked), "things")

    areas.menu(toy_shop, "patient", "Things", "cart.cart", icon="house", order=1, badge=badge)
    drawn(toy_shop, "patient")
    drawn(toy_shop, "public")
    assert asked == []
    give_keys(toy_shop, "patient")
    assert [drawn(toy_shop, "patient")[0].badge for _ in range(2)] == [Badge(1, "things"), Badge(2, "things")]


def test_each_area_has_a_first_page(toy_shop):
    areas.home(toy_shop, "patient", "cart.cart")
    areas.home(toy_shop, "public", "shop.shop")
    with toy_shop.test_request_context():
        assert (areas.home_of("patient"), own_home()) == ("/patient/cart", "/shop")
        give_keys(toy_shop, "patient")
        assert own_home() == "/patient/cart"


# -- the menus of this house ---------------------------------------------------------------------------------------


def labels(page, name):
    """The words of the entries of a menu, and which of them is marked."""
    links = page.all(f".//nav[@aria-label='{name}']/a")
    return [("*" if link.get("aria-current") else "") + words(link) for link in links]


def test_each_reader_has_a_menu_of_their_own(session, client, signed_in, asha, bose, rita, dana):
    assert labels(client.page("directory.doctors"), "Main") == ["*Find a doctor", "Sign in", "Create account"]
    patient = ["Home", "Find a doctor", "Appointments", "Your details"]
    assert labels(signed_in(asha).page("directory.landing"), "Main") == patient
    doctor, staff = signed_in(bose), signed_in(rita)
    assert labels(doctor.page("directory.doctors"), "Main") == ["Your workspace", "*Find a doctor"]
    assert labels(doctor.page("doctor.slots"), "Main") == [
        "Today",
        "Calendar",
        "*Availability",
        "Appointments",
        "Profile",
    ]
    for browser, more in ((staff, []), (signed_in(dana), ["Activity"])):
        assert labels(browser.page("staff.overview"), "Main") == [
            "*Overview",
            "Reception",
            "Doctors",
            "Closures",
            "Rules",
            *more,
        ]


def test_every_entry_of_a_menu_leads_to_a_page_and_names_pages_that_exist(app):
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    entries = [entry for menu in app.extensions["hms.areas"].menus.values() for entry in menu]
    assert len(entries) > 15
    assert {entry.endpoint for entry in entries} | {name for entry in entries for name in entry.also} <= endpoints


def test_the_account_menu_offers_what_its_reader_may_open(session, signed_in, asha, bose, dana):
    def offered(browser, endpoint):
        page = browser.page(endpoint)
        pop = page.all(".//div[@class='menu-pop']")[-1]
        return [words(link) for link in [*pop.iter("a"), *pop.iter("button")]]

    end = ["Sign-in and security", "Sign out"]
    assert offered(signed_in(asha), "patient.home") == ["Your details", "Calendar sync", "Who looked at my data", *end]
    assert offered(signed_in(bose), "doctor.today") == ["Profile", "Calendar sync", *end]
    assert offered(signed_in(dana), "staff.overview") == end


def test_staff_see_in_the_menu_how_many_doctors_wait_for_approval(session, signed_in, rita, bose, asha):
    browser = signed_in(rita)
    assert "waiting for approval" not in browser.page("staff.closures").text
    for name in ("Dr Pia Penn", "Dr Una Ott"):
        make.doctor(name, is_approved=False)
    assert "Doctors 2 waiting for approval" in browser.page("staff.closures").text
    assert "waiting for approval" not in signed_in(asha).page("patient.home").text
