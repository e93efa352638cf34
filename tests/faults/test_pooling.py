"""nginx, PgBouncer in transaction mode and a streaming replica, as in docs/scaling.md: the trial of ``deploy``."""

import os

import pytest
from sqlalchemy import text

from deploy import try_scaling
from deploy.cluster import Cluster, Missing, require, until
from deploy.visitor import Visitor
from hms.db import db
from hms.server import pooler

pytestmark = [pytest.mark.fault, pytest.mark.slow]


@pytest.fixture(scope="module")
def cluster():
    """Everything, up and ready; skipped where a program is missing, but never in CI."""
    try:
        require()
    except Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
    with Cluster() as cluster:
        until(lambda: Visitor(cluster.port).get("/readyz")[0] == 200, what="HMS is ready", seconds=300)
        yield cluster


@pytest.mark.parametrize("step", try_scaling.STEPS, ids=lambda step: step.__name__)
def test_on_several_machines(cluster, step):
    assert step(cluster)


def test_behind_a_pooler_no_session_setting_is_sent_and_a_role_without_limits_is_refused(new_database, new_app):
    app = new_app(new_database(), DATABASE_POOLER="1")
    assert "options" not in app.config["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]
    with app.app_context():
        role = db.session.scalar(text("SELECT current_user"))
        db.session.remove()

    with pytest.raises(pooler.click.ClickException) as refused:
        pooler.ensure_limits(app)
    assert f"ALTER ROLE {role} SET statement_timeout = '5000';" in refused.value.message


def test_the_limits_of_the_role_are_enough(new_database, new_app):
    database = new_database().update_query_dict(
        {"options": "-c lock_timeout=1s -c statement_timeout=5s -c idle_in_transaction_session_timeout=9s"}
    )
    pooler.ensure_limits(new_app(database, DATABASE_POOLER="1"))
