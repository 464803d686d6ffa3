"""The texts of the HTML report, in Spanish and English."""

from __future__ import annotations

from datetime import datetime

from producer.contract.texts import Bilingual, Say
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationState
from producer.migrations.report import rate_chart
from producer.migrations.texts.states import MigrationStateText, RowStateMeaning, RowStateText


class ReportText(Bilingual):
    """What the report says."""

    TITLE = ("{name}: informe de la migración", "{name}: migration report")
    BEGAN = ("empezó el {at}", "started {at}")
    ENDED = (", terminó el {at}, tras {span}", ", ended {at}, after {span}")
    STATE = ("estado", "state")
    ROWS = ("filas", "rows")
    SHARE = ("porcentaje", "share")
    MEANING = ("qué significa", "meaning")
    TOGETHER = ("en total", "together")
    EVERY_ROW = ("todas las filas del archivo, contadas una vez", "every row of the input, once")
    NO_ROWS = ("El archivo no tiene filas.", "The file has no rows.")
    ALL_DONE = (
        "Todas las filas ({rows}) están como dice el archivo.",
        "All {rows} rows are as the file says.",
    )
    SOME_DONE = (
        "{done} de {rows} filas están como dice el archivo.",
        "{done} of {rows} rows are as the file says.",
    )
    NOTHING_TO_SEND = (" En {skipped} no había nada que enviar.", " {skipped} had nothing to send.")
    ONE_NOT = (" 1 no lo está.", " 1 is not.")
    SOME_NOT = (" {rest} no lo están.", " {rest} are not.")
    ONE_OPEN = (" 1 no ha terminado todavía", " 1 has not ended yet")
    SOME_OPEN = (" {open} no han terminado todavía", " {open} have not ended yet")
    MIGRATION_IS = (": la migración está {state}.", ": the migration is {state}.")
    NEXT = ("Qué hacer ahora", "What to do next")
    NOT_ENDED = ("sin terminar", "not ended")
    NOT_ENDED_DO = (
        "espere a que terminen, o reanude la migración con `cards migrate resume`",
        "wait for the rest, or resume the migration with `cards migrate resume`",
    )
    UNKNOWN = ("en duda", "unknown")
    UNKNOWN_DO = (
        "se consulta en Stripe automáticamente: vuelva a generar el informe más tarde",
        "it is looked up at Stripe automatically: make the report again later",
    )
    FAILED = ("fallidas", "failed")
    FAILED_DO = (
        "véalas con `cards failed list` y reprocéselas con `cards failed replay`",
        "see them with `cards failed list`, replay them with `cards failed replay`",
    )
    REFUSED = ("rechazadas o no válidas", "rejected or invalid")
    REFUSED_DO = (
        "véalas abajo por código; corríjalas en `errors.csv`, planifique y ejecute ese archivo",
        "see below by code; correct them in `errors.csv`, then plan and run that file",
    )
    AMBIGUOUS = ("ambiguas", "ambiguous")
    AMBIGUOUS_DO = (
        "elija las tarjetas en el archivo que genera `cards migrate report --undecided` y "
        "ejecútelo",
        "choose the cards in the file that `cards migrate report --undecided` writes, then run it",
    )
    DRIFTED = ("desfasadas", "drifted")
    DRIFTED_DO = (
        "alguien las cambió en otro lugar: decida cuál debe quedar",
        "someone else changed them: decide which should stand",
    )
    SPEED = ("Velocidad", "Speed")
    CHART = (
        "Filas terminadas por segundo: como máximo {most}, en promedio {mean}",
        rate_chart.TITLE,
    )
    NO_CHART = (
        "Terminó demasiado rápido, o acaba de empezar: no hay velocidad que mostrar.",
        rate_chart.NO_RATE,
    )
    SHADOWED = (
        "Filas cuya tarjeta predeterminada no es la que se cobra",
        "Rows whose default is not the one that is charged",
    )
    NOT_APPLIED = (
        "Filas que no se aplicaron, por código",
        "Rows that were not applied, by code",
    )
    WHAT_TO_DO = ("Qué hacer:", "What to do:")
    LINE = ("línea", "line")
    CUSTOMER = ("cliente", "customer")
    CARD = ("tarjeta o token", "card or token")
    MESSAGE = ("mensaje", "message")
    THE_ROW = ("la fila", "the row")
    THE_FIRST = ("las primeras {count}", "the first {count}")
    ALL = ("todas", "all")
    OVER = ("más del {share}", "over {share}")
    UNDER = ("menos del {share}", "under {share}")
    FOOTER = (
        "Todas las horas son UTC. De los tokens solo se muestra el comienzo. Las filas completas "
        "están en el informe CSV o JSON Lines.",
        "All times are UTC. Tokens are shown by their prefix. The rows themselves are in the CSV "
        "or JSON Lines report.",
    )


_MONTHS = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"


class ReportSay(Say):
    """Texts and figures of the report in one language."""

    def state(self, state: RowState) -> str:
        """A row's state."""
        return self(RowStateText[state.name])

    def meaning(self, state: RowState) -> str:
        """What a row's state means."""
        return self(RowStateMeaning[state.name])

    def migration(self, state: MigrationState) -> str:
        """A migration's state."""
        return self(MigrationStateText[state.name])

    def moment(self, at: datetime) -> str:
        """A time to the second."""
        month = _MONTHS.split()[at.month - 1] if self.language == "es" else f"{at:%B}"
        return f"{at:%d} {month} {at:%Y %H:%M:%S}"
