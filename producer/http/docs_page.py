"""`/openapi.json` and `/docs`, a page that needs no network and no second request."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from producer.api_tokens import Scope
from producer.http.scopes import needs

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><style>{css}</style></head>
<body><div id="swagger-ui"></div><script>{script}</script>
<script>SwaggerUIBundle({{spec: {spec}, dom_id: "#swagger-ui", deepLinking: true,
  validatorUrl: null}});</script></body></html>
"""


def routes(document: dict[str, Any]) -> APIRouter:
    """The two routes. The page carries the document, since a browser sends no token by itself."""
    router = APIRouter(include_in_schema=False)

    @router.get("/openapi.json", **needs(Scope.READ, Scope.OPERATE))
    async def openapi(request: Request) -> Response:
        return JSONResponse(document)

    @router.get("/docs", **needs(Scope.READ, Scope.OPERATE))
    async def docs(request: Request) -> Response:
        return HTMLResponse(_page(json.dumps(document)))

    return router


@cache
def _page(document: str) -> str:
    # The package is used for the Swagger UI files it carries.
    static = files("fastapi_offline") / "static"
    return _PAGE.format(
        title=json.loads(document)["info"]["title"],
        css=(static / "swagger-ui.css").read_text("utf-8"),
        script=_inline((static / "swagger-ui-bundle.js").read_text("utf-8")),
        spec=_inline(document),
    )


def _inline(script: str) -> str:
    """The same script, with nothing in it that would end its element."""
    return re.sub("</(?=script)", r"<\\/", script, flags=re.I).replace("<!--", r"<\!--")
