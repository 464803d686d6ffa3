"""Maps errors of migrations to answers."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from producer.contract.messages import Text
from producer.http.migrations.control import FileElsewhere
from producer.http.migrations.services import MigrationServices
from producer.http.responses import Responses
from producer.journal import JournalUnavailable
from producer.migrations.after.forget import StillBusy
from producer.migrations.errors import JournalLost
from producer.migrations.registry import NotInState, UnknownMigration


def lost_answer(responses: Responses, loss: JournalLost) -> Response:
    """Explains the loss of the migration's journal, and what to do."""
    why = loss.message(responses.language)
    return responses.no(409, loss.code, Text.MIGRATION_JOURNAL_LOST, loss.wire(), why=why)


def answer_errors(app: FastAPI, responses: Responses, migrations: MigrationServices) -> None:
    """Register handlers that answer these errors with envelopes."""

    @app.exception_handler(UnknownMigration)
    async def unknown(_: Request, error: UnknownMigration) -> Response:
        try:
            loss = await migrations.lost(error.migration)
        except JournalUnavailable:  # it has just failed
            return responses.unavailable()
        if loss is not None:
            return lost_answer(responses, loss)
        return responses.no(404, "migration_not_found", Text.MIGRATION_NOT_FOUND)

    @app.exception_handler(FileElsewhere)
    async def elsewhere(_: Request, error: FileElsewhere) -> Response:
        return responses.no(409, error.code, Text.FILE_ELSEWHERE)

    @app.exception_handler(StillBusy)
    async def still_busy(_: Request, error: StillBusy) -> Response:
        return responses.no(409, error.code, Text.MIGRATION_BUSY)

    @app.exception_handler(NotInState)
    async def not_in_state(_: Request, error: NotInState) -> Response:
        state = error.state.value
        data = {"state": state}
        return responses.no(409, error.code, Text.MIGRATION_STATE, data, state=state)
