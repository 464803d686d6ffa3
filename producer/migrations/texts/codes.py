"""What each code of a row means for a person, and what to do about it: for plan, report and page.

The table of docs/migrations.md says the same; a test compares them. Stripe's codes: docs,
error-codes.
"""

from __future__ import annotations

from producer.contract.texts import Bilingual, Language

_FIX_AND_RUN = "correct it in the file (or in errors.csv) and run that"
_ASK_THE_CUSTOMER = "ask the customer for another card; running it again changes nothing"
_AGAIN = "run errors.csv again"
_CHOOSE = "choose in the file that --undecided writes, and run that"
_CORRIGE = "corrija la fila en el archivo (o en errors.csv) y ejecútelo de nuevo"
_OTRA_TARJETA = "pida otra tarjeta al cliente; repetir la fila no cambia nada"
_OTRA_VEZ = "vuelva a ejecutar errors.csv"
_AVISE = "es un error de este programa: avise a quienes lo mantienen, con el id del comando"
_ELIJA = "elija la tarjeta en el archivo que genera --undecided y ejecútelo"


class Todo(Bilingual):
    """What a person does next, by the code."""

    # The row itself.
    parameter_missing = (f"complete la columna: {_CORRIGE}", f"fill the column: {_FIX_AND_RUN}")
    parameter_invalid = (
        f"revise los ids de la columna: {_CORRIGE}",
        f"check the column's ids: {_FIX_AND_RUN}",
    )
    spreadsheet_damage = (
        "una hoja de cálculo cambió el id: use el archivo como se exportó, no "
        "el que se guardó en ella, o importe la columna como texto",
        "a spreadsheet has changed the id: take the file as it was exported, not "
        "as it was saved there, or have the column imported as text",
    )
    id_case = (
        "los ids distinguen mayúsculas y minúsculas: exporte el archivo de nuevo y no las cambie",
        "capitals and small letters matter in ids: export the file again, and do not change "
        "their case",
    )
    hidden_character = (
        f"escriba el id de nuevo, sin caracteres invisibles: {_CORRIGE}",
        f"write the id anew, without what cannot be seen in it: {_FIX_AND_RUN}",
    )
    card_number_refused = (
        "quite el número de todos los archivos y copias; envíe un token",
        "take the number out of every file and copy; send a token instead",
    )
    not_utf8 = (
        "guarde el archivo en UTF-8 y planifíquelo de nuevo",
        "save the file in UTF-8 and plan it again",
    )
    nul_byte = (
        f"el archivo pudo dañarse al escribirse: {_CORRIGE}",
        f"the file may be damaged where it was written: {_FIX_AND_RUN}",
    )
    field_too_long = (
        f"un id tiene como máximo 255 caracteres: {_CORRIGE}",
        f"an id has at most 255 characters: {_FIX_AND_RUN}",
    )
    line_too_long = (
        "compruebe si ahí falta un salto de línea; escriba la fila de nuevo",
        "look whether a line end is missing there; write the row anew",
    )
    line_unreadable = (
        "guarde el archivo con saltos de línea LF o CRLF",
        "save the file with LF or CRLF as line ends",
    )
    quote_not_closed = (
        "cierre las comillas, o duplique las que van dentro del valor",
        "close the quote, or double quotes inside quotes",
    )
    too_few_fields = (
        "compruebe si la línea se cortó o falta un separador",
        "look whether the line was cut, or a delimiter is missing",
    )
    too_many_fields = (
        "ponga entre comillas los valores que contienen el separador",
        "put values that hold the delimiter in quotes",
    )
    torn_line = (
        "copie el archivo de nuevo; si está completo, añada un salto de línea al final",
        "copy the file again; if it is whole, end its last line with a line end",
    )
    not_json = ("escriba un objeto JSON por línea", "write one JSON object a line")
    formula_not_calculated = (
        "abra el libro en Excel, recalcúlelo y guárdelo",
        "open the workbook in Excel, have it calculated, and save it",
    )
    unknown_command = (
        f"escriba AssignCard o SetDefaultCard: {_CORRIGE}",
        f"write AssignCard or SetDefaultCard: {_FIX_AND_RUN}",
    )
    both_filled = (
        f"deje vacía una de las dos, o use dos filas: {_CORRIGE}",
        f"leave one of the two empty, or use two rows: {_FIX_AND_RUN}",
    )
    unknown_object = (
        "quite lo que no sea tarjeta, método de pago, fuente ni cliente, o diga las "
        "columnas con --map",
        "leave out what is no card, payment method, source or customer, or name the "
        "columns with --map",
    )
    no_card = (
        "no hay tarjeta que establecer como predeterminada; impórtela antes",
        "nothing to make the default; import the card first",
    )
    # It is not said which card is meant.
    ambiguous_cards = (
        f"{_ELIJA}; en una copia, --old-defaults ARCHIVO dice cuál era la predeterminada",
        f"{_CHOOSE}; of a copy, --old-defaults FILE says which was the default",
    )
    contradictory_defaults = (
        f"revise la cuenta anterior; después {_ELIJA}",
        f"look at the old account; then {_CHOOSE}",
    )
    default_not_copied = (
        f"haga que se copie también la predeterminada anterior, o {_ELIJA}",
        f"have the old default copied too; or {_CHOOSE}",
    )
    contradictory_copies = (
        f"compruebe cuál de las copias se usa; después {_ELIJA}",
        f"look which copy is in use; then {_CHOOSE}",
    )
    # Applied, or so already.
    shadowed = (
        "otra predeterminada tiene prioridad y es la que se cobra: cámbiela o quítela, si "
        "debe cobrarse esta",
        "another default comes first and is charged: set that one, or take it away, if "
        "this one should be charged",
    )
    # Nothing is wrong with it, and nothing to be sent.
    blank_row = ("nada: la fila está en blanco", "nothing: the row is blank")
    bank_account = (
        "nada: es una cuenta bancaria, que aquí no puede ser predeterminada",
        "nothing: it is a bank account, which is not made a default here",
    )
    not_a_card = (
        "nada: es un método de pago de otro tipo, que aquí no puede ser predeterminado",
        "nothing: it is a payment method of another kind, which is not made a default here",
    )
    no_default = (
        "nada: el cliente no tiene tarjeta aquí, o no tiene predeterminada",
        "nothing: the customer has no card here, or no default",
    )
    # Not sent, or not applied, without Stripe having a say.
    repeated_row = (
        "nada: la fila anterior del cliente dice lo mismo",
        "nothing: the customer's row before it says the same",
    )
    not_default = (
        "nada: la predeterminada era otra tarjeta del cliente",
        "nothing: another card of the customer was the default",
    )
    superseded = (
        "nada: prevalece un comando más reciente del mismo cliente",
        "nothing: a newer command for the same customer stands",
    )
    unchanged = (
        "nada: el cliente ya tiene una tarjeta predeterminada",
        "nothing: the customer has a default",
    )
    drifted = (
        "su tarjeta predeterminada no es la que esperaba el archivo: decida cuál queda",
        "the customer's default is not what the file expects: look which should stand",
    )
    cancelled = (
        f"si aun así debe hacerse: {_OTRA_VEZ}",
        f"if it should be done after all: {_AGAIN}",
    )
    # Stripe said no.
    resource_missing = (
        "compruebe que los ids sean de esta cuenta y modo, y no se hayan borrado",
        "check that the ids are of this account and mode, and were not deleted",
    )
    card_declined = (_OTRA_TARJETA, _ASK_THE_CUSTOMER)
    expired_card = (_OTRA_TARJETA, _ASK_THE_CUSTOMER)
    incorrect_cvc = (_OTRA_TARJETA, _ASK_THE_CUSTOMER)
    incorrect_number = (_OTRA_TARJETA, _ASK_THE_CUSTOMER)
    incorrect_zip = (_OTRA_TARJETA, _ASK_THE_CUSTOMER)
    processing_error = (
        f"no se pudo consultar al banco: {_OTRA_VEZ}",
        f"the bank could not be asked: {_AGAIN}",
    )
    token_already_used = (
        "el token se usó en otro lugar: revise las tarjetas del cliente, o cree un token nuevo",
        "the token was spent elsewhere: look at the customer's cards, or make a new token",
    )
    token_in_use = (
        f"otra petición usaba el token: {_OTRA_VEZ}",
        f"another request was using the token: {_AGAIN}",
    )
    livemode_mismatch = (
        "los ids son del otro modo: ejecute el archivo con la clave de ese modo",
        "the ids are of the other mode: run with that mode's key",
    )
    payment_method_unactivated = (
        "active ese tipo de método de pago en el panel de Stripe",
        "activate the payment method's kind in Stripe's dashboard",
    )
    customer_max_payment_methods = (
        "quite tarjetas que el cliente ya no use y repita la fila",
        "detach cards the customer no longer uses, then run it again",
    )
    attached_elsewhere = (
        "es de otro cliente: pida la tarjeta otra vez con un SetupIntent, y "
        "envíe el método de pago nuevo",
        "it belongs to another customer: collect the card again with a "
        "SetupIntent, and send the new payment method",
    )
    payment_method_not_reusable = (
        "se desvinculó, o se usó sin cliente: pida la tarjeta otra vez "
        "con un SetupIntent, y envíe el método de pago nuevo",
        "it was detached, or used while attached to nobody: collect the "
        "card again with a SetupIntent, and send the new payment method",
    )
    parameter_unknown = (
        "un error de este programa, o una cuenta con otra versión de la API: "
        "avise a quienes lo mantienen",
        "a bug here, or an account with another API version: tell the maintainers",
    )
    invalid_request_error = (
        "lea el mensaje: Stripe no acepta la petición tal como está",
        "read the message: Stripe does not take this request as it stands",
    )
    # Given up.
    idempotency_error = (_AVISE, "a bug here: tell the maintainers, with the command's id")
    lock_timeout = (
        f"otro programa cambiaba el cliente sin parar: {_OTRA_VEZ}",
        f"something else kept changing the customer: {_AGAIN}",
    )
    rate_limit = (
        f"demasiadas peticiones a Stripe: ponga un límite a la migración y {_OTRA_VEZ}",
        f"Stripe was asked too much: throttle the migration, then {_AGAIN}",
    )
    api_error = (
        "Stripe falló un día entero: `cards failed replay` reprocesa el comando",
        "Stripe failed for a day: `cards failed replay` takes the command up again",
    )
    api_connection_error = (
        "no se pudo conectar con Stripe: `cards failed replay` lo reprocesa",
        "Stripe was out of reach: `cards failed replay` takes it up again",
    )
    expired = (
        "en un día entero no se supo qué hizo Stripe: vea el cliente y luego `cards failed replay`",
        "it is not known what Stripe did for a day: look at the customer, then "
        "`cards failed replay`",
    )
    lost = (
        "el diario la perdió: revise el cliente en Stripe antes de repetirla",
        "the journal has lost it: look at the customer at Stripe before it is run again",
    )
    signature_missing = (
        f"los workers exigen firmas: configure CARDS_SIGNING_KEYS y luego {_OTRA_VEZ}",
        f"workers demand signatures: set CARDS_SIGNING_KEYS, then {_AGAIN}",
    )
    signature_invalid = (
        "su registro en Redis fue alterado, o los workers no conocen su clave: "
        "averigüe quién escribe en Redis",
        "its row in Redis was changed, or its key is not listed at the workers: "
        "look who writes to Redis",
    )
    signature_stale = (
        f"esperó más de CARDS_SIGNATURE_MAX_AGE: {_OTRA_VEZ}",
        f"it waited longer than CARDS_SIGNATURE_MAX_AGE: {_AGAIN}",
    )
    poison = (
        "hizo caer a su worker: avise a quienes mantienen el programa, con el id del comando",
        "it killed its worker: tell the maintainers, with the command's id",
    )
    internal_error = (_AVISE, "a bug here: tell the maintainers, with the command's id")
    failed = (
        "`cards failed show ID` dice por qué; `cards failed replay ID` lo reprocesa",
        "`cards failed show ID` says why; `cards failed replay ID` takes it up again",
    )


class _Other(Bilingual):
    """The advice for codes without one of their own."""

    TODO = (
        "busque el código en la documentación de Stripe (códigos de error) y vuelva a ejecutar "
        "errors.csv",
        "look the code up in Stripe's documentation (error codes), then run errors.csv again",
    )


def todo(code: str, language: Language = "en") -> str:
    """What a person does next about rows that ended with the code."""
    return Todo.__members__.get(code, _Other.TODO).say(language)


def known_codes() -> dict[str, str]:
    """Every code that has an advice of its own, and the advice in English."""
    return {code: text.english for code, text in Todo.__members__.items()}
