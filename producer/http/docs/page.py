"""`/openapi.json` and `/docs`, a page that needs no network and no second request.

Its scripts and styles are inline: a browser would send no token with a second request, and curl
saves the page complete. The content security policy names each by its digest, so nothing else runs;
nothing in the page comes from outside this program.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from producer.http.access.scopes import needs
from producer.migrations.report.html_policy import digest
from producer.security.api_tokens import Scope

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><style>{css}</style></head>
<body><div id="swagger-ui"></div><script>{bundle}</script>
<script>{start}</script></body></html>
"""
_START = """SwaggerUIBundle({{spec: {spec}, dom_id: "#swagger-ui", deepLinking: true,
  validatorUrl: null}});"""


def routes(document: dict[str, Any]) -> APIRouter:
    """The two routes. The page contains the document, since a browser sends no token by itself."""
    router = APIRouter(include_in_schema=False)

    @router.get("/openapi.json", **needs(Scope.READ, Scope.OPERATE))
    async def openapi(request: Request) -> Response:
        return JSONResponse(document)

    @router.get("/docs", **needs(Scope.READ, Scope.OPERATE))
    async def docs(request: Request) -> Response:
        content, policy = _page(json.dumps(document))
        return HTMLResponse(content, headers={"Content-Security-Policy": policy})

    return router


@cache
def _page(document: str) -> tuple[bytes, str]:
    """The page and its content security policy."""
    # fastapi_offline is used only for its Swagger UI files.
    static = files("fastapi_offline") / "static"
    css = (static / "swagger-ui.css").read_text("utf-8")
    bundle = _inline((static / "swagger-ui-bundle.js").read_text("utf-8"))
    start = _START.format(spec=_inline(document))
    title = json.loads(document)["info"]["title"]
    policy = (
        f"default-src 'none'; script-src {digest(bundle)} {digest(start)}; "
        f"style-src {digest(css)}; img-src data:; connect-src 'self'; "  # to try the API out
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return _PAGE.format(title=title, css=css, bundle=bundle, start=start).encode(), policy


def _inline(script: str) -> str:
    """Escape whatever would end the script's element."""
    return re.sub("</(?=script)", r"<\\/", script, flags=re.I).replace("<!--", r"<\!--")
