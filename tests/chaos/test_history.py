"""Histories are written to files and read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.__main__ import main
from chaos.history import Recorder, read
from tests.chaos.histories import Story


def _recorded(story: Story, path: Path) -> Path:
    recorder = Recorder(path)
    history = story.history
    for events in (
        history.customers.values(),
        history.orders.values(),
        history.sendings,
        history.observations,
        history.acts,
        history.failovers,
        history.effects,
        history.requests,
    ):
        for event in events:
            recorder(event)
    recorder.close()
    return path


def _story() -> Story:
    story = Story()
    story.assign("a")
    story.kill("a")
    story.failover()
    story.done("a")
    return story


def test_a_history_is_read_as_it_was_recorded(tmp_path: Path) -> None:
    """Every kind of event is read back equal."""
    story = _story()
    assert read(_recorded(story, tmp_path / "history.jsonl")) == story.history


def test_a_file_that_is_no_history_is_refused(tmp_path: Path) -> None:
    """The error names the file and the line."""
    path = _recorded(_story(), tmp_path / "history.jsonl")
    path.write_text(path.read_text() + '{"event": "Nothing"}\n')
    with pytest.raises(ValueError, match=r"history.jsonl, line 10: "):
        read(path)


def test_the_exit_code_says_whether_a_file_is_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 for a good history, 1 for a bad one, 2 for none."""
    story = _story()
    assert main(["--check", str(_recorded(story, tmp_path / "good.jsonl"))]) == 0
    story.observe("a", "running")
    assert main(["--check", str(_recorded(story, tmp_path / "bad.jsonl"))]) == 1
    assert "went back from succeeded to running" in capsys.readouterr().out
    assert main(["--check", str(tmp_path / "missing.jsonl")]) == 2


def test_a_report_is_printed_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same counts and findings as in the table, for programs."""
    story = _story()
    story.observe("a", "running")
    path = _recorded(story, tmp_path / "history.jsonl")
    assert main(["--json", "--check", str(path)]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["accepted"], report["ended"], report["good"]) == (1, {"succeeded": 1}, False)
    assert report["faults"]["untruthful"] == 1
    assert (report["failovers"], report["longest_failover"]) == (1, 2.0)
    assert report["findings"][0]["ids"] == ["a"]
