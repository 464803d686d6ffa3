"""`cards migrate cancel`: send nothing more, ever."""

from __future__ import annotations

import signal

import click

from producer.cli.exits import Exit
from producer.cli.migrate.control import json_option, migration_id, tell


@click.command()
@migration_id
@json_option
def cancel(migration: str, as_json: bool) -> int:
    """Cancel what was not sent to Stripe; what was is finished.

    Where a driver lives, it does so within a second. Where none does, this command does it, and
    records here what has ended.
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
                with interrupting(driver) as came:
                    driver.run()
                if came():
                    return Exit.INTERRUPTED if came() == signal.SIGINT else Exit.NOT_ENDED
            status = migrations.status(migration)
        tell(status, as_json, brief=True)
    return Exit.DONE
