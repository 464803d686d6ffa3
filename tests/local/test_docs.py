"""docs/ is a site: all pages are in it, its links have targets, and it loads nothing external."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

import producer
from tests.local.markdown_links import anchors, links
from tests.local.running import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md"))
_TOPS = (
    "producer",
    "worker",
    "sandbox",
    "local",
    "chaos",
    "benchmarks",
    "tests",
    "deploy",
    "examples",
)
_PATH = re.compile(rf"`((?:{'|'.join(_TOPS)})/[\w./@-]+)`")
_BARE = re.compile(r"`([a-z_]+\.(?:py|lua))`")
# Elements that load something when a page is shown, unlike links.
_LOADED = {"audio", "embed", "iframe", "img", "link", "script", "source", "video"}


class _Yaml(yaml.SafeLoader):
    """Ignores the tags for Python objects."""


_Yaml.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


def settings() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader=_Yaml)
    return found


def _named(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    for part in nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ():
        yield from _named(part)


def test_every_page_is_in_the_navigation() -> None:
    """The site's navigation names each page once, and no other, in its groups."""
    nav = settings()["nav"]
    assert sorted(_named(nav)) == PAGES
    assert [name for group in nav for name in group] == [
        *("Home", "Tutorial", "How-to", "Reference", "Explanation")
    ]


@pytest.mark.parametrize("name", PAGES)
def test_links_have_targets(name: str) -> None:
    """Each link of a page has a target: a file of the site, and a title in it."""
    for path, anchor in links((DOCS / name).read_text("utf-8")):
        target = DOCS / (path or name)
        assert target.is_file(), path
        assert target.resolve().is_relative_to(DOCS), path
        assert not anchor or anchor in anchors(target.read_text("utf-8")), f"{path}#{anchor}"


@pytest.mark.parametrize("name", PAGES)
def test_files_that_a_page_names_exist(name: str) -> None:
    """Each path in backticks is one of the repository's, and each bare file name is a file's."""
    text = (DOCS / name).read_text("utf-8")
    for path in _PATH.findall(text):
        assert (ROOT / path).exists(), path
    files = {path.name for top in _TOPS for path in (ROOT / top).rglob("*.*")}
    assert set(_BARE.findall(text)) <= files


def test_every_public_name_is_described() -> None:
    """docs/api.md has each name that `producer` exports, and no other."""
    described = re.findall(r"^::: producer\.(\w+)$", (DOCS / "api.md").read_text(), re.MULTILINE)
    assert sorted(described) == sorted(producer.__all__)


class _Loaded(HTMLParser):
    """The addresses that a page loads something from."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _LOADED:
            self.found += [url or "" for name, url in attrs if name in ("href", "src", "srcset")]


def test_the_site_is_built_and_loads_from_no_other_host(tmp_path: Path) -> None:
    """`make docs` builds the site without a warning; no page loads anything from another host."""
    for name in ("docs", "producer", "local"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    built = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    site = tmp_path / settings()["site_dir"]
    for name in PAGES:
        stem = name.removesuffix(".md")
        page = site / ("" if stem == "index" else stem) / "index.html"
        loaded = _Loaded()
        loaded.feed(page.read_text("utf-8"))
        assert loaded.found
        assert not [url for url in loaded.found if re.match(r"(\w+:)?//", url)], name
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", style.read_text("utf-8")), style
