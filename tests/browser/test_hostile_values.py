"""Hostile names, codes and messages are shown as text everywhere and never run."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from producer.migrations.input.columns.columns import map_columns
from producer.migrations.input.input_file import open_input
from producer.migrations.model.conditions import Conditions
from producer.migrations.registry import Registry
from producer.migrations.run.setup import Run
from tests.browser.hostile import VALUES, as_read
from tests.browser.tab import Tab
from tests.crash.stage import Stage
from tests.unit.http.web import WebProcess

pytestmark = [pytest.mark.integration, pytest.mark.browser]

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def stage(migrating_stage: Stage) -> Iterator[Stage]:
    """A stage with one worker for both lanes."""
    yield migrating_stage
    migrating_stage.stripe.clear_faults()


@pytest.fixture(scope="module")
def web(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    """A web process of that stage, in English."""
    folder = tmp_path_factory.mktemp("hostile-data")
    with WebProcess(
        stage.valkey.url, CARDS_MIGRATIONS_DIR=str(folder), CARDS_LANGUAGE="en"
    ) as made:
        yield made


def _upload(web: WebProcess, content: str, **parameters: Any) -> dict[str, Any]:
    answer = httpx.post(
        f"{web.url}/api/migrations", params=parameters, content=content.encode(), timeout=60
    )
    assert answer.status_code in (200, 201), (answer.text, parameters)
    data: dict[str, Any] = answer.json()["data"]
    return data


def _csv(*fields: str) -> str:
    return ",".join('"' + field.replace('"', '""') + '"' for field in fields) + "\n"


async def _read(tab: Tab) -> str:
    """The page's text, collapsed parts included, with single spaces."""
    return " ".join(str(await tab.value("document.body.textContent")).split())


def _quiet(tab: Tab) -> None:
    assert (tab.ran, tab.violations, tab.errors) == ([], [], [])
    foreign = [url for url in tab.requests if "evil" in url or url.endswith("/x")]
    assert foreign == []


