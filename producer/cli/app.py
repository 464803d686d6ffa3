"""The root of the command line: its commands, and how errors are reported.

A command's imports run only with the command, so that help appears at once.
"""

from __future__ import annotations

import json
import sys
from itertools import groupby
from typing import TYPE_CHECKING

import click

from producer.cli.exits import Exit, Stopped
from producer.cli.lazy import LazyGroup

if TYPE_CHECKING:
    from producer.client.errors import Unavailable

_HELP = {"help_option_names": ["-h", "--help"]}
_COMMANDS = {
    "send": "Send a command.",
    "status": "Show a command's state.",
    "cancel": "Cancel a command that was not sent yet.",
    "failed": "List failed commands and replay them.",
    "dead-letters": "List messages that no worker can carry out.",
    "pause-lane": "Start no more commands of a lane.",
    "resume-lane": "Resume a paused lane.",
    "drain": "Pause both lanes, and wait until no command is running.",
    "explain": "Show which card a customer is charged, and why.",
    "export": "Print everything about a command, redacted, for a ticket.",
    "migrate": "Plan, run and report migrations of many cards.",
    "token": "Make tokens for the HTTP API.",
    "journal": "Print the id by which a loss of Redis' data is noticed.",
    "doctor": "Find what is out of reach or misconfigured.",
}
# A card number has at least this many digits; with fewer, the guard need not be imported.
_FEWEST_DIGITS = 13


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(version("card-commands"))
        ctx.exit()


@click.command(
    cls=LazyGroup, package="producer.cli.commands", helps=_COMMANDS, context_settings=_HELP
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version,
    help="Show the version and exit.",
)  # fmt: skip
def cards() -> None:
    """Send card commands and follow them to their outcome.

    REDIS_URL names the Redis; in a checkout where `make up` runs it is not needed.

    Exit codes: 0 done (or accepted, with --wait 0), 1 rejected or failed, 2 wrong usage, 3 Redis is
    out of reach, 4 accepted, but not ended in the time waited.
    """


def run(argv: list[str]) -> int:
    """Run the command line; return the exit code."""
    as_json = "--json" in argv
    if _holds_card_number(argv):
        return _refused_card_number(as_json)
    try:
        return int(cards.main(argv, prog_name="cards", standalone_mode=False) or Exit.DONE)
    except Stopped as stopped:
        return stopped.code
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        return Exit.INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return Exit.USAGE
    except click.ClickException as error:
        message = _without_values(error.format_message(), argv)
        if isinstance(error, click.UsageError) and error.ctx is not None:
            message += f" (see {error.ctx.command_path} --help)"
        return _report(message, "usage", Exit.USAGE, as_json)
    except BrokenPipeError:
        # The reader of the output has gone; keep the interpreter from complaining at exit.
        sys.stdout = None
        return Exit.DONE
    except Exception as error:
        reported = _of_the_product(error)
        if reported is None:
            raise
        return _report(*reported, as_json)


def _of_the_product(error: Exception) -> tuple[str, str, Exit] | None:
    """Message, code and exit code of an error that the product raises; None for a bug."""
    from producer.cli.environment import language
    from producer.client import errors
    from producer.settings import SettingsError

    match error:
        case errors.Refusal():
            return error.message(language()), error.code, Exit.USAGE
        case errors.Unavailable():
            return _of_redis(error)
        case errors.WaitTimeout():
            return str(error), "not_ended", Exit.NOT_ENDED
        case errors.CommandNotFound():
            return str(error), "task_not_found", Exit.NOT_DONE
        case errors.RecordDamaged():
            return str(error), "record_damaged", Exit.NOT_DONE
        case errors.ResultGone():
            return str(error), "result_gone", Exit.NOT_DONE
        case errors.JournalFault():
            return f"{error} (`cards doctor` says more)", "journal_damaged", Exit.NOT_DONE
        case errors.NotCancellable():
            return str(error), "not_cancellable", Exit.NOT_DONE
        case errors.NotFailed():
            return str(error), "not_failed", Exit.NOT_DONE
        case errors.NotVouchedFor():
            return str(error), error.flaw.value, Exit.NOT_DONE
        case SettingsError():
            return str(error), "setting", Exit.NOT_DONE
    return _of_a_migration(error)


def _of_redis(error: Unavailable) -> tuple[str, str, Exit]:
    from producer.cli.environment import environ
    from producer.redis.probe import wrong_setting
    from producer.settings import redis_config

    if (wrong := wrong_setting(error.cause, redis_config(environ()))) is not None:
        return str(wrong), "setting", Exit.NOT_DONE
    message = f"{error} (REDIS_URL says where it is; try `cards doctor`)"
    return message, "unavailable", Exit.UNREACHABLE


def _of_a_migration(error: Exception) -> tuple[str, str, Exit] | None:
    from producer.cli.environment import reasons_language
    from producer.migrations.errors import (
        ExtraMissing,
        FileRefused,
        JournalLost,
        MigrationError,
    )

    match error:
        case FileRefused() | ExtraMissing():
            return error.message(reasons_language()), error.code, Exit.USAGE
        case JournalLost():
            return error.message(reasons_language()), error.code, Exit.JOURNAL_LOST
        case MigrationError():
            return error.message(reasons_language()), error.code, Exit.NOT_DONE
    return None


def _report(message: str, code: str, exit_code: Exit, as_json: bool) -> int:
    """Print an error to standard error, or for --json as an envelope to standard output."""
    if as_json:
        envelope = {"status": False, "message": message, "data": None, "code": code}
        click.echo(json.dumps(envelope, ensure_ascii=False))
    else:
        click.echo(f"cards: {message}", err=True)
    return exit_code


def _holds_card_number(argv: list[str]) -> bool:
    """Whether an argument, or several adjacent ones joined, hold a card number."""
    if sum(character.isdigit() for argument in argv for character in argument) < _FEWEST_DIGITS:
        return False
    from producer.contract.card_data.card_numbers import holds_card_number

    without_letters = groupby(argv, key=lambda argument: not any(c.isalpha() for c in argument))
    joined = [" ".join(arguments) for bare, arguments in without_letters if bare]
    return any(holds_card_number(text) for text in (*argv, *joined))


def _refused_card_number(as_json: bool) -> int:
    from producer.cli.environment import language
    from producer.client.errors import CardNumberRefused
    from producer.contract.messages import Text

    refusal = CardNumberRefused(Text.CARD_NUMBER, field="argv")
    return _report(refusal.message(language()), refusal.code, Exit.USAGE, as_json)


def _without_values(message: str, argv: list[str]) -> str:
    """Click's message without the typed values that may be a token or a CVC."""
    from producer.contract.card_data.redaction import redact

    typed = {part for argument in argv for part in (argument, *argument.split("=", 1))}
    for value in sorted(typed, key=len, reverse=True):
        if any(character.isdigit() for character in value):
            message = message.replace(value, "…")
    return redact(message)
