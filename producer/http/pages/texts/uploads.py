"""The sentences of uploading a file and of its plan, in Spanish and English."""

from __future__ import annotations

from producer.http.pages.texts.migrations import Sentence


class Up(Sentence):
    """Of the form, and of what a file came to."""

    TITLE = ("Subir un archivo", "Upload a file")
    INTRO = (
        "Se lee y se comprueba entero, y se muestra el plan. No se envía nada hasta que usted lo "
        "diga.",
        "It is read and checked whole, and its plan is shown. Nothing is sent until you say so.",
    )
    DROP = (
        "Elija un archivo o suéltelo aquí",
        "Choose a file, or drop it here",
    )
    KINDS = (
        "CSV, Excel, JSON, Parquet o lo que exporta Stripe, también con gzip o en un zip; hasta "
        "{most}.",
        "CSV, Excel, JSON, Parquet or what Stripe exports, also gzipped or in a zip; {most} at "
        "most.",
    )
    CHECK = ("Comprobar el archivo", "Check the file")
    BY = ("Quedará a nombre de {name}.", "It will be entered by {name}.")
    OPTIONS = ("Opciones", "Options")
    COMMAND = ("Qué pide cada fila", "What each row orders")
    BY_COLUMNS = ("lo que digan sus columnas", "what its columns say")
    MAP = ("Columnas, si se llaman de otro modo", "Columns, where they have other names")
    USER = ("el cliente", "the customer")
    SOURCE = ("tarjeta o token por añadir", "card or token to attach")
    DEFAULT = ("tarjeta predeterminada", "card to be the default")
    BY_NAME = ("por su nombre", "by its name")
    SHEET = ("Hoja (de Excel)", "Sheet (of Excel)")
    ONLY_IF = (
        "Solo si la predeterminada es lo que dice la columna",
        "Only if the default is what this column says",
    )
    NEWER = (
        "Dejar en paz a quien haya cambiado de tarjeta mientras tanto",
        "Leave alone who has changed the card meanwhile",
    )
    BLIND = (
        "Sin mirar antes a cada cliente: ahorra una lectura por fila; entonces no se puede "
        "deshacer ni reconocer lo que ya era así",
        "Without a look at each customer before: saves a read a row; then it cannot be undone, "
        "nor what is so already be told",
    )
    RPS = ("Filas por segundo, como mucho", "Rows a second, at most")
    STOP = (
        "Parar tras tantas filas fallidas (20) o tal parte (5%)",
        "Stop after so many failed rows (20), or such a share (5%)",
    )
    UPLOADING = ("Subiendo: {share}", "Uploading: {share}")
    CHECKING = ("Comprobando todas las filas…", "Checking all rows…")
    CUT = (
        "La subida se cortó. Pruebe otra vez.",
        "The upload was cut off. Try again.",
    )
    REFUSED = ("El archivo no se acepta", "The file is not taken")
    NOTHING_KEPT = ("No se guardó ni se envió nada.", "Nothing was kept, and nothing sent.")
    WHICH_COLUMNS = (
        "Diga abajo qué columna es cada cosa y compruébelo otra vez (si ya no se ve, elíjalo de "
        "nuevo).",
        "Say below which column is what, and check it again (choose it anew if it is not shown).",
    )
    CHOOSE = ("Elija primero un archivo.", "Choose a file first.")
    BROKEN = (
        "El formulario llegó incompleto. Pruebe otra vez.",
        "The form did not arrive whole. Try again.",
    )
    FAILED = (
        "No se pudo comprobar: se cortó a la mitad. Pruebe otra vez.",
        "It could not be checked: that was cut off. Try again.",
    )
    CARD_DATA = ("Quite los números de tarjeta.", "Take the card numbers out.")
    # What a file came to.
    PLAN = ("El plan", "The plan")
    PLAN_BEFORE = ("El plan, antes de enviar nada", "The plan, before anything was sent")
    TAKEN_AS = ("Qué se entendió", "What was taken as what")
    FILE = ("Archivo", "File")
    COLUMNS = ("Columnas", "Columns")
    READ_AS = ("Leído como", "Read as")
    COLUMN_IS = ("«{column}» es {means}", "“{column}” is {means}")
    OBJECTS = (
        "los registros se tomaron como objetos de Stripe: tarjetas y métodos de pago con su "
        "cliente, clientes con su predeterminada",
        "the records were taken as Stripe's objects: cards and payment methods with their "
        "customers, customers with their defaults",
    )
    CHECKS = (
        "resultados de comprobaciones del CVC, que no se usan",
        "outcomes of CVC checks, which are not used",
    )
    TRIMMED = ("Espacios quitados", "Spaces taken off")
    TRIMMED_MEANS = (
        "valores tenían espacios o caracteres que no se ven alrededor",
        "values had spaces or unseen characters around them",
    )
    SETS = ("Se cambia", "What is set")
    DONE_WITH_IT = ("qué se hace con la tarjeta", "what is done with the card")
    ROWS = ("Filas", "Rows")
    TO_SEND = ("Por enviar", "To be sent")
    TO_REPAIR = ("Por reparar", "To be repaired")
    TO_REPAIR_MEANS = (
        "clientes: quien no tiene predeterminada, y exactamente una tarjeta que Stripe cobraría, "
        "la recibe; los demás constan en el informe y se quedan como están",
        "customers: who has no default, and exactly one card that Stripe would charge, gets it; "
        "the others are in the report, and left as they are",
    )
    INVALID = ("No válidas", "Invalid")
    AMBIGUOUS = ("Ambiguas", "Ambiguous")
    SKIPPED = ("Omitidas", "Skipped")
    UNDECIDED = ("Por decidir", "Undecided")
    UNDECIDED_MEANS = (
        "clientes: no consta qué tarjeta debe ser; no se envía nada de ellos",
        "customers: which card is meant is not said; nothing of them is sent",
    )
    REPEATED = ("Repetidas", "Repeated")
    REPEATED_MEANS = (
        "dicen lo mismo que la fila anterior del cliente; no se envían",
        "say what the customer's row before says; not sent",
    )
    CONTRADICTED = ("Contradicciones", "Contradictions")
    CONTRADICTED_MEANS = (
        "de los clientes: sus filas se contradicen, y vale la última",
        "of the customers: their rows set different defaults, and the last one stands",
    )
    CUSTOMERS = ("Clientes", "Customers")
    COST = ("Qué cuesta", "What it costs")
    REQUESTS = ("Peticiones a Stripe", "Requests to Stripe")
    TAKES = ("Tarda al menos", "Takes at least")
    TAKES_BOTH = (
        "{live} en modo real, {test} en modo de prueba, con los límites de Stripe",
        "{live} in live mode, {test} in test mode, at Stripe's limits",
    )
    READS = ("Lecturas", "Reads")
    READS_NEED = (
        "usan lo que Stripe permite con {count} pagos en 30 días",
        "use what Stripe allows with {count} payments in 30 days",
    )
    KEPT = ("En Redis", "In Redis")
    KEPT_MEANS = (
        "unos {size} MB, para que el informe esté completo en cualquier máquina",
        "about {size} MB, so that the report is complete on any machine",
    )
    FIRST_INVALID = ("Filas no válidas", "Invalid rows")
    INVALID_LEFT_OUT = (
        "No se envían. {errors} las tiene todas, para corregirlas y subirlas aparte.",
        "They are not sent. {errors} has all of them, to be corrected and uploaded by themselves.",
    )
    NONE_INVALID = ("Todas las filas se pueden enviar.", "Every row can be sent.")
    AND_MORE = ("y {count} más", "and {count} more")
    # What is done with it.
    PILOT_ROWS = ("Filas de la prueba", "Rows of the pilot")
    PILOT = ("Hacer una prueba", "Run a pilot")
    PILOT_HINT = (
        "Envía esas filas y se detiene, para mirar en Stripe.",
        "Sends those rows and stops, to look at Stripe.",
    )
    ALL = ("Enviar todas", "Run all")
    DISCARD = ("Descartar…", "Discard…")
    DISCARD_MEANS = (
        "No se envió nada. Se borran el archivo y su plan; se puede subir otra vez.",
        "Nothing was sent. The file and its plan are removed; it can be uploaded again.",
    )
    DISCARD_SURE = ("Sí, descartar", "Yes, discard")
    BAD_PILOT = (
        "La prueba debe ser de 1 a 999999999 filas.",
        "The pilot must be of 1 to 999999999 rows.",
    )
    ELSEWHERE = (
        "El archivo no está en esta máquina",
        "The file is not on this machine",
    )
    ELSEWHERE_DO = (
        "El informe se hace con el archivo. Suba aquí el mismo archivo con las mismas opciones: se "
        "reconoce, no se envía nada otra vez, y el informe sale completo.",
        "The report is made with the file. Upload the same file here with the same options: it is "
        "recognised, nothing is sent again, and the report comes out complete.",
    )
    DOWNLOAD_UNDO = (
        "Archivo para deshacer (undo.csv)",
        "File that undoes it (undo.csv)",
    )