async def test_the_values_run_as_markup(tab: Tab) -> None:
    """On an unprotected page most values call `ran`, so the other tests can fail."""
    frame = (await tab.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
    for value in VALUES:
        await tab.send("Page.setDocumentContent", frameId=frame, html=f"<p>{value}")
    await tab.until("document.querySelector('p')")
    assert {"script", "image", "svg", "ends", "comment", "long"} <= set(tab.ran)


async def test_names_are_text(stage: Stage, web: WebProcess, tab: Tab, tmp_path: Path) -> None:
    """Names of uploads, files and columns, and values of rows are text on all pages."""
    named: dict[str, str] = {}
    registry = Registry(stage.journal)
    for value in VALUES:
        # Both columns have hostile names, and the second row hostile values. A column's name
        # cannot contain unprintable characters.
        shown = "".join(char for char in value if char.isprintable())[:300]
        columns = (f"{next(_numbers)}{shown}", f"{shown}{next(_numbers)}")
        first = stage.customer("Named")
        rows = _csv(*columns) + _csv(first, stage.card(first)) + _csv(value, value)
        maps = [f"userId={columns[0]}", f"default_source={columns[1]}"]
        data = await asyncio.to_thread(_upload, web, rows, name=value, map=maps)
        named[data["migration"]["id"]] = data["migration"]["name"]
    for value in VALUES[:4]:  # the command line uses the file's name
        path = tmp_path / value.replace("/", "")
        customer = stage.customer("Named")
        path.write_text(_csv("userId", "default_source") + _csv(customer, stage.card(customer)))
        source = open_input(path)
        run = Run(source, map_columns(source), Conditions())
        run.enter(registry)
        named[run.id] = source.name
    await tab.open(f"{web.url}/migrations")
    listed = await _read(tab)
    for name in named.values():
        assert as_read(name) in listed
    assert await tab.value("document.documentElement.scrollWidth <= innerWidth")
    for migration, name in named.items():
        await tab.open(f"{web.url}/migrations/{migration}")
        assert as_read(await tab.value("document.querySelector('h1').innerText")) == as_read(name)
        assert as_read(name) in " ".join(str(await tab.value("document.title")).split())
    _quiet(tab)


async def test_what_stripe_says_is_text(
    stage: Stage, web: WebProcess, tab: Tab, tmp_path: Path
) -> None:
    """Codes and messages are text in live updates, on the loaded page and in the report."""
    rows = _csv("userId", "default_source")
    for value in VALUES:
        customer = stage.customer("Hostile")
        rows += _csv(customer, stage.card(customer))
        stage.stripe.add_fault(
            "status", status=402, code=value, message=value, customer=f"^{customer}$",
            method="POST", times=None,
        )  # fmt: skip
    data = await asyncio.to_thread(_upload, web, rows, name="cards.csv")
    path = f"/migrations/{data['migration']['id']}"
    url = web.url + path
    await tab.open(url)
    await tab.value("window.stayed = true")
    await asyncio.to_thread(httpx.post, f"{web.url}/api{path}/run", timeout=60)
    await tab.until("document.body?.innerText.includes('Finished:')")
    assert await tab.value("window.stayed")
    assert all([as_read(value) in await _read(tab) for value in VALUES])
    await tab.open(url)
    assert all([as_read(value) in await _read(tab) for value in VALUES])
    for width in (390, 1280):
        await tab.view(width)
        assert await tab.value("document.documentElement.scrollWidth") <= width
        await tab.screenshot(tmp_path / f"hostile-page-{width}.png")
    report = await asyncio.to_thread(httpx.get, f"{url}/report.html", timeout=60)
    saved = tmp_path / "report.html"
    saved.write_bytes(report.content)
    for where in (f"{url}/report.html", saved.as_uri()):
        await tab.open(where)
        read = await _read(tab)
        assert all(read.count(as_read(value)) >= 2 for value in VALUES), read
        for width in (390, 1280):
            await tab.view(width)
            assert await tab.value("document.documentElement.scrollWidth") <= width
            await tab.screenshot(tmp_path / f"hostile-report-{width}.png")
    _quiet(tab)


async def test_addresses_are_not_echoed(web: WebProcess, tab: Tab) -> None:
    """Contents of path, query and fragment neither run nor appear, on `/docs` either."""
    for value in VALUES[1:12:5]:  # markup, a link, a template
        spelt = httpx.QueryParams({"url": value, "configUrl": value, "spec": value})
        await tab.open(f"{web.url}/docs?{spelt}#/{value}")
        await tab.until("document.querySelectorAll('.opblock').length > 5")
        assert value not in await tab.text()
        await tab.open(f"{web.url}/migrations/{httpx.QueryParams({'': value})}?{spelt}#{value}")
        assert value not in await tab.text()
    assert (tab.ran, tab.violations) == ([], [])
    assert not [url for url in tab.requests if not url.startswith((web.url, "data:"))]


_INSERT = """values => { for (const value of values) {
  const place = document.body.appendChild(document.createElement("div"));
  place.append(document.createRange().createContextualFragment(value)); } }"""


async def test_injected_markup_could_not_run(
    stage: Stage, web: WebProcess, tab: Tab, tmp_path: Path
) -> None:
    """Injected into our pages as markup, the values run and load nothing.

    Only a redirect by `meta` is not covered by a policy.
    """
    inserting = f"({_INSERT})({json.dumps([one for one in VALUES if 'http-equiv' not in one])})"
    one = stage.customer("Markup")
    rows = _csv("userId", "default_source") + _csv(one, stage.card(one))
    data = await asyncio.to_thread(_upload, web, rows, name="cards.csv")
    at = f"{web.url}/migrations/{data['migration']['id']}"
    saved = tmp_path / "report.html"
    saved.write_bytes((await asyncio.to_thread(httpx.get, f"{at}/report.html", timeout=60)).content)
    for url in (f"{web.url}/migrations", at, saved.as_uri(), f"{web.url}/docs"):
        await tab.open(url)
        before = len(tab.violations)
        await tab.value(inserting)
        await tab.value("new Promise(done => setTimeout(done))")
        refused = {one.split()[0] for one in tab.violations[before:]}
        assert {"script-src-elem", "script-src-attr", "style-src-elem"} <= refused, url
    # As served, it runs no script at all, not even one that reports violations.
    await tab.open(f"{at}/report.html")
    tab.errors.clear()
    await tab.value(inserting)
    await tab.open(at)
    assert any("sandboxed" in error for error in tab.errors)
    assert tab.ran == []
    assert not [url for url in tab.requests if "evil" in url]
