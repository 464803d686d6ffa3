"""Every sentence of the page, in Spanish and English."""

from __future__ import annotations

from enum import Enum

from producer.contract.messages import Language
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationState
from producer.migrations.texts import row_states as row_state_words


class Sentence(Enum):
    """A sentence by its meaning; the value is (Spanish, English)."""


class Word(Sentence):
    """Sentences of all pages, and of those of migrations."""

    CARDS = ("Comandos de tarjetas", "Card commands")
    NOW = ("Ahora", "Now")
    MIGRATIONS = ("Migraciones", "Migrations")
    NONE_YET = (
        "Todavía no hay ninguna migración. Una migración es un archivo de tarjetas que se "
        "asignan, o se hacen predeterminadas, en Stripe. Para empezar una:",
        "There is no migration yet. A migration is a file of cards to be attached, or made "
        "default, at Stripe. To begin one:",
    )
    WHAT_IT_IS = (
        "Una migración: cada fila del archivo asigna una tarjeta a un cliente de Stripe, o la hace "
        "predeterminada.",
        "A migration: each row of the file attaches a card to a Stripe customer, or makes it the "
        "default.",
    )
    FILE = ("Archivo", "File")
    STATE = ("Estado", "State")
    PROGRESS = ("Avance", "Progress")
    LEFT = ("Falta", "Time left")
    OF_ALL = ("{share} del total", "{share} of all")
    ROWS_WITH = ("{count} filas", "{count} rows")
    ROW_WITH = ("1 fila", "1 row")
    PROBLEMS = ("Filas no aplicadas", "Rows not applied")
    BEGAN = ("Empezó", "Began")
    ENDED = ("Terminó", "Ended")
    DONE = ("Filas terminadas", "Rows ended")
    OF = ("{part} de {whole}", "{part} of {whole}")
    SPEED = ("Velocidad", "Speed")
    A_SECOND = ("{figure} filas/s", "{figure} rows/s")
    AT_MOST = ("como mucho {figure}/s", "at most {figure}/s")
    NO_LIMIT = ("sin límite propio", "no limit of its own")
    ABOUT = ("hasta las {clock} UTC, más o menos", "until about {clock} UTC")
    UNKNOWN_TIME = ("no se sabe aún", "not known yet")
    NOTHING_LEFT = ("nada", "nothing")
    ROWS = ("Filas", "Rows")
    SHARE = ("Parte", "Share")
    MEANING = ("Qué significa", "What it means")
    TOGETHER = ("En total", "Together")
    EVERY_ROW = ("todas las filas del archivo, una vez", "every row of the file, once")
    WHAT_HAPPENED = ("Qué fue de cada fila", "What became of the rows")
    WHAT_WRONG = ("Qué salió mal y qué hacer", "What went wrong, and what to do")
    NOTHING_WRONG = (
        "Ninguna fila ha quedado sin aplicar.",
        "No row has been left unapplied.",
    )
    WHICH_ROWS = (
        "Qué filas son: {report} muestra ejemplos de cada código con su línea; {errors} las "
        "tiene todas, para corregirlas y volver a ejecutarlas.",
        "Which rows: {report} shows examples of each code with their line; {errors} has all of "
        "them, to be corrected and run again.",
    )
    REPORT = ("el informe", "the report")
    DOWNLOADS = ("Descargas", "Downloads")
    DOWNLOAD_REPORT = ("Informe para ver", "Report to look at")
    DOWNLOAD_CSV = ("Todas las filas (CSV)", "Every row (CSV)")
    DOWNLOAD_JSONL = ("Todas las filas (JSON Lines)", "Every row (JSON Lines)")
    DOWNLOAD_ERRORS = ("Filas por repetir (errors.csv)", "Rows to run again (errors.csv)")
    ELSEWHERE = (
        "Se hacen con el archivo: donde no esté, súbalo otra vez, y salen igual de completas.",
        "They are made from the file: where it is not, upload it again, and they are as complete.",
    )
    CHART = (
        "Filas terminadas por segundo: como mucho {most}, de media {mean}",
        "Rows ended a second: at most {most}, on average {mean}",
    )
    NO_CHART = (
        "Todavía no hay velocidad que dibujar.",
        "There is no rate to draw yet.",
    )
    STEER = ("Qué se puede hacer", "What you can do")
    PAUSE = ("Pausar", "Pause")
    CONTINUE = ("Continuar", "Continue")
    CANCEL = ("Cancelar el resto…", "Cancel the rest…")
    CANCEL_MEANS = (
        "Lo que no se ha enviado no se enviará nunca en esta migración; lo enviado a Stripe se "
        "termina y queda como está. No se puede deshacer aquí.",
        "What was not sent will never be sent by this migration; what Stripe was sent is "
        "finished and stays. This cannot be taken back here.",
    )
    CANCEL_SURE = ("Sí, cancelar el resto", "Yes, cancel the rest")
    LIMIT = ("Filas por segundo, como mucho", "Rows a second, at most")
    LIMIT_HINT = (
        "Vacío: sin límite propio. Los límites de Stripe se respetan siempre.",
        "Empty: no limit of its own. Stripe's limits are always kept.",
    )
    SET = ("Fijar", "Set")
    OVER = ("Ha terminado: no queda nada que parar.", "It has ended: nothing is left to stop.")
    DRIVER = ("La conduce {driver}.", "It is driven by {driver}.")
    TIMES = ("Las horas son UTC.", "Times are UTC.")
    OFFLINE = (
        "Sin conexión con el servidor: lo que se ve puede estar anticuado. Reintentando…",
        "No connection to the server: what you see may be out of date. Trying again…",
    )
    NO_SCRIPT = (
        "Sin JavaScript la página se renueva sola cada 10 segundos.",
        "Without JavaScript the page renews itself every 10 seconds.",
    )
    NO_SCRIPT_FORM = (
        "Sin JavaScript la lista no se renueva sola: recargue la página.",
        "Without JavaScript the list does not renew itself: load the page again.",
    )
    SKIP = ("Ir al contenido", "Skip to the content")
    SIGN_IN = ("Entrar", "Sign in")
    SIGN_OUT = ("Salir", "Sign out")
    TOKEN = ("Token de acceso", "Access token")
    TOKEN_HINT = (
        "Un token de la API con el permiso (scope) read; para las migraciones basta migrate. No se "
        "guarda en el navegador.",
        "A token of the API with the scope read; for migrations, migrate will do. It is not kept "
        "in the browser.",
    )
    SIGNED_IN = ("Sesión de {name}", "Signed in: {name}")
    STILL_IN = ("No se pudo salir: Redis no responde", "Not signed out: Redis does not answer")
    STILL_IN_DO = (
        "La sesión sigue abierta. Vuelva atrás y salga otra vez en unos segundos.",
        "The session goes on. Go back, and sign out again in some seconds.",
    )
    TOO_MANY_TOKENS = (
        "Demasiados tokens que no valen. Pruebe otra vez en {span}.",
        "Too many tokens that are not valid. Try again in {span}.",
    )
    TOO_MANY = ("Demasiadas peticiones con este token", "Too many requests with this token")
    TOO_MANY_DO = (
        "Espere {span} y recargue la página.",
        "Wait {span}, and load the page again.",
    )
    UNKNOWN_HOST = (
        "Esta dirección no es de este servidor",
        "This address is not one of this server's",
    )
    UNKNOWN_HOST_DO = (
        "No se hizo nada. Abra la página por localhost o 127.0.0.1, o ponga el nombre en "
        "CARDS_HOSTS.",
        "Nothing was done. Open the page by localhost or 127.0.0.1, or put the name into "
        "CARDS_HOSTS.",
    )
    NOT_ALLOWED = ("Su token no permite esto", "Your token does not allow this")
    NOT_ALLOWED_DO = (
        "No se hizo nada. Hace falta un token con el permiso (scope) {scopes}: salga y entre con "
        "otro.",
        "Nothing was done. It takes a token with the scope {scopes}: sign out, and sign in with "
        "another.",
    )
    LOOK_ONLY = (
        "Solo lectura: para dirigirla hace falta un token con el permiso (scope) migrate.",
        "To look at only: steering it takes a token with the scope migrate.",
    )
    WRONG_TOKEN = ("Ese token no vale aquí.", "That token is not valid here.")
    NOT_FOUND = ("No existe esa migración", "There is no such migration")
    NOT_FOUND_DO = (
        "Mire si el enlace está completo.",
        "Look whether the link is complete.",
    )
    UNAVAILABLE = ("Redis no responde", "Redis does not answer")
    UNAVAILABLE_DO = (
        "No se ha perdido nada: las migraciones siguen cuando vuelva. Pruebe en unos segundos.",
        "Nothing is lost: migrations go on when it is back. Try again in some seconds.",
    )
    OTHER_DATA = ("Redis no tiene los datos de antes", "Redis does not have the data of before")
    OTHER_DATA_DO = (
        "Se vació o es otra base de datos, y nada se acepta ni se envía. Restaure los datos de "
        "Redis o corrija REDIS_URL: todo sigue solo. `cards doctor` dice más.",
        "It was emptied, or is another database, and nothing is accepted or sent. Restore Redis' "
        "data or correct REDIS_URL: all goes on by itself. `cards doctor` says more.",
    )
    JOURNAL_LOST = (
        "Detenida: Redis ha perdido los datos con los que se enviaba",
        "Stopped: Redis has lost the data it was running with",
    )
    LOST_HERE = (
        "{rows} filas terminadas constan aquí; Redis ha perdido los datos de esta migración: {id}",
        "{rows} rows are recorded here as ended; Redis has lost this migration's data: {id}",
    )
    FORBIDDEN = ("La petición viene de otra página", "The request comes from another page")
    FORBIDDEN_DO = (
        "No se hizo nada. Abra la página en esta dirección y repítalo; un proxy debe pasar la "
        "cabecera Host sin cambiarla.",
        "Nothing was done. Open the page at this address and do it again; a proxy must pass the "
        "Host header as it came.",
    )
    NOT_POSSIBLE = (
        "No fue posible: la migración está ahora en otro estado, el que se ve abajo.",
        "That was not possible: the migration is in another state now, the one below.",
    )
    BAD_LIMIT = (
        "El límite debe ser un número de 0,01 a 1000000, o vacío.",
        "The limit must be a number from 0.01 to 1000000, or empty.",
    )
    # What is going on.
    READY = ("Lista, sin empezar", "Ready, not started")
    READY_DO = (
        "Se ha revisado el archivo y no se ha enviado nada. Vea el plan: «Enviar todas» manda "
        "{rows} filas.",
        "The file was checked and nothing was sent. See the plan: “Run all” sends {rows} rows.",
    )
    RUNNING = ("En marcha: {share}", "Running: {share} done")
    RUNNING_LEFT = ("faltan unas {span}", "about {span} left")
    RUNNING_DO = (
        "No hay que hacer nada: sigue sola, también con esta página cerrada.",
        "There is nothing to do: it goes on by itself, with this page closed too.",
    )
    SLOW_DO = (
        "Hay filas enviadas y ninguna ha terminado en los últimos segundos. Si sigue así un "
        "minuto, `cards doctor` dice si faltan workers o Stripe rechaza la clave.",
        "Rows were sent and none has ended in the last seconds. If it stays so for a minute, "
        "`cards doctor` says whether workers are missing or Stripe refuses the key.",
    )
    NO_DRIVER = ("Parada: nadie la conduce", "Standing still: nobody drives it")
    NO_DRIVER_DO = (
        "No se ha perdido nada. Si se subió por HTTP, web la retoma en unos segundos; si se "
        "ejecutó con `cards migrate run`, ejecute lo mismo otra vez, aquí o en otra máquina: "
        "sigue donde quedó.",
        "Nothing is lost. If it was uploaded over HTTP, web takes it up again within seconds; if "
        "it was run by `cards migrate run`, run the same again, here or on another machine: it "
        "goes on where it was.",
    )
    STARTING = ("Arrancando: {share}", "Starting: {share} done")
    STARTING_DO = (
        "Web va a conducirla desde aquí en unos segundos. Si sigue así un minuto, el registro de "
        "web dice por qué.",
        "Web is about to drive it from here, within seconds. If it stays so for a minute, web's "
        "log says why.",
    )
    PAUSED = ("En pausa: {share}", "Paused: {share} done")
    PAUSED_DO = (
        "Alguien la pausó, o terminó una prueba. Lo ya enviado termina; el resto espera a "
        "«Continuar».",
        "Somebody paused it, or a trial has ended. What was sent finishes; the rest waits for "
        "“Continue”.",
    )
    STOPPED = ("Detenida: demasiadas filas fallaron", "Stopped: too many rows failed")
    STOPPED_DO = (
        "Llegó a su límite de fallos. Mire abajo qué salió mal; «Continuar» sigue y cuenta los "
        "fallos de nuevo.",
        "It reached its limit of failures. See below what went wrong; “Continue” goes on and "
        "counts failures anew.",
    )
    CANCELLING = ("Cancelándose", "Being cancelled")
    CANCELLING_DO = (
        "Ya no se envía nada; se termina lo que Stripe había recibido.",
        "Nothing more is sent; what Stripe was sent is being finished.",
    )
    CANCELLED = ("Cancelada", "Cancelled")
    CANCELLED_DO = (
        "{rows} filas no se enviaron. errors.csv las tiene, por si deben hacerse después de todo.",
        "{rows} rows were not sent. errors.csv has them, in case they should be done after all.",
    )
    FINISHED = (
        "Terminada: las {rows} filas están como dice el archivo",
        "Finished: all {rows} rows are as the file says",
    )
    FINISHED_DO = (
        "No hay que hacer nada más. El informe es para quien pregunte.",
        "There is nothing more to do. The report is for whoever asks.",
    )
    FINISHED_BUT = (
        "Terminada: {good} filas están como dice el archivo, {bad} no",
        "Finished: {good} rows are as the file says, {bad} are not",
    )
    FINISHED_BUT_DO = (
        "Mire abajo qué salió mal y qué hacer con cada código.",
        "See below what went wrong, and what to do about each code.",
    )


