"""The texts of uploading a file and of its plan, in Spanish and English."""

from __future__ import annotations

from producer.contract.bilingual import Bilingual


class Upload(Bilingual):
    """What the form and the page of a file's plan say."""

    TITLE = ("Subir un archivo", "Upload a file")
    INTRO = (
        "El archivo se lee y se comprueba completo, y se muestra el plan. No se envía nada hasta "
        "que usted lo indique.",
        "The file is read and checked as a whole, and its plan is shown. Nothing is sent until you "
        "say so.",
    )
    DROP = (
        "Elija un archivo o arrástrelo aquí",
        "Choose a file, or drop it here",
    )
    KINDS = (
        "CSV, Excel, JSON, Parquet o lo que exporta Stripe, también comprimido con gzip o en un "
        "zip; hasta {most}.",
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
        "Solo si la predeterminada es la que indica esta columna",
        "Only if the default is what this column says",
    )
    NEWER = (
        "Omitir a los clientes que hayan cambiado de tarjeta mientras tanto",
        "Skip customers who have changed their card in the meantime",
    )
    BLIND = (
        "Sin leer antes cada cliente: ahorra una lectura por fila, pero no se puede deshacer ni se "
        "reconoce lo que ya estaba así",
        "Without reading each customer first: saves a read a row, but it cannot be undone, and "
        "what is so already is not recognised",
    )
    RPS = ("Máximo de filas por segundo", "Rows a second, at most")
    STOP = (
        "Detener tras un número de filas fallidas (20) o un porcentaje (5%)",
        "Stop after a number of failed rows (20) or a share (5%)",
    )
    UPLOADING = ("Subiendo: {share}", "Uploading: {share}")
    CHECKING = ("Comprobando todas las filas…", "Checking all rows…")
    CUT = (
        "La subida se interrumpió. Inténtelo de nuevo.",
        "The upload was cut off. Try again.",
    )
    REFUSED = ("El archivo no se acepta", "The file was rejected")
    NOTHING_KEPT = ("No se guardó ni se envió nada.", "Nothing was kept, and nothing sent.")
    WHICH_COLUMNS = (
        "Indique abajo qué columna es cada cosa y compruebe el archivo otra vez (si ya no aparece, "
        "elíjalo de nuevo).",
        "Say below which column is what, and check the file again (choose it again if it is not "
        "shown).",
    )
    CHOOSE = ("Elija primero un archivo.", "Choose a file first.")
    BROKEN = (
        "El formulario llegó incompleto. Inténtelo de nuevo.",
        "The form arrived incomplete. Try again.",
    )
    FAILED = (
        "No se pudo comprobar: se interrumpió a la mitad. Inténtelo de nuevo.",
        "It could not be checked: the check was cut off. Try again.",
    )
    CARD_DATA = ("Quite los números de tarjeta.", "Take the card numbers out.")
    # What a file came to.
    PLAN = ("El plan", "The plan")
    PLAN_BEFORE = ("El plan, antes de enviar nada", "The plan, before anything was sent")
    TAKEN_AS = ("Cómo se interpretó", "How it was understood")
    FILE = ("Archivo", "File")
    COLUMNS = ("Columnas", "Columns")
    READ_AS = ("Leído como", "Read as")
    COLUMN_IS = ("«{column}» es {means}", "“{column}” is {means}")
    OBJECTS = (
        "los registros se interpretaron como objetos de Stripe: tarjetas y métodos de pago con su "
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
        "valores tenían espacios o caracteres invisibles alrededor",
        "values had spaces or invisible characters around them",
    )
    SETS = ("Qué se cambia", "What is set")
    DONE_WITH_IT = ("qué se hace con la tarjeta", "what is done with the card")
    ROWS = ("Filas", "Rows")
    TO_SEND = ("Por enviar", "To be sent")
    TO_REPAIR = ("Por reparar", "To be repaired")
    TO_REPAIR_MEANS = (
        "clientes: quien no tiene predeterminada, y sí exactamente una tarjeta que Stripe "
        "cobraría, la recibe como tal; los demás constan en el informe y quedan como están",
        "customers: one without a default and with exactly one card that Stripe would charge gets "
        "that card; the others are in the report, and left as they are",
    )
    INVALID = ("No válidas", "Invalid")
    AMBIGUOUS = ("Ambiguas", "Ambiguous")
    SKIPPED = ("Omitidas", "Skipped")
    UNDECIDED = ("Por decidir", "Undecided")
    UNDECIDED_MEANS = (
        "clientes: no consta qué tarjeta debe ser; de ellos no se envía nada",
        "customers: which card is meant is not said; nothing of them is sent",
    )
    REPEATED = ("Repetidas", "Repeated")
    REPEATED_MEANS = (
        "dicen lo mismo que la fila anterior del cliente; no se envían",
        "say what the customer's row before says; not sent",
    )
    CONTRADICTED = ("Contradicciones", "Contradictions")
    CONTRADICTED_MEANS = (
        "clientes: sus filas se contradicen, y prevalece la última",
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
        "requieren lo que Stripe permite con {count} pagos en 30 días",
        "need what Stripe allows with {count} payments in 30 days",
    )
    KEPT = ("En Redis", "In Redis")
    KEPT_MEANS = (
        "unos {size} MB, para que el informe esté completo en cualquier máquina",
        "about {size} MB, so that the report is complete on any machine",
    )
    FIRST_INVALID = ("Filas no válidas", "Invalid rows")
    INVALID_LEFT_OUT = (
        "No se envían. {errors} las contiene todas, para corregirlas y subirlas por separado.",
        "They are not sent. {errors} has all of them, to be corrected and uploaded separately.",
    )
    NONE_INVALID = ("Todas las filas se pueden enviar.", "Every row can be sent.")
    AND_MORE = ("y {count} más", "and {count} more")
    # What is done with it.
    PILOT_ROWS = ("Filas de la prueba piloto", "Rows of the pilot")
    PILOT = ("Hacer una prueba piloto", "Run a pilot")
    PILOT_HINT = (
        "Envía esas filas y se detiene, para revisar el resultado en Stripe.",
        "Sends those rows and stops, so that you can check the result at Stripe.",
    )
    ALL = ("Enviar todas", "Run all")
    DISCARD = ("Descartar…", "Discard…")
    DISCARD_MEANS = (
        "No se envió nada. Se borran el archivo y su plan; se puede subir otra vez.",
        "Nothing was sent. The file and its plan are removed; it can be uploaded again.",
    )
    DISCARD_SURE = ("Sí, descartar", "Yes, discard")
    BAD_PILOT = (
        "La prueba piloto debe ser de 1 a 999999999 filas.",
        "The pilot must be of 1 to 999999999 rows.",
    )
    ELSEWHERE = (
        "El archivo no está en esta máquina",
        "The file is not on this machine",
    )
    ELSEWHERE_DO = (
        "El informe se genera a partir del archivo. Suba aquí el mismo archivo con las mismas "
        "opciones: se reconoce, no se envía nada otra vez, y el informe sale completo.",
        "The report is made from the file. Upload the same file here with the same options: it is "
        "recognised, nothing is sent again, and the report comes out complete.",
    )
    DOWNLOAD_UNDO = (
        "Archivo para deshacer (undo.csv)",
        "File to undo it (undo.csv)",
    )
