"""The texts of all pages, and of those of migrations, in Spanish and English."""

from __future__ import annotations

from producer.contract.bilingual import Bilingual


class Page(Bilingual):
    """Texts of all pages, and of those of migrations."""

    CARDS = ("Comandos de tarjetas", "Card commands")
    NOW = ("Ahora", "Now")
    MIGRATIONS = ("Migraciones", "Migrations")
    NONE_YET = (
        "Todavía no hay ninguna migración. Una migración es un archivo de tarjetas que se asignan "
        "a clientes de Stripe, o se establecen como predeterminadas. Para empezar una:",
        "There is no migration yet. A migration is a file of cards to be attached, or made "
        "default, at Stripe. To start one:",
    )
    WHAT_IT_IS = (
        "Una migración: cada fila del archivo asigna una tarjeta a un cliente de Stripe, o la "
        "establece como predeterminada.",
        "A migration: each row of the file attaches a card to a Stripe customer, or makes it the "
        "default.",
    )
    FILE = ("Archivo", "File")
    STATE = ("Estado", "State")
    PROGRESS = ("Avance", "Progress")
    LEFT = ("Tiempo restante", "Time left")
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
    AT_MOST = ("como máximo {figure}/s", "at most {figure}/s")
    NO_LIMIT = ("sin límite propio", "no limit of its own")
    ABOUT = ("hasta las {clock} UTC, aproximadamente", "until about {clock} UTC")
    UNKNOWN_TIME = ("aún no se sabe", "not known yet")
    NOTHING_LEFT = ("ninguno", "none")
    ROWS = ("Filas", "Rows")
    SHARE = ("Porcentaje", "Share")
    MEANING = ("Qué significa", "What it means")
    TOGETHER = ("En total", "Together")
    EVERY_ROW = ("todas las filas del archivo, contadas una vez", "every row of the file, once")
    WHAT_HAPPENED = ("Resultado de cada fila", "Outcome of the rows")
    WHAT_WRONG = ("Qué salió mal y qué hacer", "What went wrong, and what to do")
    NOTHING_WRONG = (
        "Ninguna fila ha quedado sin aplicar.",
        "No row has been left unapplied.",
    )
    WHICH_ROWS = (
        "Qué filas son: {report} muestra ejemplos de cada código con su línea; {errors} las "
        "contiene todas, para corregirlas y volver a ejecutarlas.",
        "Which rows: {report} shows examples of each code with their line; {errors} has all of "
        "them, to be corrected and run again.",
    )
    REPORT = ("el informe", "the report")
    DOWNLOADS = ("Descargas", "Downloads")
    DOWNLOAD_REPORT = ("Informe para consultar", "Report to read")
    DOWNLOAD_CSV = ("Todas las filas (CSV)", "Every row (CSV)")
    DOWNLOAD_JSONL = ("Todas las filas (JSON Lines)", "Every row (JSON Lines)")
    DOWNLOAD_ERRORS = ("Filas por repetir (errors.csv)", "Rows to run again (errors.csv)")
    ELSEWHERE = (
        "Se generan a partir del archivo: si no está en esta máquina, súbalo de nuevo y saldrán "
        "igual de completas.",
        "They are made from the file: where the file is missing, upload it again, and they are as "
        "complete.",
    )
    CHART = (
        "Filas terminadas por segundo: como máximo {most}, en promedio {mean}",
        "Rows ended a second: at most {most}, on average {mean}",
    )
    NO_CHART = (
        "Todavía no hay velocidad que mostrar.",
        "There is no rate to draw yet.",
    )
    STEER = ("Qué se puede hacer", "What you can do")
    PAUSE = ("Pausar", "Pause")
    CONTINUE = ("Continuar", "Continue")
    CANCEL = ("Cancelar el resto…", "Cancel the rest…")
    CANCEL_MEANS = (
        "Lo que aún no se ha enviado no se enviará en esta migración; lo ya enviado a Stripe se "
        "completa y se conserva. Aquí no se puede deshacer.",
        "What was not sent will never be sent by this migration; what was sent to Stripe is "
        "completed and stays. This cannot be undone here.",
    )
    CANCEL_SURE = ("Sí, cancelar el resto", "Yes, cancel the rest")
    LIMIT = ("Máximo de filas por segundo", "Rows a second, at most")
    LIMIT_HINT = (
        "Vacío: sin límite propio. Los límites de Stripe se respetan siempre.",
        "Empty: no limit of its own. Stripe's limits are always kept.",
    )
    SET = ("Fijar", "Set")
    OVER = ("Ha terminado: no queda nada que detener.", "It has ended: nothing is left to stop.")
    DRIVER = ("La ejecuta {driver}.", "It is run by {driver}.")
    TIMES = ("Las horas son UTC.", "Times are UTC.")
    OFFLINE = (
        "Sin conexión con el servidor: lo que se muestra puede estar desactualizado. Reintentando…",
        "No connection to the server: what you see may be out of date. Trying again…",
    )
    NO_SCRIPT = (
        "Sin JavaScript la página se actualiza sola cada 10 segundos.",
        "Without JavaScript the page reloads itself every 10 seconds.",
    )
    NO_SCRIPT_FORM = (
        "Sin JavaScript la lista no se actualiza sola: recargue la página.",
        "Without JavaScript the list does not refresh itself: reload the page.",
    )
    SKIP = ("Ir al contenido", "Skip to the content")
    SIGN_IN = ("Iniciar sesión", "Sign in")
    SIGN_OUT = ("Cerrar sesión", "Sign out")
    TOKEN = ("Token de acceso", "Access token")
    TOKEN_HINT = (
        "Un token de la API con el permiso (scope) read; para las migraciones basta con migrate. "
        "No se guarda en el navegador.",
        "An API token with the scope read; for migrations, migrate is enough. The token is not "
        "kept in the browser.",
    )
    SIGNED_IN = ("Sesión de {name}", "Signed in: {name}")
    STILL_IN = (
        "No se pudo cerrar la sesión: Redis no responde",
        "You are not signed out: Redis does not answer",
    )
    STILL_IN_DO = (
        "La sesión sigue abierta. Vuelva atrás y ciérrela de nuevo en unos segundos.",
        "The session is still open. Go back, and sign out again in a few seconds.",
    )
    TOO_MANY_TOKENS = (
        "Demasiados tokens no válidos. Inténtelo de nuevo en {span}.",
        "Too many invalid tokens. Try again in {span}.",
    )
    TOO_MANY = ("Demasiadas peticiones con este token", "Too many requests with this token")
    TOO_MANY_DO = (
        "Espere {span} y recargue la página.",
        "Wait {span}, and reload the page.",
    )
    UNKNOWN_HOST = (
        "Esta dirección no es de este servidor",
        "This address is not one of this server's",
    )
    UNKNOWN_HOST_DO = (
        "No se hizo nada. Abra la página en localhost o 127.0.0.1, o añada el nombre a "
        "CARDS_HOSTS.",
        "Nothing was done. Open the page at localhost or 127.0.0.1, or add the name to "
        "CARDS_HOSTS.",
    )
    NOT_ALLOWED = ("Su token no permite esto", "Your token does not allow this")
    NOT_ALLOWED_DO = (
        "No se hizo nada. Hace falta un token con el permiso (scope) {scopes}: cierre la sesión e "
        "iníciela con otro.",
        "Nothing was done. A token with the scope {scopes} is needed: sign out, and sign in with "
        "another.",
    )
    LOOK_ONLY = (
        "Solo lectura: para controlarla hace falta un token con el permiso (scope) migrate.",
        "Read-only: steering it takes a token with the scope migrate.",
    )
    WRONG_TOKEN = ("Ese token no es válido aquí.", "That token is not valid here.")
    NOT_FOUND = ("No existe esa migración", "There is no such migration")
    NOT_FOUND_DO = (
        "Compruebe que el enlace esté completo.",
        "Check that the link is complete.",
    )
    UNAVAILABLE = ("Redis no responde", "Redis does not answer")
    UNAVAILABLE_DO = (
        "No se ha perdido nada: las migraciones continúan cuando vuelva. Inténtelo de nuevo en "
        "unos segundos.",
        "Nothing is lost: migrations go on when it is back. Try again in a few seconds.",
    )
    OTHER_DATA = ("Redis ya no tiene los datos anteriores", "Redis no longer has its earlier data")
    OTHER_DATA_DO = (
        "Se vació o es otra base de datos, y no se acepta ni se envía nada. Restaure los datos de "
        "Redis o corrija REDIS_URL: todo continuará solo. `cards doctor` da más detalles.",
        "It was emptied, or is another database, and nothing is accepted or sent. Restore Redis' "
        "data or correct REDIS_URL: everything then goes on by itself. `cards doctor` says more.",
    )
    JOURNAL_LOST = (
        "Detenida: Redis ha perdido los datos con los que se ejecutaba",
        "Stopped: Redis has lost the data it was running with",
    )
    LOST_HERE = (
        "{rows} filas terminadas constan aquí; Redis ha perdido los datos de esta migración: {id}",
        "{rows} rows are recorded here as ended; Redis has lost this migration's data: {id}",
    )
    FORBIDDEN = ("La petición viene de otra página", "The request comes from another page")
    FORBIDDEN_DO = (
        "No se hizo nada. Abra la página en esta dirección y repítalo; un proxy debe pasar el "
        "encabezado Host sin cambiarlo.",
        "Nothing was done. Open the page at this address and do it again; a proxy must pass the "
        "Host header unchanged.",
    )
    NOT_POSSIBLE = (
        "No fue posible: la migración está ahora en otro estado, el que se muestra abajo.",
        "That was not possible: the migration is in another state now, the one below.",
    )
    BAD_LIMIT = (
        "El límite debe ser un número de 0,01 a 1000000, o vacío.",
        "The limit must be a number from 0.01 to 1000000, or empty.",
    )
    # What is going on.
    READY = ("Lista, sin empezar", "Ready, not started")
    READY_DO = (
        "Se ha revisado el archivo y no se ha enviado nada. Vea el plan: «Enviar todas» envía "
        "{rows} filas.",
        "The file was checked and nothing was sent. See the plan: “Run all” sends {rows} rows.",
    )
    RUNNING = ("En marcha: {share}", "Running: {share} done")
    RUNNING_LEFT = ("faltan aproximadamente {span}", "about {span} left")
    RUNNING_DO = (
        "No hay que hacer nada: continúa sola, aunque se cierre esta página.",
        "There is nothing to do: it goes on by itself, even with this page closed.",
    )
    SLOW_DO = (
        "Hay filas enviadas y ninguna ha terminado en los últimos segundos. Si sigue así un "
        "minuto, `cards doctor` dice si faltan workers o si Stripe rechaza la clave.",
        "Rows were sent and none has ended in the last few seconds. If it stays so for a minute, "
        "`cards doctor` says whether workers are missing or Stripe refuses the key.",
    )
    NO_DRIVER = ("Parada: ningún proceso la ejecuta", "Standing still: nobody drives it")
    NO_DRIVER_DO = (
        "No se ha perdido nada. Si se subió por HTTP, el proceso web la reanuda en unos segundos; "
        "si se ejecutó con `cards migrate run`, ejecute lo mismo otra vez, aquí o en otra máquina: "
        "continúa donde quedó.",
        "Nothing is lost. If it was uploaded over HTTP, the web process resumes it within seconds; "
        "if it was run by `cards migrate run`, run the same again, here or on another machine: it "
        "continues where it stopped.",
    )
    STARTING = ("Iniciando: {share}", "Starting: {share} done")
    STARTING_DO = (
        "El proceso web la ejecutará desde aquí en unos segundos. Si sigue así un minuto, el "
        "registro de web dice por qué.",
        "The web process will run it from here within seconds. If it stays so for a minute, the "
        "log of web says why.",
    )
    PAUSED = ("En pausa: {share}", "Paused: {share} done")
    PAUSED_DO = (
        "Alguien la pausó, o terminó una prueba piloto. Lo ya enviado termina; el resto espera a "
        "que se pulse «Continuar».",
        "Somebody paused it, or a pilot has ended. What was sent finishes; the rest waits for "
        "“Continue”.",
    )
    STOPPED = ("Detenida: demasiadas filas fallaron", "Stopped: too many rows failed")
    STOPPED_DO = (
        "Llegó a su límite de fallos. Vea abajo qué salió mal; «Continuar» la reanuda y cuenta los "
        "fallos desde cero.",
        "It reached its limit of failures. See below what went wrong; “Continue” resumes it and "
        "counts failures from zero.",
    )
    CANCELLING = ("Cancelándose", "Being cancelled")
    CANCELLING_DO = (
        "Ya no se envía nada; se completa lo que Stripe ya había recibido.",
        "Nothing more is sent; what was sent to Stripe is being completed.",
    )
    CANCELLED = ("Cancelada", "Cancelled")
    CANCELLED_DO = (
        "No se enviaron {rows} filas. errors.csv las contiene, por si aun así deben hacerse.",
        "{rows} rows were not sent. errors.csv has them, in case they should be done after all.",
    )
    FINISHED = (
        "Terminada: las {rows} filas están como dice el archivo",
        "Finished: all {rows} rows are as the file says",
    )
    FINISHED_DO = (
        "No hay que hacer nada más. El informe queda disponible para quien lo necesite.",
        "There is nothing more to do. The report is there for anyone who asks.",
    )
    FINISHED_BUT = (
        "Terminada: {good} filas están como dice el archivo, {bad} no",
        "Finished: {good} rows are as the file says, {bad} are not",
    )
    FINISHED_BUT_DO = (
        "Vea abajo qué salió mal y qué hacer con cada código.",
        "See below what went wrong, and what to do about each code.",
    )
