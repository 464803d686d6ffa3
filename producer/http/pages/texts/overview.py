"""Texts of the pages that show what is happening, and why, in Spanish and English."""

from __future__ import annotations

from producer.contract.bilingual import Bilingual


class Live(Bilingual):
    """What the overview and the pages of a command and a customer say."""

    WHAT_THIS_IS = (
        "Lo que los servicios piden hacer con tarjetas de clientes en Stripe, y cómo va ahora.",
        "What services want done with customers' cards at Stripe, and how it is going now.",
    )
    # What is going on, and what to do: docs/runbook.md at greater length.
    ALL_WELL = ("Todo va bien", "All is well")
    ALL_WELL_DO = (
        "No hay que hacer nada. Comandos en espera: {waiting}; en Stripe ahora: {at_work}.",
        "There is nothing to do. Waiting: {waiting}; at Stripe now: {at_work}.",
    )
    REFUSES = ("No se acepta ningún comando: {why}", "Commands are refused: {why}")
    REFUSES_DO = (
        "Quien envía comandos recibe 503 y puede reintentar; lo aceptado no se pierde y espera. "
        "`cards doctor` dice qué falta. Los workers continúan solos en cuanto se pueda escribir en "
        "Redis: no los reinicie.",
        "Callers get 503 and may try again; what was accepted is not lost, and waits. "
        "`cards doctor` says what is missing. Workers go on by themselves once Redis takes writes: "
        "do not restart them.",
    )
    KEY_REFUSED = (
        "Stripe rechaza la clave de los workers: {code}",
        "Stripe refuses the workers' key: {code}",
    )
    KEY_REFUSED_DO = (
        "Desde las {since} UTC. Los comandos esperan y no se pierde ninguno. Busque o cree una "
        "clave válida en el panel de Stripe, póngala en todos los workers como `STRIPE_API_KEY` y "
        "reinícielos.",
        "Since {since} UTC. Commands wait, and none is lost. Find or create a valid key in "
        "Stripe's dashboard, give it to all workers as `STRIPE_API_KEY`, and restart them.",
    )
    NO_WORKER = ("No hay ningún worker", "There is no worker")
    NO_WORKER_DO = (
        "Los comandos se aceptan y ninguno se ejecuta. Inicie uno: "
        "`celery -A worker.app worker -Q interactive,bulk`. Si termina enseguida, su última línea "
        "dice por qué.",
        "Commands are accepted, and none is carried out. Start one: "
        "`celery -A worker.app worker -Q interactive,bulk`. If it ends at once, its last line says "
        "why.",
    )
    STUCK = ("La cola {lane} no avanza", "The lane {lane} does not move")
    STUCK_DO = (
        "Su comando más antiguo espera desde hace {span}. `cards doctor` dice si algún worker "
        "atiende la cola y si el límite es demasiado bajo.",
        "Its oldest command has waited for {span}. `cards doctor` says whether a worker serves the "
        "lane, and whether the limit is close to zero.",
    )
    PAUSED = ("Una persona pausó la cola {lane}", "A person paused the lane {lane}")
    PAUSED_DO = (
        "Desde las {since} UTC{reason}. Sus comandos se aceptan y esperan. Cuando la pausa ya no "
        "haga falta: `cards resume-lane {lane}`.",
        "Since {since} UTC{reason}. Its commands are accepted, and wait. When the reason is gone: "
        "`cards resume-lane {lane}`.",
    )
    FAILED_NOW = (
        "Comandos que se dejaron de intentar: {count}",
        "Commands that gave up: {count}",
    )
    FAILED_NOW_DO = (
        "Todo lo demás continúa. Abajo se ve por qué, y qué hacer con cada código.",
        "Everything else goes on. See below why, and what to do about each code.",
    )
    UNKNOWN_NOW = (
        "Comandos de los que no se sabe si Stripe los hizo: {count}",
        "Commands of which it is not known whether Stripe did them: {count}",
    )
    UNKNOWN_NOW_DO = (
        "El más antiguo lleva así {span}. Se averigua automáticamente: no envíe el comando otra "
        "vez.",
        "The oldest has been so for {span}. It is looked up automatically: do not send the command "
        "again.",
    )
    RUNBOOK = ("Más: {where}", "More: {where}")
    # Lanes and limits.
    LANES = ("Colas", "Lanes")
    LANE = ("Cola", "Lane")
    INTERACTIVE = ("alguien espera la respuesta", "somebody is waiting for these")
    BULK = ("muchos a la vez, también migraciones", "many at a time, migrations too")
    UNENDED = ("Sin terminar", "Not ended")
    WAITING = ("Esperan un worker", "Waiting for a worker")
    OLDEST = ("El más antiguo", "The oldest")
    NOW_STATE = ("Ahora", "Now")
    OPEN = ("abierta", "open")
    PAUSED_SINCE = ("en pausa desde las {since}", "paused since {since}")
    WORKERS = ("Workers", "Workers")
    WORKERS_UNKNOWN = (
        "no se sabe: no pueden registrar que están activos",
        "not known: they cannot report that they are alive",
    )
    WORKERS_SEEN = ("vistos en los últimos 30 s", "seen in the last 30 s")
    AT_WORK = ("En Stripe ahora", "At Stripe now")
    CUSTOMERS = ("clientes", "customers")
    RATE = ("Peticiones a Stripe", "Requests to Stripe")
    PER_SECOND = ("{figure}/s", "{figure}/s")
    LIMIT_OF = ("límite: {figure}/s", "limit: {figure}/s")
    SLOWED = (
        "límite: {figure}/s, reducido a {now}/s por los 429 de Stripe",
        "limit: {figure}/s, lowered to {now}/s by Stripe's 429",
    )
    NO_LIMIT = ("sin límite propio", "no limit of our own")
    # What ended.
    EVENTS = ("Lo que informó Stripe", "What Stripe reported")
    EVENT = ("Evento", "Event")
    OBJECT = ("Objeto", "Object")
    CHANGED_BY = ("Lo cambió", "Changed by")
    BY_MIGRATION = ("una migración", "a migration")
    BY_OTHERS = ("otro programa o una persona", "other software, or a person")
    ENDED = ("Terminados desde las {since}", "Ended since {since}")
    ENDED_HINT = (
        "En la última hora como máximo; menos si web se inició hace poco.",
        "In the last hour at most; less if web was started recently.",
    )
    NOTHING_ENDED = ("Ninguno.", "None.")
    COMMANDS = ("Comandos", "Commands")
    # Trouble.
    FAILED = ("Fallidos, para que alguien los revise", "Failed, for a person to look at")
    UNSETTLED = ("Intentados y sin terminar", "Attempted, and not ended")
    NONE = ("Ninguno.", "None.")
    NO_MIGRATIONS = ("Ninguna.", "None.")
    NEWEST = ("De los últimos {count}:", "Of the last {count}:")
    OLDEST_OF = ("De los {count} más antiguos:", "Of the oldest {count}:")
    TIMES_CODE = ("{count} con {code}", "{count} with {code}")
    NO_CODE = ("motivo aún desconocido", "no reason known yet")
    RETRIED_DO = (
        "Se sabe que no se aplicó; se reintentará a las {at} UTC.",
        "It is known not to have happened; it is attempted again at {at} UTC.",
    )
    # Migrations.
    UNDER_WAY = ("Migraciones en curso", "Migrations under way")
    # Looking something up.
    FIND = ("Buscar un comando o un cliente", "Find a command or a customer")
    FIND_ID = ("Id (de un comando, o cus_…)", "Id (of a command, or cus_…)")
    FIND_GO = ("Buscar", "Find")
    # A command.
    COMMAND = ("Comando", "Command")
    WHAT_IT_IS = ("Qué es", "What it is")
    CUSTOMER = ("Cliente", "Customer")
    CARD = ("Tarjeta", "Card")
    TOKEN_SPENT = ("un token, que no se guarda", "a token, which is not kept")
    TAGS = ("Etiquetas", "Tags")
    SENDER = ("Quién lo envió", "Who sent it")
    NO_SENDER = ("no dio su nombre", "gave no name")
    OF_MIGRATION = ("la migración {id}", "the migration {id}")
    STATE = ("Estado", "State")
    ATTEMPTS = ("Intentos", "Attempts")
    TODO = ("Qué hacer", "What to do")
    NEXT_TRY = ("Próximo intento", "Next attempt")
    CODE = ("Código", "Code")
    MESSAGE = ("Mensaje", "Message")
    WHEN = ("Cuándo (UTC)", "When (UTC)")
    WHAT = ("Qué", "What")
    REQUEST = ("Petición en Stripe", "Stripe's request")
    HISTORY = ("Qué ha pasado", "What happened")
    ENVELOPE = ("Resultado", "Result")
    SUPERSEDED_BY = ("Reemplazado por", "Superseded by")
    NO_SUCH = ("No se conoce ese comando", "No such command is known")
    NO_SUCH_DO = (
        "Compruebe que el id esté completo. Los terminados se guardan dos días, los de la cola "
        "bulk uno, salvo que se haya configurado otra cosa.",
        "Check that the id is complete. Ended ones are kept for two days, those of the bulk lane "
        "for one, unless configured otherwise.",
    )
    # A customer.
    CHARGED = (
        "Se cobra con {card}",
        "{card} is charged",
    )
    NOT_CHARGED = ("No hay tarjeta predeterminada", "There is no default card")
    NOT_READ = (
        "No se pudo consultar a Stripe: {code}",
        "Stripe could not be asked: {code}",
    )
    NOT_READ_DO = (
        "Abajo está lo que se sabe aquí. Recargue la página para consultar otra vez; "
        "`cards doctor` dice si faltan workers.",
        "Below is what is known here. Reload the page to ask again; `cards doctor` says whether "
        "workers are missing.",
    )
    OWN_DEFAULT = (
        "En las facturas. Si una suscripción tiene su propia tarjeta, esa va primero; aquí no se "
        "consulta. Después `invoice_settings.default_payment_method`, y después `default_source`.",
        "For invoices. A subscription's own default comes first where one is set; it is not read "
        "here. Then `invoice_settings.default_payment_method`, then `default_source`.",
    )
    SLOTS = ("Sus dos predeterminadas", "Its two defaults")
    SLOT = ("Cuál", "Which")
    WHY = ("Por qué", "Why")
    INVOICED = ("con esta se cobran las facturas", "invoices are charged with this one")
    SET_BY = ("La estableció {id}, de {who} ({when}).", "Set by {id}, of {who}, {when}.")
    FIRST_CARD = (
        "Stripe la estableció como predeterminada cuando {id}, de {who}, asignó la primera "
        "tarjeta.",
        "Stripe made it the default when {id}, of {who}, attached the first card.",
    )
    ELSEWHERE = (
        "Se cambió en otro lugar, después de que {id}, de {who}, estableciera {card} ({when}).",
        "Changed elsewhere, after {id}, of {who}, had set {card}, {when}.",
    )
    NOT_KNOWN = (
        "No la estableció ningún comando del que aún haya registro. Las filas de una migración "
        "están en su informe.",
        "Not set by any command that is still known. Rows of a migration are in its report.",
    )
    LAST_SET = (
        "Aquí la última fue {card}: la estableció {id}, de {who} ({when}).",
        "The last here was {card}: set by {id}, of {who}, {when}.",
    )
    EMPTY = ("ninguna", "none")
    WILL_SET = ("Lo que espera", "What is waiting")
    WAITS_FOR = ("Qué espera", "Waits for")
    PAST = ("Lo que terminó", "What has ended")
    NOTHING_WAITS = ("Nada.", "Nothing.")
    NOTHING_PAST = (
        "Nada de lo que aún haya registro.",
        "Nothing that is still known.",
    )
    AS_OF = (
        "Leído: {at} UTC. Esta página no se actualiza sola: cada lectura es una petición a Stripe.",
        "Read at {at} UTC. This page does not refresh itself: each read is a request to Stripe.",
    )
    NO_CUSTOMER = ("No es el id de un cliente", "That is not a customer's id")
    NO_CUSTOMER_DO = (
        "Empieza por cus_. Compruebe que el enlace esté completo.",
        "It starts with cus_. Check that the link is complete.",
    )
    # States of commands.
    STATE_QUEUED = ("en cola", "queued")
    STATE_WAITING = ("en espera", "waiting")
    STATE_RUNNING = ("en Stripe", "running")
    STATE_RETRYING = ("se reintentará", "retrying")
    STATE_SUCCEEDED = ("hecho", "succeeded")
    STATE_REJECTED = ("rechazado", "rejected")
    STATE_SUPERSEDED = ("reemplazado", "superseded")
    STATE_CANCELLED = ("cancelado", "cancelled")
    STATE_UNKNOWN = ("en duda", "unknown")
    STATE_FAILED = ("fallido", "failed")
    # What happened that is no state.
    MOMENT_ACCEPTED = ("aceptado", "accepted")
    MOMENT_STARTED = ("primer intento", "first attempt")
    MOMENT_REPLAYED = ("una persona lo envió a reprocesar", "replayed by a person")
    # What a command waits for.
    WAIT_STRIPE = ("la respuesta de Stripe", "Stripe's answer")
    WAIT_TRUTH = (
        "que se averigüe si Stripe lo hizo; no lo envíe otra vez",
        "Stripe to be asked whether it was done; do not send it again",
    )
    WAIT_KEY = (
        "una clave que Stripe acepte (CardsStripeKeyRefused)",
        "a key that Stripe accepts (CardsStripeKeyRefused)",
    )
    WAIT_LANE = (
        "que se reanude su cola: `cards resume-lane {lane}`",
        "its lane to be resumed: `cards resume-lane {lane}`",
    )
    WAIT_EARLIER = (
        "otro comando anterior del mismo cliente",
        "an earlier command of the same customer",
    )
    WAIT_NEXT_TRY = ("la hora de su próximo intento", "the time of its next attempt")
    WAIT_WORKER = (
        "un worker libre, dentro del límite",
        "a free worker, within the limit",
    )
    WAIT_NOTHING = ("nada: ha terminado", "nothing: it has ended")
