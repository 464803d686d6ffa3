"""The pages' scripts and style, with names by content, so that browsers cache them for good."""

from __future__ import annotations

import re
from enum import Enum
from functools import cache
from hashlib import sha256
from importlib.resources import files

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from producer.http.access.scopes import OPEN

_PATH = "/assets/"
_NAME = re.compile(r"([a-z]+)-([0-9a-f]{16})(\.css|\.js)")
_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript"}
_CACHED = "public, max-age=31536000, immutable"


class Asset(Enum):
    """A file by its stem and suffix."""

    STYLE = ("page", ".css")
    LIST = ("list", ".js")
    LIVE = ("live", ".js")
    UPLOAD = ("upload", ".js")


def is_asset(path: str) -> bool:
    """Whether the path is an asset's. Assets are public: the sign-in form uses one too."""
    return path.startswith(_PATH) and _NAME.fullmatch(path, len(_PATH)) is not None


@cache
def url(asset: Asset) -> str:
    """Path of the file, which changes with its content."""
    stem, suffix = asset.value
    return f"{_PATH}{stem}-{sha256(_content(asset)).hexdigest()[:16]}{suffix}"


def routes() -> APIRouter:
    """The route of the assets."""
    router = APIRouter(include_in_schema=False)
    assets = {asset.value: asset for asset in Asset}

    @router.get(_PATH + "{name}", **OPEN)
    async def asset_file(request: Request) -> Response:
        name = _NAME.fullmatch(request.path_params["name"])
        asset = name and assets.get((name[1], name[3]))
        if not asset:
            raise HTTPException(404)
        # A page of another release, during a deployment, gets our file, uncached under its name.
        caching = {"Cache-Control": _CACHED} if request.url.path == url(asset) else {}
        return Response(_content(asset), headers=caching, media_type=_MEDIA_TYPES[asset.value[1]])

    return router


@cache
def _content(asset: Asset) -> bytes:
    stem, suffix = asset.value
    return files(__package__).joinpath("static", stem + suffix).read_bytes()
