"""The commands in the runbook exist."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from producer.cli.app import cards
from tests.local.running import ROOT

_BLOCK = re.compile(r"```sh\n(.*?)```", re.S)
_TEXT = (ROOT / "docs" / "migrations.md").read_text()
LINES = sorted(
    {
        line.partition("#")[0].strip()
        for block in _BLOCK.findall(_TEXT)
        for line in block.splitlines()
        if line.startswith("cards ")
    }
)


@pytest.mark.parametrize("line", LINES)
def test_the_line_is_parsed(line: str) -> None:
    """Command, arguments and options are parsed unchanged; nothing is run."""
    group: click.Command = cards
    words = shlex.split(line)[1:]
    with click.Context(group) as context:
        while isinstance(group, click.Group):
            found = group.get_command(context, words.pop(0))
            assert found is not None
            group = found
        group.make_context(line, words)


def test_the_runbook_has_lines() -> None:
    """The runbook was found, and has lines for each step."""
    named = {line.split()[2] for line in LINES if line.startswith("cards migrate ")}
    assert {"plan", "run", "status", "report", "verify"} <= named
