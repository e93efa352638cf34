"""docs/adding-a-capability.md works: its files are put into HMS as they stand on the page, and used."""

import importlib
import re
import sys
from pathlib import Path

import pytest
from jinja2 import ChoiceLoader, FileSystemLoader
from sqlalchemy import select

import hms
from hms.db import db
from hms.scheduling import signals
from hms.scheduling.models import Appointment
from tests import make

PAGE = Path(hms.__file__).parents[1] / "docs" / "adding-a-capability.md"
FILE = re.compile(r"```(?:python|html)\n(?:# |<!-- )(?P<name>hms/\S+)(?: -->)?\n(?P<text>.*?)```", re.DOTALL)


def files_of_the_page() -> dict[str, str]:
    """The files that the page shows, by name."""
    return {found["name"]: found["text"] for found in FILE.finditer(PAGE.read_text())}


@pytest.fixture(scope="module")
def parking(tmp_path_factory):
    """The capability of the page, in a folder of its own that Python takes for a part of ``hms``."""
    folder = tmp_path_factory.mktemp("capability")
    for name, text in files_of_the_page().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    hms.__path__.append(str(folder / "hms"))
    parking = importlib.import_module("hms.parking")
    yield parking
    signals.appointment_booked.disconnect(parking.services.keep_a_space)
    hms.__path__.remove(str(folder / "hms"))
    for name in [name for name in sys.modules if name.startswith("hms.parking")]:
        del sys.modules[name]
    del hms.parking


@pytest.fixture(scope="module")
def app(parking, new_app, migrated_database):
    """HMS with that capability."""
    app = new_app(migrated_database())
    templates = Path(parking.__file__).parents[1] / "templates"
    app.jinja_loader = ChoiceLoader([app.jinja_loader, FileSystemLoader(templates)])
    parking.init_app(app)
    return app


def test_the_page_shows_a_whole_capability():
    assert set(files_of_the_page()) == {
        "hms/parking/__init__.py",
        "hms/parking/services.py",
        "hms/parking/views.py",
        "hms/templates/parking/rules.html",
        "hms/templates/parking/_space.html",
    }


def test_a_capability_is_plugged_into_area_menu_requirement_signal_and_panel(session, client, signed_in, asha, bose):
    assert client.get("/patient/parking").location == "/login?next=/patient/parking"
    assert signed_in(bose).get("/patient/parking").status_code == 403
    patient, slot = signed_in(asha), make.slot(bose)
    assert "Parking 1 to agree to" in patient.page("patient.home").text

    answer = patient.submit("patient.book", slot_id=slot.id)
    assert answer.location == "/patient/parking"
    assert not db.session.scalars(select(Appointment)).all()
    marked = patient.page("parking.rules").all(".//nav/a[@aria-current='page']")
    assert [link.get("href") for link in marked] == ["/patient/parking"]
    patient.submit("parking.rules")

    answer = patient.submit("patient.book", slot_id=slot.id)
    page = patient.get(answer.location).page
    assert "A parking space is kept for you." in page.text
    assert "to agree to" not in page.text
