"""Every text of envelopes, in Spanish (the contract's) and English."""

from __future__ import annotations

from producer.contract.texts import Bilingual


class Text(Bilingual):
    """What envelopes say."""

    CARD_ADDED = ("Tarjeta añadida con éxito", "Card added successfully")
    DEFAULT_SET = (
        "Método de pago actualizado con éxito",
        "Payment method updated successfully",
    )
    ALREADY_SO = ("Ya estaba así; no se cambió nada", "It was so already; nothing was changed")
    CUSTOMER_READ = ("Cliente leído correctamente", "Customer read successfully")
    CARDS_LISTED = ("Tarjetas listadas correctamente", "Cards listed successfully")
    ASSIGN_FIELDS_REQUIRED = (
        "userId y source son requeridos",
        "userId and source are required",
    )
    DEFAULT_FIELDS_REQUIRED = (
        "userId y default_source son requeridos",
        "userId and default_source are required",
    )
    WRONG_PREFIX = (
        "{field} no es válido: debe empezar por {prefixes}",
        "{field} is not valid: it must start with {prefixes}",
    )
    WRONG_TYPE = ("{field} debe ser una cadena de texto", "{field} must be a string")
    WRONG_FORM = (
        "{field} no es válido: solo letras, dígitos y guiones bajos, hasta 255 caracteres",
        "{field} is not valid: only letters, digits and underscores, up to 255",
    )
    UNKNOWN_FIELD = ("Campo desconocido: {field}", "Unknown field: {field}")
    UNKNOWN_COMMAND = (
        "command no es válido: debe ser AssignCard o SetDefaultCard",
        "command is not valid: AssignCard or SetDefaultCard",
    )
    NOT_JSON = ("El cuerpo (body) no es un objeto JSON", "The body is not a JSON object")
    TOO_LARGE = (
        "El cuerpo (body) supera {limit} KiB",
        "The body is larger than {limit} KiB",
    )
    BAD_HOST = (
        "Falta el encabezado Host, está repetido o no es válido",
        "The Host header is missing, repeated or not valid",
    )
    UNKNOWN_HOST = (
        "El encabezado Host no corresponde a este servidor; no se hizo nada (CARDS_HOSTS)",
        "The Host header does not name this server; nothing was done (CARDS_HOSTS)",
    )
    HEAD_TOO_LARGE = (
        "Los encabezados de la petición son demasiado grandes o demasiados",
        "The request's headers are too large or too many",
    )
    TOO_SLOW = (
        "La petición tardó demasiado en llegar",
        "The request arrived too slowly",
    )
    MALFORMED = ("La petición no es HTTP válido", "The request is not valid HTTP")
    TOO_MANY = (
        "Demasiadas conexiones; inténtelo de nuevo",
        "Too many connections; try again",
    )
    BAD_ENCODING = (
        "Content-Encoding no admitido; se admite: {wanted}",
        "Content-Encoding is not supported; supported: {wanted}",
    )
    NOT_SO_ENCODED = (
        "El cuerpo (body) no es gzip, aunque Content-Encoding así lo indica",
        "The body is not gzip, although Content-Encoding says so",
    )
    BAD_LANE = (
        "El encabezado Lane debe ser interactive o bulk",
        "The Lane header must be interactive or bulk",
    )
    BAD_IDEMPOTENCY_KEY = (
        "El encabezado Idempotency-Key debe tener de 1 a 255 caracteres",
        "The Idempotency-Key header must have 1 to 255 characters",
    )
    BAD_WAIT = (
        "{field} debe ser un número de segundos de 0 a 30",
        "{field} must be a number of seconds from 0 to 30",
    )
    BAD_METADATA = (
        "{field} no es válido: como máximo 10 etiquetas nombre=valor y 1 kB; nombres con a-z, 0-9, "
        "_ y -, hasta 40 caracteres; valores de 1 a 100 caracteres",
        "{field} is not valid: at most 10 tags name=value and 1 kB; names of a-z, 0-9, _ and -, up "
        "to 40 characters; values of 1 to 100 characters",
    )
    SECRET_IN_METADATA = (
        "{field} parece contener un token o una clave; en los metadatos no se admiten",
        "{field} looks like a token or a key; metadata must not contain any",
    )
    CARD_NUMBER = (
        "{field} parece contener un número de tarjeta o un CVC; envíe un token, nunca la tarjeta",
        "{field} looks like a card number or a CVC; send a token, never the card",
    )
    KEY_REUSED = (
        "Esta Idempotency-Key ya se usó con otro cuerpo u otros metadatos",
        "This Idempotency-Key was already used with another body, or other metadata",
    )
    UNAUTHORIZED = (
        "Falta un token de acceso válido",
        "A valid bearer token is required",
    )
    SCOPE_MISSING = (
        "El token no permite esto; hace falta el permiso (scope): {scopes}",
        "The token does not allow this; it needs the scope: {scopes}",
    )
    TOO_MANY_REQUESTS = (
        "Demasiadas peticiones con este token; no se hizo nada, inténtelo de nuevo en {seconds} s",
        "Too many requests with this token; nothing was done, try again in {seconds} s",
    )
    TOO_MANY_WRONG_TOKENS = (
        "Demasiados tokens no válidos desde esta dirección; inténtelo de nuevo en {seconds} s",
        "Too many invalid tokens from this address; try again in {seconds} s",
    )
    UNAVAILABLE = (
        "Servicio no disponible; no se aceptó nada, inténtelo de nuevo",
        "Service unavailable; nothing was accepted, try again",
    )
    READ_UNANSWERED = (
        "Ningún worker respondió a tiempo; inténtelo de nuevo",
        "No worker answered in time; try again",
    )
    TASK_NOT_FOUND = ("No existe ninguna tarea con ese id", "There is no task with that id")
    NOT_FOUND = ("No existe esa ruta", "There is no such path")
    METHOD_NOT_ALLOWED = ("Método no permitido aquí", "Method not allowed here")
    INTERNAL = ("Error interno", "Internal error")
    ACCEPTED = ("Comando aceptado, en curso", "Command accepted, in progress")
    REPEATED_FIELD = ("{field} aparece más de una vez", "{field} is given more than once")
    RESULT_GONE = (
        "El comando terminó, pero su resultado se borró del almacén de resultados",
        "The command ended, but its result was deleted from the results backend",
    )
    RECORD_DAMAGED = (
        "El registro del comando está dañado; no se sabe cómo terminó",
        "The command's record is damaged; its outcome is not known",
    )
    JOURNAL_DAMAGED = (
        "Los datos del comando en Redis están dañados; avise al equipo de operaciones",
        "The command's data in Redis is damaged; tell the operator",
    )
    ALIVE = ("El proceso está en marcha", "The process is alive")
    READY = ("Listo", "Ready")
    READY_OTHER_DATA = (
        "Listo, pero Redis ya no tiene los datos anteriores: se perdió lo aceptado antes "
        "(CARDS_ACCEPT_OTHER_DATA)",
        "Ready, but Redis no longer has its earlier data: what was accepted before is lost "
        "(CARDS_ACCEPT_OTHER_DATA)",
    )
    NOT_READY = ("No está listo: {missing}", "Not ready: {missing}")
    STOPPING = ("el proceso se está deteniendo", "the process is stopping")
    REDIS_SILENT = ("Redis no responde", "Redis does not answer")
    REDIS_TIMEOUT = ("Redis no responde a tiempo", "Redis does not answer in time")
    REDIS_REPLICA = (
        "Redis es una réplica de solo lectura; se espera al primario",
        "Redis is a read-only replica; waiting for the primary",
    )
    REDIS_LOADING = ("Redis está cargando sus datos", "Redis is loading its data")
    REDIS_BUSY = ("Redis está ocupado", "Redis is busy")
    REDIS_CONNECTIONS = (
        "Redis no admite más conexiones",
        "Redis accepts no more connections",
    )
    REDIS_UNREPLICATED = (
        "Redis no tiene suficientes réplicas al día para confirmar escrituras",
        "Redis has too few replicas up to date to confirm writes",
    )
    REDIS_DISK = (
        "Redis no puede escribir en su disco",
        "Redis cannot write to its disk",
    )
    REDIS_FULL = (
        "Redis está lleno (maxmemory); no acepta escrituras",
        "Redis is full (maxmemory); it accepts no writes",
    )
    REDIS_AUTH = (
        "Redis rechaza el usuario o la contraseña de REDIS_URL",
        "Redis refuses the user or password in REDIS_URL",
    )
    REDIS_RIGHTS = (
        "El usuario de Redis no tiene permiso para un comando de Redis que se necesita",
        "The Redis user may not run a Redis command that is needed",
    )
    REDIS_CERTIFICATE = (
        "El certificado de Redis no se puede verificar: revise CARDS_REDIS_CA",
        "The certificate of Redis cannot be verified: check CARDS_REDIS_CA",
    )
    REDIS_OTHER_DATA = (
        "Redis ya no tiene los datos anteriores: se vació o es otra base de datos; no se acepta "
        "nada",
        "Redis no longer has its earlier data: it was emptied, or is another database; "
        "nothing is accepted",
    )
    REDIS_FAULT = (
        "Redis no pudo ejecutar el comando sobre estos datos",
        "Redis could not run the command on this data",
    )
    NO_WORKER_SEEN = (
        "No se ha visto ningún worker en los últimos {seconds} s",
        "No worker seen in the last {seconds} s",
    )
    LANES_STUCK = (
        "Ningún worker toma los comandos de {lanes} desde hace {seconds} s",
        "No worker has taken commands of {lanes} for {seconds} s",
    )
    KEY_REFUSED = (
        "Stripe rechaza la clave ({code}); los comandos esperan desde {since}",
        "Stripe refuses the key ({code}); commands have been waiting since {since}",
    )
    OVERVIEW = ("Lo que ocurre ahora", "What is happening now")
    CUSTOMER_EXPLAINED = ("Qué tarjeta se cobra y por qué", "Which card is charged, and why")
    FAILED_LISTED = ("Comandos fallidos", "Failed commands")
    FAILED_COUNTED = (
        "No se reprocesó ninguno; este sería el resultado",
        "None was replayed; this would be the result",
    )
    FAILED_REPLAYED = ("Comandos enviados a reprocesar", "Commands replayed")
    FILTER_REQUIRED = (
        "Un filtro vacío los reprocesaría todos: indique code, command, customer o tag.NOMBRE",
        "An empty filter would replay all of them: name code, command, customer or tag.NAME",
    )
    TASK_FOUND = ("Estado del comando", "Status of the command")
    SUPERSEDED = (
        "Un comando más reciente se aplicó antes; no se cambió nada",
        "A newer command was applied first; nothing was changed",
    )
    CANCELLED = (
        "Cancelado antes de enviarse; no se cambió nada",
        "Cancelled before it was sent; nothing was changed",
    )
    GAVE_UP = (
        "No se pudo completar; queda guardado para revisarlo",
        "It could not be completed; it is kept for a person to look at",
    )
    MIGRATIONS_LISTED = ("Migraciones listadas correctamente", "Migrations listed successfully")
    MIGRATION_FOUND = ("Estado de la migración", "Status of the migration")
    MIGRATION_PLANNED = (
        "Plan de la migración; no se envió nada",
        "Plan of the migration; nothing was sent",
    )
    MIGRATION_ENTERED = ("Migración registrada", "Migration entered")
    MIGRATION_STEERED = ("Hecho; estado de la migración", "Done; status of the migration")
    MIGRATION_NOT_FOUND = (
        "No existe ninguna migración con ese id",
        "There is no migration with that id",
    )
    MIGRATION_STATE = (
        "La migración está en estado {state}: la acción no es posible",
        "The migration is {state}: that is not possible",
    )
    MIGRATION_FORGOTTEN = (
        "Se eliminó la migración; su informe ya no está disponible",
        "Migration forgotten; its report is gone",
    )
    MIGRATION_BUSY = (
        "La migración terminó, pero una parte sigue en marcha; inténtelo más tarde",
        "The migration has ended, but part of it is still running; try again later",
    )
    MIGRATION_JOURNAL_LOST = ("{why}", "{why}")
    FILE_REFUSED = ("El archivo no se acepta: {why}", "The file was rejected: {why}")
    CARD_COLUMN = (
        "La columna {column} parece contener números de tarjeta o CVC; no se guardó nada. "
        "Quítela del archivo",
        "Column {column} looks like card numbers or CVCs; nothing was stored. Take it out of "
        "the file",
    )
    FILE_TOO_LARGE = (
        "El archivo supera el límite de {limit} bytes",
        "The file is larger than the limit of {limit} bytes",
    )
    UPLOADS_BUSY = (
        "Se están subiendo demasiados archivos a la vez; no se guardó nada, inténtelo de nuevo",
        "Too many files are being uploaded at once; nothing was kept, try again",
    )
    FILE_ELSEWHERE = (
        "El archivo de la migración no está en esta máquina",
        "The migration's file is not on this machine",
    )
    REPORT_FAILED = (
        "No se pudo hacer el informe: {why}",
        "The report could not be made: {why}",
    )
    BAD_PARAMETER = (
        "El parámetro {field} no es válido: {wanted}",
        "The parameter {field} is not valid: {wanted}",
    )
    BLIND_LOOK = (
        "El parámetro {field} no es válido: only-if-default-is necesita leer cada cliente",
        "The parameter {field} is not valid: only-if-default-is has to read each customer",
    )
    OTHER_ORIGIN = (
        "La petición viene de otra página; no se hizo nada",
        "The request comes from another page; nothing was done",
    )
    SIGNATURE_MISSING = (
        "El comando no está firmado, y aquí la firma es obligatoria",
        "The command is not signed, and a signature is required here",
    )
    SIGNATURE_INVALID = (
        "La firma del comando no es válida",
        "The command's signature is not valid",
    )
    SIGNATURE_STALE = (
        "El comando se firmó hace demasiado tiempo; envíelo de nuevo",
        "The command was signed too long ago; send it again",
    )
    NO_CALLBACKS = (
        "{field} no se admite aquí (CARDS_CALLBACKS)",
        "{field} is not accepted here (CARDS_CALLBACKS)",
    )
    BAD_CALLBACK = (
        "{field} debe ser una URL https, sin usuario ni fragmento, de hasta 2000 caracteres",
        "{field} must be an https URL without user or fragment, of up to 2000 characters",
    )
    EVENT_NOTED = ("Evento recibido", "Event received")
    EVENT_IGNORED = ("Evento ignorado", "Event ignored")
    EVENT_UNSIGNED = (
        "Falta la cabecera Stripe-Signature",
        "The Stripe-Signature header is missing",
    )
    EVENT_FORGED = (
        "La firma del evento no es válida: revise CARDS_STRIPE_WEBHOOK_SECRETS",
        "The event's signature is not valid: check CARDS_STRIPE_WEBHOOK_SECRETS",
    )
    EVENT_STALE = (
        "El evento se firmó hace demasiado tiempo; revise los relojes",
        "The event was signed too long ago; check the clocks",
    )
    ATTACHED_ELSEWHERE = (
        "Es de otro cliente, y solo puede ser de uno: pida al cliente la tarjeta otra vez con un "
        "SetupIntent, que genera un método de pago nuevo",
        "It belongs to another customer, and can belong to one alone: collect the card again with "
        "a SetupIntent, which gives a new payment method",
    )
    NOT_REUSABLE = (
        "Se desvinculó de un cliente, o se usó sin estar vinculado a ninguno, y ya no puede "
        "usarse: pida al cliente la tarjeta otra vez con un SetupIntent, que genera un método de "
        "pago nuevo",
        "It was detached from a customer, or used while attached to none, and cannot be used any "
        "more: collect the card again with a SetupIntent, which gives a new payment method",
    )
    MAX_PAYMENT_METHODS = (
        "El cliente ya tiene el máximo de métodos de pago que permite Stripe: desvincule los que "
        "ya no usa y envíe el comando otra vez",
        "The customer has as many payment methods as Stripe allows: detach those that are not used "
        "any more, and send the command again",
    )
    ACCOUNT_AS_CUSTOMER = (
        "{field} no es válido: acct_… es un Account de Accounts v2 (customer_account), que aún no "
        "se admite; envíe el cus_… de un Customer",
        "{field} is not valid: acct_… is an Account of Accounts v2 (customer_account), which is "
        "not supported yet; send the cus_… of a Customer",
    )
    TOKEN_USED_ELSEWHERE = (
        "El token ya se había usado, y no con este comando",
        "The token was already used, and not by this command",
    )
