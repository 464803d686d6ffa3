"""The wheel, built from no more than the image is built from."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from fnmatch import fnmatch
from pathlib import Path

import pytest

from producer.http.page.assets import Asset
from tests.local.running import ROOT
from tests.local.service import Service

COPIED = [
    name
    for line in re.findall(
        r"^COPY (?!--from)(.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    for name in line.split()[:-1]
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that the Dockerfile's build stage would make."""
    source = tmp_path_factory.mktemp("source")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name)
        else:
            (source / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target=wheel"], cwd=source, check=True
    )
    (path,) = Path(source, "dist").glob("*.whl")
    return path


@pytest.fixture(scope="module")
def wheel(built: Path) -> Iterator[zipfile.ZipFile]:
    """What is in it."""
    with zipfile.ZipFile(built) as archive:
        yield archive


@pytest.fixture(scope="module")
def service(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service's environment in which the wheel was installed, with our dependencies."""
    return Service.install(built, tmp_path_factory.mktemp("service"))


def test_the_licence_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    """The wheel names its licence as PEP 639 says, and holds the text."""
    (name,) = (each for each in wheel.namelist() if each.endswith(".dist-info/METADATA"))
    metadata = Parser().parsestr(wheel.read(name).decode())
    assert metadata["License-Expression"] == "MIT"
    assert metadata.get_all("License-File") == ["LICENSE"]
    text = wheel.read(name.replace("METADATA", "licenses/LICENSE")).decode()
    assert text == (ROOT / "LICENSE").read_text()
    assert "The card-commands authors" in text


def test_the_wheel_has_what_a_deployment_runs(wheel: zipfile.ZipFile) -> None:
    """Web, its page's files, worker, Flower, sandbox and the journal's scripts are in the wheel."""
    names = wheel.namelist()
    for name in ("producer/http/__main__.py", "worker/app.py", "worker/flower.py", "local/up.py"):
        assert name in names
    for asset in Asset:
        assert f"producer/http/page/static/{''.join(asset.value)}" in names
    assert any(name.startswith("producer/journal/") and name.endswith(".lua") for name in names)


def test_the_image_is_given_what_it_copies() -> None:
    """.dockerignore lets through all that the Dockerfile copies."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_through = [line.removeprefix("!") for line in lines if line.startswith("!")]
    assert "LICENSE" in COPIED
    for name in COPIED:
        assert any(fnmatch(name, pattern) for pattern in let_through), name


def test_an_importing_service_is_type_checked(service: Service) -> None:
    """Against the installed wheel mypy knows the client's types, and finds wrong calls of it."""
    examples = [ROOT / f"examples/{name}.py" for name in ("send", "send_async", "send_many")]
    script = """\
from producer import CardCommands, Envelope, SetDefaultCard

def right(cards: CardCommands) -> Envelope:
    return cards.send(SetDefaultCard(customer="cus_1", card="card_1"), lane="bulk").wait()

def wrong(cards: CardCommands) -> int:
    cards.set_default(customer="cus_1", kard="card_1")
    SetDefaultCard(customer="cus_1", kard="card_1")
    return cards.status("id").state
"""
    told = service.type_check(script, *examples)
    errors = [re.sub(r"^(.*?:\d+): error: .*\[([a-z-]+)\]$", r"\1 \2", line) for line in told]
    assert errors == [
        "script.py:7 call-arg",
        "script.py:8 call-arg",
        "script.py:9 return-value",
    ]
