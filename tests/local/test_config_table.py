"""docs/configuration.md is current, complete, and agrees with the code that reads the settings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from local.targets import config_table
from local.targets.config_table import LEAST, READERS, SETTINGS, asked_by
from producer.settings_table import CLIENT, FLOWER, WEB, WORKER, Setting
from tests.local.running import ROOT

PACKAGES = ("producer", "worker", "local", "sandbox", "chaos")
BY_NAME = {setting.name: setting for setting in SETTINGS}
OURS = re.compile(r"(?:CARDS|STRIPE|REDIS|FLOWER|OTEL)(?:_[A-Z0-9]+)+")
# Other names of environment variables.
OTHERS = re.compile(r"HOST|PORT|TMPDIR|NO_COLOR|(?:HTTPS?|ALL|NO)_PROXY|SSL_CERT_(?:FILE|DIR)")
# Set for child processes, and by CGI.
NOT_SETTINGS = {"PYTHONUNBUFFERED", "REQUEST_METHOD"}
# A proposal of docs/scale.md.
PROPOSED = {"CARDS_REDIS_URLS"}
# The process of each reader.
CALLED_BY = {
    "RedisConfig": FLOWER,
    "Settings": CLIENT,
    "Signing": CLIENT,
    "ClientLimits": WEB,
    "Authorities": WORKER,
    "WebhookSecrets": WEB,
    "CallbackSecrets": WORKER,
    "WebSettings": WEB,
    "WorkerSettings": WORKER,
}


def _sources() -> Iterator[tuple[Path, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.name != "settings_table.py":
                yield path.relative_to(ROOT), ast.parse(path.read_text("utf-8"))


def _read_in(tree: ast.Module) -> Iterator[str]:
    """Names of environment variables in a module, by their form or their use."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if OURS.fullmatch(text) or OTHERS.fullmatch(text):
                yield text
            case ast.Subscript(value=of, slice=ast.Constant(value=str(text))) if _environ(of):
                yield text
            case ast.Call(func=ast.Attribute(attr="get", value=of), args=[first, *_]) if _environ(
                of
            ) and isinstance(first, ast.Constant):
                yield str(first.value)
            case ast.Compare(left=ast.Constant(value=str(text)), comparators=[of]) if _environ(of):
                yield text


def _environ(node: ast.expr) -> bool:
    return ast.unparse(node).endswith("environ")


def test_the_table_in_the_repository_is_current() -> None:
    """`make config-table` was run after the last change."""
    assert config_table.PATH.read_text("utf-8") == config_table.text()


def test_every_name_in_the_code_is_in_the_table() -> None:
    """A setting that is read anywhere is declared in its package's settings_table.py."""
    lacking = {
        f"{name}, read in {path}: declare it in {path.parts[0]}/settings_table.py"
        for path, tree in _sources()
        for name in _read_in(tree)
        if name not in BY_NAME and name not in NOT_SETTINGS
    }
    assert sorted(lacking) == []


def test_every_reader_is_asked() -> None:
    """Each class with a `from_environ` is among the readers that the table is checked against."""
    classes = {
        node.name: path
        for path, tree in _sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(getattr(item, "name", "") == "from_environ" for item in node.body)
    }
    lacking = {f"{name} of {path}: add it" for name, path in classes.items() if name not in READERS}
    assert sorted(lacking) == [], (
        "to READERS of local/targets/config_table.py, and to CALLED_BY here"
    )
    assert set(READERS) == set(CALLED_BY) == set(classes)


@pytest.mark.parametrize("reader", READERS)
def test_names_agree_with_the_reader(reader: str) -> None:
    """Every setting that a reader reads is declared as read by its process."""
    by = CALLED_BY[reader]
    lacking = {
        f"{name}: declare it, read by {by}"
        for name in asked_by(reader) - NOT_SETTINGS
        # Proxies' names have two spellings.
        if (found := BY_NAME.get(name) or BY_NAME.get(name.upper())) is None or by not in found.by
    }
    assert sorted(lacking) == []


def test_no_declared_setting_is_unread() -> None:
    """Every setting in the table is read in the code, or by a library."""
    known = {name for _, tree in _sources() for name in _read_in(tree)}
    known |= {name for reader in READERS for name in asked_by(reader)}
    assert {one.name for one in SETTINGS if not one.foreign} - known == set()
    assert len(BY_NAME) == len(SETTINGS), "declared twice"


def _with_default() -> list[tuple[str, Setting]]:
    return [
        (reader, setting)
        for reader in READERS
        for setting in SETTINGS
        if setting.default and setting.name in asked_by(reader)
    ]


@pytest.mark.parametrize(("reader", "setting"), _with_default(), ids=lambda one: str(one)[:40])
def test_a_declared_default_is_the_readers_own(reader: str, setting: Setting) -> None:
    """Setting the declared default has the same effect as setting nothing."""
    read = READERS[reader]
    assert read({**LEAST, setting.name: setting.default}) == read(LEAST)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda one: one.name)
def test_a_row_gives_values_and_a_default(setting: Setting) -> None:
    """Each row gives the permitted values, and for a number also what happens without it."""
    values = config_table.values_of(setting)
    assert values, f"{setting.name}: its reader does not say what it must be: declare `values`"
    if "number" in values:
        assert setting.default or setting.otherwise


def test_settings_in_compose_and_docs_exist() -> None:
    """Every setting that Compose sets or the documentation names is in the table."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    named = {name for one in services.values() for name in one.get("environment", {})}
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        if page.name != "CHANGELOG.md":
            named |= set(re.findall(r"\bCARDS_[A-Z0-9_]+[A-Z0-9]\b", page.read_text("utf-8")))
    assert named - set(BY_NAME) - PROPOSED == set()
