"""The rules of the Calendar API, read from the discovery document that Google's own client library ships.

Routes, parameters, the scopes that each method asks for, and the schemas of the bodies: what the document does not
know is refused.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

from tests.standins.google.wire import Refused, Request

PREFIX = "/calendar/v3/"
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
}


@cache
def document() -> dict[str, Any]:
    """The discovery document of the Calendar API, version 3."""
    folder = files("googleapiclient") / "discovery_cache" / "documents"
    return json.loads((folder / "calendar.v3.json").read_text())


@cache
def known_scopes() -> frozenset[str]:
    """All scopes of the API."""
    return frozenset(document()["auth"]["oauth2"]["scopes"])


@dataclass(frozen=True)
class Route:
    """One method of the API. ``name`` is like ``events.insert``."""

    name: str
    verb: str
    pattern: re.Pattern[str]
    parameters: Mapping[str, Mapping[str, Any]]
    scopes: frozenset[str]
    body: str | None


@cache
def routes() -> tuple[Route, ...]:
    """Every method that the document describes."""
    return tuple(_routes(document()["resources"]))


def _routes(resources: Mapping[str, Any]) -> Iterator[Route]:
    for resource in resources.values():
        for method in resource.get("methods", {}).values():
            yield Route(
                name=method["id"].removeprefix("calendar."),
                verb=method["httpMethod"],
                pattern=_pattern(method["path"]),
                parameters=method.get("parameters", {}) | document()["parameters"],
                scopes=frozenset(method.get("scopes", ())),
                body=method.get("request", {}).get("$ref"),
            )
        yield from _routes(resource.get("resources", {}))


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.escape(PREFIX) + re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))


def find(request: Request) -> tuple[Route, dict[str, str]]:
    """The method that a request means, and the values in its path. Raises :class:`Refused` when there is none."""
    for route in routes():
        found = route.pattern.fullmatch(request.path)
        if found and route.verb == request.method:
            return route, {name: unquote(value) for name, value in found.groupdict().items()}
    raise Refused(404, "notFound", f"Not Found: {request.method} {request.path} is no method of the Calendar API.")


def parameters(route: Route, request: Request) -> dict[str, Any]:
    """The parameters of a request, as the values that they stand for. Raises :class:`Refused`."""
    values: dict[str, Any] = {}
    for name, text in request.query:
        rule = route.parameters.get(name)
        if rule is None or rule["location"] != "query":
            raise _bad(f"{route.name} has no parameter {name!r}.")
        value = _parameter(name, text, rule)
        if rule.get("repeated"):
            values.setdefault(name, []).append(value)
        elif name in values:
            raise _bad(f"The parameter {name!r} appears twice.")
        else:
            values[name] = value
    return values


def _parameter(name: str, text: str, rule: Mapping[str, Any]) -> Any:
    if "enum" in rule and text not in rule["enum"]:
        raise _bad(f"Invalid value {text!r} for {name!r}: it is one of {', '.join(rule['enum'])}.")
    if rule["type"] == "boolean":
        if text not in ("true", "false"):
            raise _bad(f"Invalid value {text!r} for {name!r}: it is true or false.")
        return text == "true"
    if rule["type"] == "integer":
        return _integer(name, text, rule)
    if rule.get("format") == "date-time":
        _date_time(name, text, needs_offset=True)
    return text


def _integer(name: str, text: str, rule: Mapping[str, Any]) -> int:
    if not re.fullmatch(r"-?\d+", text, re.ASCII):
        raise _bad(f"Invalid value {text!r} for {name!r}: it is a whole number.")
    if not int(rule.get("minimum", text)) <= int(text) <= int(rule.get("maximum", text)):
        raise _bad(f"Invalid value {text!r} for {name!r}: it is out of range.")
    return int(text)


def body(route: Route, request: Request) -> dict[str, Any]:
    """The body of a request as its schema has it, without what only Google writes. Raises :class:`Refused`."""
    if route.body is None:
        if request.body:
            raise _bad(f"{route.name} takes no body.")
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise _bad("The body must be JSON, and say so in Content-Type.")
    try:
        value = json.loads(request.body)
    except ValueError:
        raise Refused(400, "parseError", "Parse Error") from None
    _check(value, {"$ref": route.body}, at=route.body)
    return _without_read_only(value, document()["schemas"][route.body])


def _without_read_only(value: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Google passes over what only it can set."""
    read_only = {name for name, rule in schema["properties"].items() if _is_read_only(rule)}
    return {name: part for name, part in value.items() if name not in read_only | {"kind", "etag"}}


def _is_read_only(rule: Mapping[str, Any]) -> bool:
    return bool(re.search(r"Read-only\.?( The default is \w+\.)?$", rule.get("description", ""), re.IGNORECASE))


def _check(value: Any, rule: Mapping[str, Any], *, at: str) -> None:
    """Raise :class:`Refused` unless ``value`` is what the schema says. None takes a field away, in a patch."""
    if "$ref" in rule:
        rule = {"type": "object", **document()["schemas"][rule["$ref"]]}
    if value is None and "." in at:
        return
    kind = rule.get("type", "object")
    _check_type(value, kind, at=at)
    if kind == "array":
        for number, item in enumerate(value):
            _check(item, rule["items"], at=f"{at}.{number}")
    if kind == "object":
        _check_object(value, rule, at=at)
    if kind == "string":
        _check_format(value, rule.get("format"), at=at)


def _check_type(value: Any, kind: str, *, at: str) -> None:
    if kind != "any" and (not isinstance(value, TYPES[kind]) or (kind != "boolean" and isinstance(value, bool))):
        raise _bad(f"Invalid value at {at}: it must be of type {kind}.")


def _check_format(value: str, form: str | None, *, at: str) -> None:
    if form == "date-time":
        _date_time(at, value)
    if form == "date" and not _is_date(value):
        raise _bad(f"Invalid value at {at}: {value!r} is no date.")


def _check_object(value: Mapping[str, Any], rule: Mapping[str, Any], *, at: str) -> None:
    for name, part in value.items():
        known = rule.get("properties", {}).get(name) or rule.get("additionalProperties")
        if known is None:
            raise _bad(f"Unknown name {name!r} at {at}: cannot find field.")
        _check(part, known, at=f"{at}.{name}")


def _is_date(text: str) -> bool:
    try:
        return DATE.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _date_time(at: str, text: str, *, needs_offset: bool = False) -> None:
    """RFC 3339; whether an offset may be left out depends on the field."""
    found = DATE_TIME.fullmatch(text)
    try:
        datetime.fromisoformat(text)
    except ValueError:
        found = None
    if not found or (needs_offset and not found[2]):
        raise _bad(f"Invalid value at {at}: {text!r} is no moment as RFC 3339 writes it.")


def _bad(message: str) -> Refused:
    return Refused(400, "badRequest", message)
