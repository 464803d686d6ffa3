"""Security headers of all answers, and the pages' assets."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from producer.http.app import create_app
from producer.http.pages.site.assets import Asset, is_asset, url
from producer.settings import WebSettings
from tests.unit.http.web import DEFAULT, client_of, running

_TOKEN = "t0ken-of-a-person"
_BEARER = {"Authorization": f"Bearer {_TOKEN}"}
_ROWS = b"userId,default_source\ncus_a1,card_a1\nkus_a2,card_a2\n"
_EVERY = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
}
_PAGE = {
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), "
    "payment=(), usb=()",
}
_POLICY = "content-security-policy"
_OWN = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@pytest.fixture
async def guarded(redis_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app with a token configured."""
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path), "CARDS_LANGUAGE": "en"}
    async with client_of(redis_url, CARDS_API_TOKENS=_TOKEN, **environ) as made:
        yield made


async def _uploaded(web: httpx.AsyncClient) -> str:
    answer = await web.post("/api/migrations?name=cards.csv", content=_ROWS, headers=_BEARER)
    migration: str = answer.json()["data"]["migration"]["id"]
    return migration


def _told(answer: httpx.Response, wanted: dict[str, str]) -> dict[str, str | None]:
    return {name: answer.headers.get(name) for name in wanted}


async def test_other_answers_than_pages_may_do_nothing(guarded: httpx.AsyncClient) -> None:
    """Data, refusals, events, files and redirects have the strict headers for every caller."""
    task = await guarded.post(
        "/api/cards/default", json=DEFAULT, headers=_BEARER | {"Prefer": "respond-async"}
    )
    at = f"/api/tasks/{task.json()['data']['taskId']}"
    migration = f"/api/migrations/{await _uploaded(guarded)}"
    await guarded.post(f"{migration}/cancel", headers=_BEARER)
    responses = [task]
    for path in (at, "/openapi.json", "/metrics", "/healthz", "/none", migration):
        responses.append(await guarded.get(path, headers=_BEARER))
    for path in (f"{migration}/events", f"{migration}/report.csv", f"{migration}/errors.csv"):
        responses.append(await guarded.get(path, headers=_BEARER))
    responses.append(await guarded.head(f"{at}/events", headers=_BEARER))
    responses.append(await guarded.get(at))
    responses.append(await guarded.delete("/docs", headers=_BEARER))
    responses.append(await guarded.post("/login", data={"token": _TOKEN}))
    for answer in responses:
        assert _told(answer, _EVERY) == _EVERY, (answer.request.url, answer.status_code)
    assert {200, 202, 303, 401, 404, 405} == {answer.status_code for answer in responses}


async def test_internal_errors_have_the_headers_too(redis_url: str) -> None:
    """The answer to an unexpected error has the strict headers."""
    app = create_app(WebSettings.from_environ({"REDIS_URL": redis_url}))

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError

    async with running(app) as client:
        assert _told(await client.get("/broken"), _EVERY) == _EVERY


async def test_pages_run_and_load_only_our_files(guarded: httpx.AsyncClient) -> None:
    """The form, the list, a migration and a refusal share one policy: nothing inline, no frames."""
    form = await guarded.get("/migrations")
    await guarded.post("/login", data={"token": _TOKEN})
    migration = await _uploaded(guarded)
    pages = [form]
    for path in ("", f"/{migration}", "/mig_0123456789abcdef01234567"):
        pages.append(await guarded.get(f"/migrations{path}"))
    pages.append(await guarded.post(f"/migrations/{migration}/pause", headers={"origin": "null"}))
    assert [page.status_code for page in pages] == [401, 200, 200, 404, 403]
    loaded = set()
    for page in pages:
        assert _told(page, _EVERY | _PAGE) == _EVERY | _PAGE | {_POLICY: _OWN}
        assert not re.search(r"<style|<script(?! src=)|\sstyle=|\son\w+=", page.text)
        loaded |= set(re.findall(r'<(?:script src|link rel="stylesheet" href)="(.*?)"', page.text))
    assert loaded == {url(asset) for asset in Asset}


async def test_assets_are_cached_for_good_and_need_no_session(
    guarded: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    """Their names contain their digests; a name of another release is not cached."""
    media_types = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
    for asset in Asset:
        found = await guarded.get(url(asset))
        assert found.status_code == 200
        assert sha256(found.content).hexdigest()[:16] in url(asset)
        assert found.headers["content-type"] == media_types[asset.value[1]]
        assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "set-cookie" not in found.headers
        wanted = {n: v for n, v in _EVERY.items() if n != "cache-control"}
        assert _told(found, wanted) == wanted
        old = await guarded.get(re.sub(r"-\w+", f"-{'0' * 16}", url(asset)))
        assert (old.content, old.headers["cache-control"]) == (found.content, "no-store")
    for name in ("none-0123456789abcdef.js", "page-0123456789abcdef.js", "page.css", "..%2fassets"):
        assert (await client.get(f"/assets/{name}")).status_code == 404, name


@pytest.mark.parametrize(
    "path",
    [
        "/assets/events",
        "/assets/report.html",
        "/assets/page-0123456789abcdef.css/events",
        "/assets/page-0123456789abcdef.css\n",
        "/assets/../page-0123456789abcdef.css",
        "//assets/page-0123456789abcdef.css",
        "/migrations/mig_0123456789abcdef01234567",
    ],
)
def test_only_asset_paths_are_public(path: str) -> None:
    """Only paths spelt like an asset's are open without a session."""
    assert not is_asset(path)


async def test_docs_run_only_scripts_named_by_digest(guarded: httpx.AsyncClient) -> None:
    """The policy contains the digest of each inline script and style, and no other."""
    found = await guarded.get("/docs", headers=_BEARER)
    assert _told(found, _PAGE) == _PAGE
    inline = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", found.text, re.DOTALL)
    digests = [b64encode(sha256(one.encode()).digest()).decode() for one in inline]
    policy = found.headers[_POLICY]
    assert sorted(re.findall(r"'sha256-(.*?)'", policy)) == sorted(digests)
    assert len(digests) == 3
    assert "unsafe" not in policy
    assert {"default-src 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))


async def test_a_report_is_sandboxed(guarded: httpx.AsyncClient) -> None:
    """The report may use its own style, named by digest, and nothing else."""
    migration = await _uploaded(guarded)
    found = await guarded.get(f"/api/migrations/{migration}/report.html", headers=_BEARER)
    assert _told(found, _PAGE) == _PAGE
    policy = found.headers[_POLICY]
    assert "unsafe" not in policy
    assert {"default-src 'none'", "frame-ancestors 'none'", "sandbox"} <= set(policy.split("; "))
