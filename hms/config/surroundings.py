"""Adapts the application to its surroundings: the proxies in front of it, and the form of its log."""

import json
import logging
from datetime import UTC, datetime

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix


def fit(app: Flask) -> None:
    """Trust the headers of ``PROXY_COUNT`` proxies, and write the log in the form of ``LOG_FORMAT``."""
    if proxies := app.config["PROXY_COUNT"]:
        # The host is never taken from a proxy: HMS_TRUSTED_HOSTS decides on the one that was asked for.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    if app.config["LOG_FORMAT"] == "json":
        handler = logging.StreamHandler()
        handler.setFormatter(JsonLines())
        app.logger.handlers = [handler]


class JsonLines(logging.Formatter):
    """One JSON object a line, for machines that collect logs."""

    def format(self, record: logging.LogRecord) -> str:
        """``{"time", "level", "logger", "message"}``, and ``exception`` where there is one."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry)
