"""The wheel, built from no more than the image is built from."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from fnmatch import fnmatch
from pathlib import Path

import pytest

from producer.http.page.assets import Asset
from tests.local.running import ROOT

COPIED = [
    name
    for line in re.findall(
        r"^COPY (?!--from)(.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    for name in line.split()[:-1]
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
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
    return zipfile.ZipFile(path)


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
