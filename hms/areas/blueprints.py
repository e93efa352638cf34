"""Blueprints of areas: the pages of a capability, with the area's address before them and its guard at their door."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, request
from flask.sansio.app import App
from flask.sansio.blueprints import Blueprint as AnyBlueprint
from flask.typing import ResponseReturnValue

from hms.areas.registry import AREAS, current, of_app


class AreaBlueprint(Blueprint):
    """The pages of a capability in one area. Each has the blueprint's access, unless its route says another.

    Several capabilities may have pages under one name (``doctor``); only the first to be registered has hooks.
    """

    def __init__(self, area: str, name: str, import_name: str, *, access: str | None = None) -> None:
        super().__init__(name, import_name, url_prefix=AREAS[area].prefix or None)
        self.area, self.access = area, access or AREAS[area].access
        self.before_request(check)

    def register(self, app: App, options: dict[str, Any]) -> None:
        """Add the pages; Flask calls this."""
        first = app.blueprints.get(self.name)
        if first is None or first is self:
            super().register(app, options)
        else:
            self._join(first, app, options)

    def _join(self, first: AnyBlueprint, app: App, options: dict[str, Any]) -> None:
        """Add more pages to a blueprint that another capability has registered under this name."""
        if not isinstance(first, AreaBlueprint) or first.area != self.area or self._has_hooks():
            raise ValueError(f"There is another blueprint {self.name!r}, which this one cannot join.")
        state = self.make_setup_state(app, options, first_registration=True)
        for add in self.deferred_functions:
            add(state)

    def _has_hooks(self) -> bool:
        own = (self.after_request_funcs, self.teardown_request_funcs, self.url_value_preprocessors)
        return self.before_request_funcs != {None: [check]} or any(own) or bool(self.error_handler_spec)

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        *,
        access: str | None = None,
        **options: Any,
    ) -> None:
        """A route, with the access of this page alone if it differs: ``@bp.get("/payments", access="staff")``."""
        name = f"{self.name}.{endpoint or getattr(view_func, '__name__', '')}"
        self.record(lambda state: of_app(state.app).declare(name, access or self.access))
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)


def check() -> ResponseReturnValue | None:
    """Let this request in, or answer it otherwise; it stands at the door of every blueprint of an area."""
    areas = current()
    return areas.guard.check(areas.access[str(request.endpoint)])
