"""The real chain: boto3 over HTTP, the function in Amazon's runtime, a mail server that wants STARTTLS and a login."""

import boto3
import pytest

from hms.mailer import sending
from tests.email_lambda.conftest import (  # noqa: F401  # fixtures
    certificate,
    local_function,
    mail_environment,
    mail_server,
    running_local_function,
    running_mail_server,
)
from tests.mailer.lambda_server import serving


@pytest.fixture
def lambda_at(session, email_is_on, monkeypatch):
    """``lambda_at(url)`` lets boto3 find the function there, as the environment of the worker would."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it remembers credentials
    sending._client.cache_clear()

    yield lambda url: monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", url)
    if sending._client.cache_info().currsize:
        sending._client().close()
    sending._client.cache_clear()


@pytest.fixture
def lambda_server(lambda_at):
    """A Lambda that answers as it is told."""
    with serving() as server:
        lambda_at(server.url)
        yield server