STATES = {
    MigrationState.RUNNING: ("en marcha", "running"),
    MigrationState.PAUSED: ("en pausa", "paused"),
    MigrationState.CANCELLING: ("cancelándose", "being cancelled"),
    MigrationState.STOPPED: ("detenida", "stopped"),
    MigrationState.CANCELLED: ("cancelada", "cancelled"),
    MigrationState.FINISHED: ("terminada", "finished"),
}


class Say:
    """The page's words and figures in one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._at = 0 if language == "es" else 1

    def __call__(self, word: Sentence, **values: str) -> str:
        """The sentence, its placeholders filled; not escaped."""
        spanish_english: tuple[str, str] = word.value
        return spanish_english[self._at].format(**values)

    def state(self, state: MigrationState) -> str:
        """A migration's state."""
        return STATES[state][self._at]

    def row(self, state: RowState) -> tuple[str, str]:
        """A row's state, and what it means."""
        return row_state_words.STATES[state][self._at]

    def figure(self, value: float, decimals: int = 0) -> str:
        """A number, grouped and pointed as the language does."""
        text = f"{value:,.{decimals}f}"
        if self.language == "en":
            return text
        return text.translate(str.maketrans(",.", ".,"))

    def share(self, part: int, whole: int) -> str:
        """A share in per cent that is 0 or 100 only where it is."""
        percent = 100 * part / whole if whole else 100.0
        if part and percent < 0.1:
            return f"<{self.figure(0.1, 1)} %"
        if part < whole and percent > 99.9:
            return f">{self.figure(99.9, 1)} %"
        return f"{self.figure(percent, 0 if percent in (0, 100) else 1)} %"

    def span(self, seconds: float) -> str:
        """A time for people, in two units at most."""
        if seconds < 1:
            return "1 s"
        rest = round(seconds)
        parts: list[str] = []
        for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
            count, rest = divmod(rest, size)
            if count or parts:
                parts.append(f"{count} {name}" if count else "")
            if len(parts) == 2:
                break
        return " ".join(part for part in parts if part)
