"""Completions that a shell gets while a line is typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from producer.cli.lanes import LANE
from producer.contract import Lane

CARDS = Path(sys.executable).with_name("cards")
# What commands need to run, but completion does not.
HEAVY = ("asyncio", "celery", "pydantic", "redis")
SHELLS = ("bash", "zsh", "fish")
_PROBE = """
import json, sys
from producer.cli import main
try:
    main([])
finally:
    print("\\n" + json.dumps(sorted(set(sys.modules) & set(json.loads(sys.argv[1])))))
"""


def _completed(line: str, shell: str = "zsh") -> tuple[dict[str, str], list[str]]:
    """The completions of the line's last word with their help, and the heavy modules imported."""
    words = line.split(" ")
    environ = {
        "_CARDS_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": words[-1] if shell == "fish" else str(len(words) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, json.dumps(HEAVY)],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    *output, imported = done.stdout.rstrip().splitlines()
    return _read("\n".join(output).strip(), shell), json.loads(imported)


def _read(output: str, shell: str) -> dict[str, str]:
    if shell == "bash":
        return {line.partition(",")[2]: "" for line in output.splitlines()}
    if shell == "fish":
        lines = output.splitlines()
        return dict(line.partition(",")[2].partition("\t")[::2] for line in lines)
    lines = output.splitlines()
    return dict(zip(lines[1::3], lines[2::3], strict=True))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cards mig", {"migrate"}),
        ("cards pa", {"pause-lane"}),
        ("cards failed ", {"list", "show", "replay"}),
        ("cards failed replay --d", {"--dry-run"}),
        ("cards migrate pa", {"pause"}),
        ("cards migrate throttle --j", {"--json"}),
        ("cards pause-lane ", {"interactive", "bulk"}),
        ("cards resume-lane b", {"bulk"}),
        ("cards send set-default cus_1 card_1 --lane ", {"interactive", "bulk"}),
        ("cards migrate run --command S", {"SetDefaultCard"}),
        ("cards sned", set()),
    ],
)
def test_lines_are_completed(line: str, expected: set[str]) -> None:
    """Commands, options and lanes are completed."""
    assert set(_completed(line)[0]) == expected


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_is_answered(shell: str) -> None:
    """Completions have the form that the shell's script reads."""
    assert set(_completed("cards resume-lane b", shell)[0]) == {"bulk"}


def test_commands_are_completed_with_their_help() -> None:
    """All commands are completed, with the texts of the help."""
    helped = subprocess.run([CARDS, "--help"], capture_output=True, text=True, check=True).stdout
    found, _ = _completed("cards ")
    assert "doctor" in found
    for name, text in found.items():
        assert f"  {name} " in helped
        assert " ".join(text.split()) in " ".join(helped.split())


@pytest.mark.parametrize("line", ["cards ", "cards -", "cards pause-lane ", "cards migrate "])
def test_completing_is_as_quick_as_help(line: str) -> None:
    """Completing a name imports no command, nor anything that needs Redis or checks orders."""
    found, imported = _completed(line)
    assert found
    assert imported == []


def test_files_are_completed_by_the_shell() -> None:
    """Where a file is expected, the shell is asked to complete it."""
    done = subprocess.run(
        [CARDS],
        env={
            "_CARDS_COMPLETE": "bash_complete",
            "COMP_WORDS": "cards migrate plan ca",
            "COMP_CWORD": "3",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "file,ca"


def test_bash_completes() -> None:
    """The documented line makes bash complete `cards`."""
    script = """
eval "$(_CARDS_COMPLETE=bash_source cards)"
complete -p cards >&2
COMP_WORDS=(cards pause-lane i) COMP_CWORD=2
_cards_completion cards
echo "${COMPREPLY[@]}"
"""
    done = subprocess.run(
        ["bash", "-c", script],
        env={"PATH": f"{CARDS.parent}:/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "-F _cards_completion cards" in done.stderr
    assert done.stdout == "interactive\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_each_documented_line_prints_a_script(shell: str) -> None:
    """The variable that docs/cli.md names for the shell makes `cards` print its script."""
    page = Path(__file__).resolve().parents[3].joinpath("docs/cli.md").read_text("utf-8")
    assert f"_CARDS_COMPLETE={shell}_source cards" in page
    done = subprocess.run(
        [CARDS],
        env={"PATH": "/usr/bin:/bin", "_CARDS_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"_CARDS_COMPLETE={shell}_complete" in done.stdout


def test_the_lanes_are_those_of_the_contract() -> None:
    """Their names are written out so that help is quick, and equal the contract's."""
    assert list(LANE.choices) == [lane.value for lane in Lane]
