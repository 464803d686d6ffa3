"""Texts of the HTML report, in Spanish and English."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from producer.contract.messages import Language
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationState
from producer.migrations.report import rate_chart
from producer.migrations.texts.row_states import STATES


class Text(Enum):
    """A text by its meaning; the value is (Spanish, English)."""

    TITLE = ("{name}: informe de la migración", "{name}: migration report")
    BEGAN = ("empezó el {at}", "started {at}")
    ENDED = (", terminó el {at}, tras {span}", ", ended {at}, after {span}")
    STATE = ("estado", "state")
    ROWS = ("filas", "rows")
    SHARE = ("parte", "share")
    MEANING = ("qué significa", "meaning")
    TOGETHER = ("en total", "total")
    EVERY_ROW = ("todas las filas del archivo, una vez", "every row of the input, once")
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
        "espere al resto, o retómela con `cards migrate resume`",
        "wait for the rest, or `cards migrate resume` it",
    )
    UNKNOWN = ("en duda", "unknown")
    UNKNOWN_DO = (
        "se busca en Stripe por sí solo: haga el informe otra vez más tarde",
        "they are looked up at Stripe automatically: report again later",
    )
    FAILED = ("fallidas", "failed")
    FAILED_DO = (
        "véalas con `cards failed list`, retómelas con `cards failed replay`",
        "see them with `cards failed list`, replay them with `cards failed replay`",
    )
    REFUSED = ("rechazadas o no válidas", "rejected or invalid")
    REFUSED_DO = (
        "véalas abajo por código; corríjalas en `errors.csv`, planifique y ejecute ese archivo",
        "see below by code; correct them in `errors.csv`, then plan and run that file",
    )
    AMBIGUOUS = ("ambiguas", "ambiguous")
    AMBIGUOUS_DO = (
        "elija las tarjetas en el archivo que escribe `cards migrate report --undecided`, y "
        "ejecútelo",
        "choose the cards in the file that `cards migrate report --undecided` writes, then run it",
    )
    DRIFTED = ("desviadas", "drifted")
    DRIFTED_DO = (
        "otra persona las cambió: decida cuál debe valer",
        "someone else changed them: decide which is right",
    )
    SPEED = ("Velocidad", "Speed")
    CHART = ("Filas terminadas por segundo, como mucho {most}, de media {mean}", rate_chart.TITLE)
    NO_CHART = (
        "Terminó demasiado deprisa, o acaba de empezar: no hay velocidad que dibujar.",
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
        "Todas las horas son UTC. De los tokens se muestra el comienzo. Las filas mismas están en "
        "el informe CSV o JSON Lines.",
        "All times are UTC. Tokens are shown by their prefix. The rows themselves are in the CSV "
        "or JSON Lines report.",
    )


_MIGRATIONS = {
    MigrationState.RUNNING: "en marcha",
    MigrationState.PAUSED: "en pausa",
    MigrationState.CANCELLING: "cancelándose",
    MigrationState.STOPPED: "detenida",
    MigrationState.CANCELLED: "cancelada",
    MigrationState.FINISHED: "terminada",
}
_MONTHS = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"


class Texts:
    """Texts and numbers in one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._at = 0 if language == "es" else 1

    def __call__(self, text: Text, **values: str) -> str:
        """The text with its placeholders filled, not escaped."""
        pair: tuple[str, str] = text.value
        return pair[self._at].format(**values)

    def state(self, state: RowState) -> str:
        """The name of a row's state."""
        return STATES[state][self._at][0]

    def meaning(self, state: RowState) -> str:
        """The meaning of a row's state."""
        return STATES[state][self._at][1]

    def migration(self, state: MigrationState) -> str:
        """The name of a migration's state."""
        return _MIGRATIONS[state] if self.language == "es" else state.value

    def figure(self, value: float, decimals: int = 0) -> str:
        """A number with the language's separators."""
        text = f"{value:,.{decimals}f}"
        return text.translate(str.maketrans(",.", ".,")) if self.language == "es" else text

    def moment(self, at: datetime) -> str:
        """A time to the second."""
        month = _MONTHS.split()[at.month - 1] if self.language == "es" else f"{at:%B}"
        return f"{at:%d} {month} {at:%Y %H:%M:%S}"
