"""The roles of docs/deployment.md do their work with the grants that stand there, and cannot alter the audit log."""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import ProgrammingError

from hms import audit
from hms.audit import sealing
from hms.audit.models import AuditBatch
from hms.audit.verifying import verify
from hms.auth.models import User
from hms.db import db, transaction
from tests import make

DEPLOYMENT = Path(__file__).parents[2] / "docs" / "deployment.md"
ROLES = ("hms_web", "hms_worker")
FORBIDDEN = (
    "UPDATE audit_events SET action = 'x'",
    "DELETE FROM audit_events",
    "TRUNCATE audit_events",
    "DROP TABLE audit_events",
    "ALTER TABLE audit_events DISABLE TRIGGER USER",
    "UPDATE audit_batches SET seal = ''",
    "DELETE FROM audit_batches",
    "UPDATE audit_unsealed SET event_id = 0",
    "UPDATE alembic_version SET version_num = '0001'",
    "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
)
FORBIDDEN_TO_WEB = (
    "DELETE FROM audit_unsealed",
    "INSERT INTO audit_batches VALUES (99, now(), '{}', '')",
    "DELETE FROM audit_marks",
    "SELECT audit_remove_through(99)",
)


@pytest.fixture
def roles(migrated_database, new_app, cheap_passwords) -> Iterator[dict[str, str]]:
    """An application on a database of its own with the documented roles, by the names that the document has."""
    app, mark = new_app(migrated_database()), secrets.token_hex(4)
    (sql,) = re.findall(r"```sql\n(.*?)```", DEPLOYMENT.read_text().split("### Roles and grants")[1], re.DOTALL)[:1]
    names = {role: f"{role}_{mark}" for role in ROLES}
    for role, name in names.items():
        sql = re.sub(rf"\b{role}\b", name, sql)
    with app.app_context():
        with db.engine.begin() as connection:
            connection.execute(text(sql))
        yield names
        db.session.remove()
        with db.engine.begin() as connection:
            connection.execute(text("RESET ROLE"))
            for name in names.values():
                connection.execute(text(f"DROP OWNED BY {name}; DROP ROLE {name}"))


class Acting:
    """Every connection of the engine acts as a role in the block."""

    def __init__(self, engine: Engine, role: str):
        self.engine, self.role = engine, role

    def __enter__(self) -> None:
        self.engine.dispose()
        event.listen(self.engine, "connect", self._become)

    def __exit__(self, *_: object) -> None:
        db.session.remove()
        event.remove(self.engine, "connect", self._become)
        self.engine.dispose()

    def _become(self, connection, _record) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION ROLE {self.role}")
        connection.commit()


def refused(statement: str) -> bool:
    """Whether the database says no for want of a right."""
    try:
        with db.engine.begin() as connection:
            connection.execute(text(statement))
    except ProgrammingError as error:
        return error.orig.pgcode == "42501"
    return False


def test_each_role_does_its_work_and_cannot_alter_the_log(roles):
    with Acting(db.engine, roles["hms_web"]):
        asha = make.patient()
        visit = make.appointment(asha)
        with transaction():
            audit.record("exported", subject=("appointment", visit.id), patient_id=asha.id)
        assert [one for one in (*FORBIDDEN, *FORBIDDEN_TO_WEB) if not refused(one)] == []
    with Acting(db.engine, roles["hms_worker"]):
        assert sealing.seal() > 0
        with transaction():
            audit.record("command")
        assert sealing.seal() == 1
        assert [one for one in FORBIDDEN if not refused(one)] == []
        with transaction() as session:
            assert session.scalar(db.func.audit_remove_through(0)) == 0
        assert verify().faults == []
        assert db.session.query(AuditBatch).count() == 2
        assert db.session.query(User).count() == 2
