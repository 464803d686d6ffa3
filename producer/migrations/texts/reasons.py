"""Why a file is rejected or a report cannot be made, in Spanish and English."""

from __future__ import annotations

from producer.contract.texts import Bilingual


class Reason(Bilingual):
    """What errors about a migration as a whole say."""

    # What the bytes are.
    EMPTY = ("el archivo está vacío", "the file is empty")
    ANOTHER_KIND = (
        "es {what}: guárdelo como CSV o como libro de Excel (.xlsx)",
        "it is {what}: save it as CSV, or as an Excel workbook (.xlsx)",
    )
    KIND_PDF = ("un PDF", "a PDF")
    KIND_WORD = ("un documento de texto (Word)", "a text document (Word)")
    KIND_POWERPOINT = ("una presentación (PowerPoint)", "a presentation (PowerPoint)")
    KIND_OLD_EXCEL = (
        "un archivo de Excel en el formato antiguo (.xls)",
        "an Excel file in the old format (.xls)",
    )
    KIND_XLSB = ("un libro binario de Excel (.xlsb)", "a binary Excel workbook (.xlsb)")
    KIND_EXCEL_XML = ("una hoja de cálculo XML de 2003", "an XML spreadsheet of 2003")
    KIND_OPEN_DOCUMENT = (
        "un documento de LibreOffice (OpenDocument)",
        "a LibreOffice document (OpenDocument)",
    )
    KIND_NUMBERS = ("una hoja de Numbers, de Apple", "a spreadsheet of Apple's Numbers")
    KIND_HTML = (
        "una página HTML, aunque su nombre diga otra cosa",
        "an HTML page, whatever it is called",
    )
    KIND_XML = ("un archivo XML", "an XML file")
    KIND_PICTURE = ("una imagen", "a picture")
    KIND_DATABASE = ("una base de datos SQLite", "an SQLite database")
    KIND_ARCHIVE = (
        "un archivo comprimido que no es gzip ni zip",
        "a compressed file that is neither gzip nor zip",
    )
    KIND_ARROW = ("un archivo Arrow o Feather", "an Arrow or Feather file")
    KIND_AVRO = ("un archivo Avro", "an Avro file")
    PASSWORD = (
        "está protegido con contraseña: guárdelo sin ella",
        "it is protected by a password: save it without one",
    )
    ZIP_EMPTY = ("el archivo zip no contiene ningún archivo", "the zip archive has no file in it")
    ZIP_OF_SEVERAL = (
        "el archivo zip contiene {count} archivos ({names}): deje uno solo",
        "the zip archive has {count} files in it ({names}): leave only one",
    )
    ZIP_OF_TOO_MANY = (
        "el archivo zip contiene miles de archivos: deje uno solo",
        "the zip archive has thousands of files in it: leave only one",
    )
    ZIP_IN_ZIP = (
        "hay un archivo zip dentro de otro archivo comprimido: descomprímalo una vez",
        "there is a zip archive within another packed file: unpack it once",
    )
    ZIP_ENCRYPTED = (
        "el archivo zip tiene contraseña: descomprímalo antes",
        "the zip archive needs a password: unpack it first",
    )
    ZIP_METHOD = (
        "el archivo zip usa una compresión poco común: descomprímalo antes",
        "the zip archive is compressed in an uncommon way: unpack it first",
    )
    ZIP_DAMAGED = (
        "el archivo zip está incompleto o dañado: cópielo de nuevo",
        "the zip archive is incomplete or damaged: copy it again",
    )
    XLSX_BROKEN = (
        "el libro de Excel está dañado: ábralo en Excel y guárdelo de nuevo",
        "the Excel workbook is damaged: open it in Excel and save it again",
    )
    NO_SHEET = ("el libro de Excel no tiene ninguna hoja", "the Excel workbook has no worksheet")
    NO_SUCH_SHEET = (
        "no hay ninguna hoja «{sheet}»; el libro tiene {names}",
        "there is no sheet {sheet!r}; the workbook has {names}",
    )
    NO_SHEETS = (
        "se pidió la hoja «{sheet}», pero el archivo no es un libro de Excel",
        "sheet {sheet!r} was asked for, but the file is not an Excel workbook",
    )
    SHEET_EMPTY = ("la hoja está vacía", "the sheet is empty")
    JSON_OF_OTHERS = (
        "es una lista JSON, pero no de objetos: escriba un objeto por fila",
        "a JSON array, but not of objects: write an object for each row",
    )
    JSON_ELEMENT_TOO_LARGE = (
        "cerca de la línea {line} hay un objeto JSON de más de {limit} caracteres o sin terminar",
        "near line {line} a JSON object has more than {limit} characters, or does not end",
    )
    GZIP_DAMAGED = ("el archivo gzip está dañado", "the gzip file is damaged")
    GZIP_TORN = (
        "el archivo gzip está incompleto o dañado: cópielo de nuevo",
        "the gzip file is incomplete or damaged: copy it again",
    )
    GZIP_TWICE = (
        "está comprimido dos veces: descomprímalo una vez",
        "it is compressed twice: decompress it once",
    )
    UNPACKED_TOO_LARGE = (
        "descomprimido, supera el límite de {limit} bytes",
        "unpacked it is larger than the limit of {limit} bytes",
    )
    PACKED_TOO_TIGHTLY = (
        "descomprimido, ocupa más de {ratio} veces su tamaño: súbalo sin comprimir",
        "unpacked it is more than {ratio} times as large: upload it unpacked",
    )
    COPY_TOO_LARGE = (
        "tiene tantas filas cortas o ilegibles que su copia supera {limit} bytes",
        "it has so many short or unreadable rows that its copy is larger than {limit} bytes",
    )
    NEEDS_MEMORY = (
        "leerlo requiere demasiada memoria: guárdelo con valores o grupos de filas más pequeños",
        "reading it takes too much memory: save it with smaller values or row groups",
    )
    JSON_BROKEN = (
        "el JSON no es válido o termina antes de tiempo cerca de la línea {line}",
        "the JSON is broken or ends too early near line {line}",
    )
    PARQUET_BROKEN = ("el archivo Parquet está dañado", "the Parquet file is damaged")
    EXTRA_MISSING = (
        "para {what} hace falta el extra {extra!r}: pip install 'card-commands[{extra}]'",
        "{what} needs the extra {extra!r}: pip install 'card-commands[{extra}]'",
    )
    READING_PARQUET = ("leer un archivo Parquet", "reading a Parquet file")
    # Where it lies.
    UNREADABLE = ("no se puede leer: {why}", "cannot read it: {why}")
    NO_SUCH_FILE = ("no existe ese archivo o carpeta", "No such file or directory")
    NO_PERMISSION = ("permiso denegado", "Permission denied")
    A_FOLDER = ("es una carpeta", "Is a directory")
    ANOTHER_FILE = (
        "no es el archivo con el que se hizo {migration}",
        "it is not the file that {migration} was made from",
    )
    COPY_BROKEN = (
        "la copia está dañada: proporcione el archivo de nuevo",
        "the copy is damaged: provide the file again",
    )
    COPY_LACKS_COLUMN = (
        "la copia solo tiene las columnas que se usaron antes: proporcione el archivo de nuevo",
        "the copy has only the columns that were used before: provide the file again",
    )
    # Its columns.
    NO_HEADER = (
        "la primera línea nombra una sola columna: hace falta una línea de encabezado",
        "the first line names only one column: a header line is needed",
    )
    HEADER_UNREADABLE = (
        "no se puede leer el encabezado: hay comillas sin cerrar",
        "the header cannot be read: a quote is not closed",
    )
    HEADER_TOO_LONG = (
        "el encabezado tiene más de {limit} caracteres",
        "the header has more than {limit} characters",
    )
    NAMED_LIKE_CARD_DATA = (
        "la columna «{column}» tiene nombre de número de tarjeta o de CVC: quítela, aunque no se "
        "use; no se guardó nada",
        "column {column!r} is named like a card number or CVC: take it out, even unused; nothing "
        "was stored",
    )
    HOLDS_CARD_NUMBERS = (
        "la mayoría de los valores de la columna «{column}» parecen números de tarjeta: quite la "
        "columna; no se guardó nada",
        "most values of column {column!r} look like card numbers: take the column out; nothing "
        "was stored",
    )
    HOLDS_CVCS = (
        "la mayoría de los valores de la columna «{column}» parecen CVC: quite la columna; no se "
        "guardó nada",
        "most values of column {column!r} look like CVCs: take the column out; nothing was stored",
    )
    HOLDS_CVC_WITHIN = (
        "dentro de la columna «{column}» hay un valor con nombre de CVC: quítelo; no se guardó "
        "nada",
        "within column {column!r} there is a value named like a CVC: take it out; nothing was "
        "stored",
    )
    TOO_MANY_COLUMNS = (
        "el archivo tiene más de {limit} columnas",
        "the file has more than {limit} columns",
    )
    UNKNOWN_FIELD = (
        "no existe el campo «{field}»; los campos son {names}",
        "there is no field {field!r}; the fields are {names}",
    )
    FIELD_WITHOUT_COLUMN = (
        "ninguna columna corresponde a {field}; el archivo tiene {columns}: indique una con --map "
        "{example}=COLUMNA",
        "no column is {field}; the file has {columns}: name one with --map {example}=COLUMN",
    )
    COLUMN_BY_VALUES = (
        "ninguna columna se llama como {field}; el archivo tiene {columns}: por sus valores, sería "
        "{maps}",
        "no column is named like {field}; the file has {columns}: by their values it would be "
        "{maps}",
    )
    COLUMNS_TIE = (
        "{names}: cada una podría ser {field}; indique cuál con {maps}",
        "{names}: each of them could be {field}; say which with {maps}",
    )
    OTHER_OBJECTS = (
        "los registros son objetos distintos de {names}: indique con --map qué columnas son el "
        "cliente y la tarjeta",
        "the records are objects of another kind than {names}: say with --map which columns are "
        "the customer and the card",
    )
    SOURCE_OR_DEFAULT = ("source ni default_source", "source or default_source")
    NO_SUCH_COLUMN = (
        "no hay ninguna columna «{column}»; el archivo tiene {columns}",
        "there is no column {column!r}; the file has {columns}",
    )
    COLUMN_REPEATED = (
        "{count} columnas se llaman «{column}»",
        "{count} columns are named {column!r}",
    )
    COLUMN_OF_TWO_FIELDS = (
        "la misma columna está asignada a dos campos",
        "one column is mapped to two fields",
    )
    COLUMN_NAME = (
        "el nombre de la columna «{column}» contiene caracteres que no se pueden mostrar, o no "
        "está en UTF-8",
        "the name of column {column!r} has characters that cannot be printed, or is not UTF-8",
    )
    # What it is joined with.
    NOT_A_COPY = (
        "el archivo «{name}» no dice de qué cuenta se copió cada tarjeta: --old-defaults, y varios "
        "archivos a la vez, solo sirven para copias entre cuentas (customer_id_old, source_id_old, "
        "customer_id_new, source_id_new)",
        "file {name!r} does not say what each card was copied from: --old-defaults, and several "
        "files at once, are for copies between accounts (customer_id_old, source_id_old, "
        "customer_id_new, source_id_new)",
    )
    NO_OLD_DEFAULTS = (
        "en «{name}» falta la columna del cliente anterior o la de su tarjeta predeterminada; "
        "tiene {columns}: llámelas customer y default_source",
        "{name!r} lacks the column of the old customer or that of its default card; it has "
        "{columns}: name them customer and default_source",
    )
    # Where its rows were sent.
    JOURNAL_LOST = (
        "Redis ya no tiene el diario con el que se enviaban las filas de {migration}: era {known} "
        "y ahora hay {found}; se vació o es otra base de datos. Según los resultados de esta "
        "máquina, {recorded} filas habían terminado ({applied} aplicadas); de otras {doubtful} ya "
        "enviadas no se sabe cómo terminaron. Restaure los datos de Redis, o corrija REDIS_URL, y "
        "ejecútela otra vez: continúa donde quedó. Solo si los datos se han perdido para siempre, "
        "ejecútela con --continue-in-new-journal (por HTTP, suba el archivo otra vez con "
        "continue-in-new-journal=true): no repite las filas terminadas, y vuelve a enviar las "
        "{doubtful} dudosas con sus mismas claves; docs/migrations.md explica qué pasa con ellas",
        "Redis no longer has the journal through which the rows of {migration} were sent: it was "
        "{known}, and now there is {found}; it was emptied, or is another database. By the results "
        "on this machine {recorded} rows had ended ({applied} applied); the outcome of {doubtful} "
        "more that were sent is not known. Restore Redis' data, or correct REDIS_URL, and run it "
        "again: it continues where it stopped. Only if the data is gone for good, run it with "
        "--continue-in-new-journal (over HTTP, upload the file again with "
        "continue-in-new-journal=true): rows that have ended are not sent again, and the "
        "{doubtful} in doubt are, under their same keys; docs/migrations.md says what that does",
    )
    NO_JOURNAL = ("ninguno", "none")
    # Its report.
    SUMS_DIFFER = (
        "son {rows} filas, pero constan {counted} ({told})",
        "{rows} rows, but {counted} are accounted for ({told})",
    )
    NONE = ("ninguna", "none")
    IN_THE_LEDGER = ("en el registro", "in the ledger")
    IN_THE_REPORT = ("en el informe", "in the report")
    ROWS_OF_THE_INPUT = ("filas del archivo", "rows of the input")
    ROWS_AT_LEAST = ("filas del archivo, al menos", "rows of the input, at least")
