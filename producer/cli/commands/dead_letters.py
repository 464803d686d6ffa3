"""`cards dead-letters`: list messages that no worker can carry out."""

from __future__ import annotations

import click

from producer.cli.exits import Exit


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--clear", is_flag=True, help="Remove them, after showing them.")
def dead_letters(as_json: bool, clear: bool) -> int:
    """List the newest 1,000 dead letters, the newest first.

    Their contents are shown shortened and redacted. Dead letters are never retried: their senders
    have to send the command again.
    """
    from producer.cli import environment
    from producer.cli.output import show_json
    from producer.journal.operations.dead_letters import clear_letters, letters

    with environment.journal() as journal:
        kept = journal(letters())
        for one in kept:
            at = f"{one.at:%Y-%m-%dT%H:%M:%SZ}"
            if as_json:
                show_json({"setAsideAt": at, **one.letter.as_json()})
            else:
                letter = one.letter
                click.echo(f"{at}  {letter.queue}  {letter.reason}  {letter.size} bytes")
                click.echo(f"    SHA-256 {letter.sha256}")
                click.echo(f"    {_on_a_line(letter.excerpt)}")
        if clear and kept:
            journal(clear_letters(len(kept)))
        if not as_json:
            cleared = ", now removed" if clear else ""
            click.echo(f"{len(kept)} dead letters{cleared}" if kept else "no dead letters")
    return Exit.DONE


def _on_a_line(text: str) -> str:
    shown = " ".join(text.split())
    return shown if len(shown) <= 200 else f"{shown[:200]}…"
