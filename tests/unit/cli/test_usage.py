"""What the command line prints and refuses without Redis."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from producer.cli.app import run
from producer.cli.exits import Exit

NUMBER = "4242424242424242"


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis is out of reach, which is found at once."""
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("CARDS_LANGUAGE", "en")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "--help",
        "-h",
        "send",
        "send set-default --help",
        "send assign --help",
        "status --help",
        "cancel --help",
        "failed --help",
        "failed list --help",
        "failed show --help",
        "failed replay --help",
        "migrate --help",
        "migrate plan --help",
        "doctor --help",
        "journal --help",
        "token --help",
        "token new --help",
    ],
)
def test_help_is_everywhere(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command has help; one without its argument shows it as an error of usage."""
    code = run(line.split())
    shown = capsys.readouterr()
    assert "Usage: cards" in shown.out + shown.err
    assert code == (Exit.DONE if "-h" in line else Exit.USAGE)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sned", "No such command"),
        ("send assign cus_1", "Missing argument"),
        ("send assign cus_1 tok_1 --lane fast", "--lane"),
        ("send assign cus_1 tok_1 --wait soon", "--wait"),
        ("send assign cus_1 tok_1 --wait -1", "--wait"),
        ("send assign cus_1 card_1", "source is not valid"),
        ("send set-default 1 card_1", "userId is not valid"),
        ("send set-default cus_1 card_1 --key ", "Idempotency-Key"),
        ("failed replay", "either an ID or --filter"),
        ("failed replay an-id --filter code=x", "either an ID or --filter"),
        ("failed replay --filter ,", "empty filter"),
        ("failed replay --filter ", "empty filter"),
        ("failed replay --filter colour=x", "code=..., command=..., customer=... or tag"),
        ("failed replay --filter code=", "code=..., command=..., customer=... or tag"),
        ("failed replay --filter code=a,code=b", "each once"),
    ],
)
def test_wrong_usage(line: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage is reported in one line on standard error and exits with 2."""
    assert run(line.split(" ")) == Exit.USAGE
    shown = capsys.readouterr()
    assert shown.out == ""
    assert expected in shown.err
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize(
    "line",
    [
        f"send assign cus_1 {NUMBER}",
        f"send assign cus_1 tok_{NUMBER}",
        "send assign cus_1 4242 4242 4242 4242",
        "send assign cus_1 4242-4242-4242-4242",
        "send assign cus_1 4242_4242_4242_4242",
        "send assign cus_1 4242, 4242, 4242, 4242",
        "status \uff14\uff12\uff14\uff12" + "\u200b4242" * 3,
        f"send assign {NUMBER} tok_1 --json",
        f"send assign cus_1 tok_1 --key {NUMBER}",
        f"send assign cus_1 tok_1 --key={NUMBER}",
        f"send assign cus_1 tok_1 --lane {NUMBER}",
        f"send assign cus_1 tok_1 --{NUMBER}",
        f"status {NUMBER}",
        f"{NUMBER}",
        f"failed replay --filter code={NUMBER}",
    ],
)
def test_card_numbers_are_refused_and_not_shown(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A card number in any argument is refused and not repeated anywhere."""
    assert run(line.split()) == Exit.USAGE
    shown = capsys.readouterr()
    assert "4242" not in shown.out + shown.err
    assert "\uff14" not in shown.out + shown.err
    assert "card number" in shown.out + shown.err


@pytest.mark.parametrize("command", ["status", "cancel", "failed show"])
def test_an_id_that_passes_luhn_is_an_id(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One generated id in some hundreds contains a valid card number; it is sent to Redis."""
    assert run([*command.split(), "05989514-3720-43a2-ba5e-0ae06cf63e27"]) == Exit.UNREACHABLE
    assert "card number" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("send assign cus_1 737", "737"),
        ("send assign cus_1 tok_1 737", "737"),
        ("send assign cus_1 tok_1 --cvc=737", "737"),
        ("send assign cus_1 tok_1 --lane 737", "737"),
        ("send assign cus_1 tok_1 --wait 737x", "737"),
        ("send assign cus_1 tok_1 tok_secret", "secret"),
        ("send assign cus_1 tok_1 --lane tok_secret", "secret"),
        ("send assign cus_1 tok_1 --tok_s3cret", "s3cret"),
    ],
)
def test_usage_errors_repeat_no_secrets(
    line: str, secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A value that looks like a CVC or a token is not repeated in an error of usage."""
    assert run(line.split()) == Exit.USAGE
    shown = capsys.readouterr()
    assert secret not in shown.out + shown.err


def test_errors_for_programs_are_envelopes(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json an error is an envelope on standard output."""
    assert run(["send", "assign", "cus_1", "card_1", "--json"]) == Exit.USAGE
    output = json.loads(capsys.readouterr().out)
    assert (output["status"], output["code"], output["data"]) == (False, "parameter_invalid", None)


def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong setting is named in one line."""
    monkeypatch.setenv("CARDS_LANGUAGE", "fr")
    assert run(["status", "an-id"]) == Exit.NOT_DONE
    shown = capsys.readouterr().err
    assert "CARDS_LANGUAGE" in shown
    assert shown.count("\n") == 1


def test_help_loads_neither_redis_nor_pydantic() -> None:
    """Help appears at once: heavy imports happen only in a command that needs them."""
    code = (
        "import sys\n"
        "from producer.cli.app import run\n"
        "run(['--help']); run(['send', 'assign', '--help'])\n"
        "print({'redis', 'pydantic', 'celery', 'kombu'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "set()"


def test_it_runs_as_a_module() -> None:
    """`python -m producer.cli` is the command line, exit code included."""
    command = [sys.executable, "-m", "producer.cli"]
    ran = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout.strip()
    ran = subprocess.run([*command, "nothing"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (Exit.USAGE, "")
