"""The wheel, built from only the files that the image is built from."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path

import pytest

from producer.http.pages.site.assets import Asset
from tests.local.running import ROOT
from tests.local.service import Service

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COPIED = [
    name
    for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
    for name in line.split()[:-1]
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that the Dockerfile's build stage makes."""
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
    """The wheel's archive."""
    with zipfile.ZipFile(built) as archive:
        yield archive


@pytest.fixture(scope="module")
def service(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service's environment with the wheel and our dependencies."""
    return Service.install(built, tmp_path_factory.mktemp("service"))


def test_the_licence_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    """The wheel names its licence as PEP 639 requires, and contains the text."""
    (name,) = (each for each in wheel.namelist() if each.endswith(".dist-info/METADATA"))
    metadata = Parser().parsestr(wheel.read(name).decode())
    assert metadata["License-Expression"] == "MIT"
    assert metadata.get_all("License-File") == ["LICENSE"]
    text = wheel.read(name.replace("METADATA", "licenses/LICENSE")).decode()
    assert text == (ROOT / "LICENSE").read_text()
    assert "The card-commands authors" in text


def test_the_wheel_has_one_top_level_name(wheel: zipfile.ZipFile) -> None:
    """A service that installs it gets only `producer` and `cards`: names like worker are common."""
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"producer"}
    (entries,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    assert wheel.read(entries).decode().split() == [
        "[console_scripts]",
        "cards",
        "=",
        "producer.cli:main",
    ]


def test_the_wheel_has_what_web_runs(wheel: zipfile.ZipFile) -> None:
    """Web, its page's files and the journal's scripts are in the wheel."""
    names = wheel.namelist()
    assert "producer/http/__main__.py" in names
    for asset in Asset:
        assert f"producer/http/pages/site/static/{''.join(asset.value)}" in names
    assert any(name.startswith("producer/journal/") and name.endswith(".lua") for name in names)


def test_worker_and_sandbox_run_with_the_installed_wheel(service: Service) -> None:
    """With the image's folder, or that of the systemd units, the processes find their imports."""
    copies = dict(re.findall(r"^COPY (\w+) (/app/\w+)$", DOCKERFILE, re.MULTILINE))
    assert copies == {"worker": "/app/worker", "sandbox": "/app/sandbox"}
    assert re.search(r"^ENV .*\bPYTHONPATH=/app\b", DOCKERFILE, re.MULTILINE)
    app = service.folder / "app"
    for name in copies:
        shutil.copytree(ROOT / name, app / name)
    imports = "import worker.app, worker.flower.celery, sandbox.http.service, producer"
    found = service.run(
        f"{imports}; print(worker.app.__file__, sandbox.http.service.__file__, producer.__file__)",
        PYTHONPATH=str(app),
        REDIS_URL="redis://127.0.0.1:1/0",
        STRIPE_API_KEY="sk_test_" + "0" * 24,
    )
    where = [app / "worker/app.py", app / "sandbox/http/service.py", service.packages / "producer"]
    assert [Path(path) for path in found.split()] == [*where[:2], where[2] / "__init__.py"]


def test_an_installed_service_gets_no_other_package(service: Service) -> None:
    """It finds its own `worker`, and the command line runs without our other packages."""
    own = service.folder / "own"
    own.mkdir()
    (own / "worker.py").write_text("MINE = True")
    assert service.run("import worker, producer; print(worker.MINE)", PYTHONPATH=str(own)) == "True"
    printed = service.cards("--version")
    assert printed == version("card-commands")


def test_dockerignore_includes_what_the_image_copies() -> None:
    """.dockerignore lets through every file that the Dockerfile copies."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_through = [line.removeprefix("!") for line in lines if line.startswith("!")]
    assert "LICENSE" in COPIED
    for name in COPIED:
        assert any(fnmatch(name, pattern) for pattern in let_through), name


def test_a_service_that_imports_it_is_type_checked(service: Service) -> None:
    """With the installed wheel mypy knows the client's types, and finds wrong calls."""
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
    found = service.type_check(script, *examples)
    errors = [re.sub(r"^(.*?:\d+): error: .*\[([a-z-]+)\]$", r"\1 \2", line) for line in found]
    assert errors == [
        "script.py:7 call-arg",
        "script.py:8 call-arg",
        "script.py:9 return-value",
    ]
