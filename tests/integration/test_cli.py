"""The command line against a real Valkey."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from producer.cli.app import run
from producer.cli.exits import Exit
from producer.contract import CommandStatus
from tests.integration.ends import NO, Ends, InBackground, until

pytestmark = pytest.mark.integration

TOKEN = "tok_1QRs9eKZ4xUzN2TP9vQqWXYZ"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, redis_url: str) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("CARDS_LANGUAGE", "en")


@pytest.fixture
def ends(redis_url: str) -> Iterator[Ends]:
    helper = Ends(redis_url)
    yield helper
    helper.close()


class Terminal:
    """Runs command lines and keeps what they print."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, line: str) -> int:
        code = run(line.split())
        self.out, self.err = self._capsys.readouterr()
        return code

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def cards(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


def only_command(ends: Ends) -> str:
    """The id of the only command there is, once there is one."""
    until(lambda: bool(ends.redis.keys("cards:command:*")))
    (key,) = ends.redis.keys("cards:command:*")
    return str(key).removeprefix("cards:command:")


def sent(cards: Terminal, line: str) -> str:
    """Send a command without waiting; answers its id."""
    assert cards(f"send {line} --wait 0 --json") == Exit.DONE
    return str(cards.json["taskId"])


def test_sending_without_waiting(cards: Terminal, ends: Ends) -> None:
    """With --wait 0 an accepted command is done: its id is printed and the exit code is 0."""
    assert cards(f"send assign cus_1 {TOKEN} --wait 0 --lane bulk") == Exit.DONE
    assert cards.out == f"accepted  {only_command(ends)}\n"
    assert ends.redis.llen("bulk") == 1


@pytest.mark.parametrize("as_json", [False, True])
def test_sending_and_waiting(cards: Terminal, ends: Ends, as_json: bool) -> None:
    """Sending waits for the end, prints the outcome, and exits with 0 or, if rejected, with 1."""
    for number, envelope in enumerate((None, NO)):
        line = f"send set-default cus_{number} card_1 --wait 60" + " --json" * as_json
        running = InBackground(lambda line=line: cards(line))  # type: ignore[misc]
        command_id = only_command(ends)
        ends.until_listened(command_id)
        ends.end(command_id, envelope) if envelope else ends.end(command_id)
        assert running.result() == (Exit.NOT_DONE if envelope else Exit.DONE)
        if as_json:
            assert CommandStatus.model_validate(cards.json).id == command_id
            assert cards.json["result"]["status"] is (envelope is None)
        else:
            assert re.search(rf"accepted +{command_id}", cards.out)
            assert re.search("state +rejected" if envelope else "state +succeeded", cards.out)
        ends.redis.flushall()


def test_not_ended_in_time_has_an_exit_code_of_its_own(cards: Terminal, ends: Ends) -> None:
    """A command that was accepted but did not end in the time waited exits with 4."""
    assert cards("send set-default cus_1 card_1 --wait 0.01") == Exit.NOT_ENDED
    command_id = only_command(ends)
    assert re.search(rf"accepted +{command_id}\nstate +queued\n", cards.out)
    assert cards(f"status {command_id} --wait 0.01") == Exit.NOT_ENDED
    assert cards(f"status {command_id}") == Exit.DONE


def test_a_key_makes_a_repeated_send_one_command(cards: Terminal, ends: Ends) -> None:
    """The same key twice is one command; with another body it is refused as wrong usage."""
    first = sent(cards, "set-default cus_1 card_1 --key k")
    assert cards("send set-default cus_1 card_1 --key k --wait 0") == Exit.DONE
    assert re.fullmatch(rf"known +{first}\n", cards.out)
    assert cards("send set-default cus_1 card_2 --key k --wait 0") == Exit.USAGE
    assert "another body" in cards.err
    assert ends.redis.llen("interactive") == 1


def test_status(cards: Terminal, ends: Ends) -> None:
    """A status is shown in aligned lines or as the contract's view, and tells by its exit code."""
    command_id = sent(cards, "set-default cus_1 card_1")
    ends.end(command_id, NO)
    assert cards(f"status {command_id}") == Exit.NOT_DONE
    assert re.search(r"customer +cus_1\n", cards.out)
    assert re.search(r"code +card_declined\n", cards.out)
    assert cards(f"status {command_id} --json") == Exit.NOT_DONE
    assert cards.json["result"] == NO.model_dump()
    assert cards("status never-accepted") == Exit.NOT_DONE
    assert cards("status never-accepted --json") == Exit.NOT_DONE
    assert cards.json["code"] == "task_not_found"


def test_cancel(cards: Terminal, ends: Ends) -> None:
    """A queued command is cancelled; a sent one is not, with exit code 1."""
    queued = sent(cards, "set-default cus_1 card_1")
    assert cards(f"cancel {queued}") == Exit.DONE
    assert cards(f"cancel {queued} --json") == Exit.DONE
    assert cards.json["state"] == "cancelled"
    running = sent(cards, "set-default cus_2 card_1")
    ends.take(running)
    assert cards(f"cancel {running}") == Exit.NOT_DONE
    assert "it is running" in cards.err


def test_failed_commands_are_listed_without_tokens(cards: Terminal, ends: Ends) -> None:
    """Failed commands are listed and shown, with a count by code and no single-use token."""
    assert cards("failed list") == Exit.DONE
    assert cards.out == "no failed commands\n"
    command_id = sent(cards, f"assign cus_1 {TOKEN}")
    ends.fail(command_id, "lock_timeout")
    shown = ""
    for line in ("list", "list --json", f"show {command_id}", f"show {command_id} --json"):
        assert cards(f"failed {line}") == Exit.DONE
        assert command_id in cards.out
        assert "lock_timeout" in cards.out
        shown += cards.out
    assert TOKEN not in shown
    assert "1 failed: 1 lock_timeout" in shown
    assert cards("failed list --filter code=other") == Exit.DONE
    assert command_id not in cards.out


def test_replaying_one(cards: Terminal, ends: Ends) -> None:
    """A replayed command is queued again under its id; one that has not failed is told apart."""
    command_id = sent(cards, "set-default cus_1 card_1")
    assert cards(f"failed replay {command_id}") == Exit.NOT_DONE
    assert "has not failed: it is queued" in cards.err
    ends.fail(command_id)
    assert cards(f"failed replay {command_id}") == Exit.DONE
    assert cards(f"status {command_id} --json") == Exit.DONE
    assert (cards.json["taskId"], cards.json["state"]) == (command_id, "queued")


def test_replaying_by_filter(cards: Terminal, ends: Ends) -> None:
    """A filter replays what matches all of it, after a dry run that changes nothing."""
    ids = [sent(cards, f"set-default cus_{n} card_1") for n in range(3)]
    ids.append(sent(cards, "assign cus_0 tok_1"))
    for command_id in ids[:3]:
        ends.fail(command_id, "api_error")
    ends.fail(ids[3], "lock_timeout")
    wanted = "--filter code=api_error,command=SetDefaultCard"
    assert cards(f"failed replay {wanted} --dry-run --json") == Exit.DONE
    assert cards.json == {"matching": 3}
    assert cards(f"failed replay {wanted} --filter customer=cus_1 --yes --json") == Exit.DONE
    assert cards.json == {"queued": 1}
    assert cards(f"failed replay {wanted} --yes") == Exit.DONE
    assert cards.out == "2 failed: 2 api_error\n2 queued\n"
    assert cards(f"failed replay {wanted} --yes") == Exit.DONE
    assert cards.out == "nothing matches\n"
    assert cards("failed list") == Exit.DONE
    assert "1 failed: 1 lock_timeout" in cards.out


def test_what_killed_its_worker_is_not_replayed_in_passing(cards: Terminal, ends: Ends) -> None:
    """A poison command is shown with what to do, and replayed only where that is asked for."""
    poison, other = (sent(cards, f"set-default cus_{n} card_1") for n in range(2))
    ends.fail(poison, "poison")
    ends.fail(other)
    assert cards(f"failed show {poison}") == Exit.DONE
    assert f"send cards export {poison} to the maintainers; do not replay" in cards.out
    assert "(gave no name)" in cards.out
    assert "gave up" in cards.out
    assert cards(f"failed replay {poison}") == Exit.NOT_DONE
    assert "1 of code poison left out" in cards.err
    assert cards("failed replay --filter command=SetDefaultCard --yes --json") == Exit.DONE
    assert cards.json == {"queued": 1}
    assert cards(f"failed replay {other}") == Exit.NOT_DONE
    assert cards(f"failed replay {poison} --poison") == Exit.DONE


@pytest.mark.parametrize(("answer", "replayed"), [("y", True), ("n", False), ("", False)])
def test_replaying_by_filter_asks(
    cards: Terminal, ends: Ends, monkeypatch: pytest.MonkeyPatch, answer: str, replayed: bool
) -> None:
    """A person at a terminal is asked first, and only a yes replays."""
    command_id = sent(cards, "set-default cus_1 card_1")
    ends.fail(command_id)

    class Keyboard:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Keyboard())
    asked: list[str] = []

    def type_answer(prompt: str) -> str:
        asked.append(prompt)
        return answer

    monkeypatch.setattr("click.termui.visible_prompt_func", type_answer)
    code = cards("failed replay --filter code=api_error")
    assert code == (Exit.DONE if replayed else Exit.NOT_DONE)
    assert len(asked) == 1
    assert ends.redis.zcard("cards:failed") == (0 if replayed else 1)


