"""`cards migrate cancel`: send nothing more of a migration."""

from __future__ import annotations

import signal

import click

from producer.cli.exits import Exit
from producer.cli.migrate.control import json_option, migration_id, print_status


@click.command()
@migration_id
@json_option
def cancel(migration: str, as_json: bool) -> int:
    """Cancel the rows that were not sent to Stripe; those that were sent are finished.

    A running driver does so within a second. Without one, this command cancels them itself, and
    records the ended rows on this machine.
    """
    from producer.cli.migrate.commands.run import interrupting
    from producer.cli.migrate.environment import registry
    from producer.cli.migrate.file_options import data_folder
    from producer.migrations.results.results_file import Results
    from producer.migrations.run.driver import Driver

    with registry() as migrations:
        status = migrations.cancel(migration)
        if status.driver is None and not status.state.ended:
            with Results.of(data_folder(), migration) as results:
                driver = Driver(migrations, migration, None, results)
                with interrupting(driver) as signalled:
                    driver.run()
                if signalled():
                    return Exit.INTERRUPTED if signalled() == signal.SIGINT else Exit.NOT_ENDED
            status = migrations.status(migration)
        print_status(status, as_json, brief=True)
    return Exit.DONE
