"""Lists every route of an app, with a path that matches it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from producer.http.pages.site.assets import Asset, url

MIGRATION = "mig_0123456789abcdef01234567"


def api_routes(part: Any) -> Iterator[APIRoute]:
    """The routes of an app or router; fails for other kinds, which no guard would check."""
    for route in part.routes:
        if isinstance(route, APIRoute):
            yield route
        else:
            yield from api_routes(route.original_router)


def every_route(app: FastAPI) -> Iterator[tuple[str, str, APIRoute]]:
    """Method, path, route."""
    for route in api_routes(app):
        path = route.path.format(
            userId="cus_1",
            taskId="x",
            migrationId=MIGRATION,
            name=url(Asset.STYLE).rpartition("/")[2],
        )
        for method in sorted(route.methods or ()):
            yield method, path, route