def test_replaying_by_filter_from_a_script_needs_yes(
    cards: Terminal, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody can be asked, nothing is replayed without --yes."""
    ends.fail(sent(cards, "set-default cus_1 card_1"))

    class Pipe:
        def isatty(self) -> bool:
            return False

    monkeypatch.setattr("sys.stdin", Pipe())
    assert cards("failed replay --filter code=api_error") == Exit.USAGE
    assert "--yes" in cards.err
    assert ends.redis.zcard("cards:failed") == 1


def test_out_of_reach_is_exit_code_3(cards: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Redis does not answer, the exit code is 3 and the message says what to look at."""
    monkeypatch.setattr("producer.client.blocking.CardCommands.__init__.__kwdefaults__",
        {"language": "en", "status_ttl_s": 90_000, "retries": 0})  # fmt: skip
    monkeypatch.setenv("REDIS_URL", "redis://user:secret@127.0.0.1:1/0")
    assert cards("send set-default cus_1 card_1") == Exit.UNREACHABLE
    assert "REDIS_URL" in cards.err
    assert "secret" not in cards.err
    assert cards("status an-id --json") == Exit.UNREACHABLE
    assert cards.json["code"] == "unavailable"


def test_a_running_make_up_is_found(
    cards: Terminal, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without REDIS_URL, the one that `make up` wrote down is used."""
    monkeypatch.delenv("REDIS_URL")
    monkeypatch.setenv("CARDS_DATA_DIR", str(tmp_path))
    assert cards("status an-id") == Exit.NOT_DONE
    assert "REDIS_URL" in cards.err
    (tmp_path / "addresses.json").write_text(json.dumps({"redis": redis_url}))
    assert sent(cards, "set-default cus_1 card_1")
