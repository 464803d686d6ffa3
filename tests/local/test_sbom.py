"""`make sbom` lists what a deployment installs, as valid CycloneDX."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.validation.json import JsonStrictValidator

from local.targets import sbom
from tests.local.running import ROOT
from tests.local.test_requirements import pins

RUNTIME = ROOT / "requirements" / "runtime.txt"


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of the document."""
    path: Path = tmp_path_factory.mktemp("sbom") / "build" / "card-commands.cdx.json"
    assert sbom.main([str(path)]) == 0
    return path.read_text()


@pytest.fixture(scope="module")
def read(text: str) -> dict[str, Any]:
    """The document, parsed."""
    document: dict[str, Any] = json.loads(text)
    return document


def test_it_is_valid(text: str) -> None:
    """The document strictly follows the schema shipped with the library."""
    assert JsonStrictValidator(sbom.SCHEMA).validate_str(text) is None


def test_it_lists_every_pin(read: dict[str, Any]) -> None:
    """Its components are the pins of runtime.txt, stripe and celery among them."""
    listed = {one["name"]: one["version"] for one in read["components"]}
    assert listed == pins(RUNTIME)
    assert {"stripe", "celery"} <= listed.keys()
    purls = {one["purl"] for one in read["components"]}
    assert {f"pkg:pypi/{name}@{listed[name]}" for name in ("stripe", "celery")} <= purls


def test_it_has_every_hash(read: dict[str, Any]) -> None:
    """The document's hashes are the ones that an installation verifies."""
    files = [file for one in read["components"] for file in one["externalReferences"]]
    listed = {f"--hash={found['alg']}:{found['content']}" for f in files for found in f["hashes"]}
    wanted = {word for word in RUNTIME.read_text().split() if word.startswith("--hash=")}
    assert listed == {word.replace("sha256", "SHA-256") for word in wanted}


def test_it_describes_the_project_and_its_direct_requirements(read: dict[str, Any]) -> None:
    """It describes card-commands, its licence, and the requirements in pyproject.toml."""
    described = read["metadata"]["component"]
    assert described["name"] == "card-commands"
    assert described["licenses"] == [{"license": {"id": "MIT"}}]
    (needs,) = (one for one in read["dependencies"] if one["ref"] == described["bom-ref"])
    direct = {ref.removeprefix("pkg:pypi/").partition("@")[0] for ref in needs["dependsOn"]}
    assert {"stripe", "celery", "fastapi", "flower", "redis", "aiohttp"} <= direct
    assert "starlette" not in direct


def test_it_is_reproducible(text: str) -> None:
    """The same files give the same bytes, and another pin gives another serial number."""
    pyproject = (ROOT / "pyproject.toml").read_text()
    assert sbom.document(RUNTIME.read_text(), pyproject) == text
    other = json.loads(
        sbom.document(RUNTIME.read_text().replace("stripe==", "stripe==1."), pyproject)
    )
    assert other["serialNumber"] != json.loads(text)["serialNumber"]
    assert "timestamp" not in other["metadata"]
