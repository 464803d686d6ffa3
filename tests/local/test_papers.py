"""Links and commands in the repository's own papers are valid."""

from __future__ import annotations

import re

import pytest

from tests.local.markdown_links import anchors, links
from tests.local.running import ROOT

PAPERS = ("README.md", "SECURITY.md", "CONTRIBUTING.md")


@pytest.mark.parametrize("name", PAPERS)
def test_links_have_targets(name: str) -> None:
    """Each link to a file of the repository, and to a title in it, has a target."""
    found = links((ROOT / name).read_text("utf-8"))
    assert found
    for path, part in found:
        target = ROOT / (path or name)
        assert target.is_file(), path
        assert not part or part in anchors(target.read_text()), part


@pytest.mark.parametrize("name", PAPERS)
def test_targets_of_make_exist(name: str) -> None:
    """Each recommended `make` command is a target of the Makefile."""
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / name).read_text(), re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named
    assert named <= targets
