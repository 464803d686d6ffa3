"""What to do about each code, in Spanish; `codes.py` has the English."""

from __future__ import annotations

_CORRIGE = "corrija la fila en el archivo (o en errors.csv) y ejecútelo de nuevo"
_OTRA_TARJETA = "pida otra tarjeta al cliente; repetir la fila no cambia nada"
_OTRA_VEZ = "vuelva a ejecutar errors.csv"
_AVISE = "es un error de este programa: avise a quienes lo mantienen, con el id del comando"
_ELIJA = "elija la tarjeta en el archivo que genera --undecided y ejecútelo"

TODO_ES = {
    "parameter_missing": f"complete la columna: {_CORRIGE}",
    "parameter_invalid": f"revise los ids de la columna: {_CORRIGE}",
    "spreadsheet_damage": "una hoja de cálculo cambió el id: use el archivo como se exportó, no "
    "el que se guardó en ella, o importe la columna como texto",
    "id_case": "los ids distinguen mayúsculas y minúsculas: exporte el archivo de nuevo y no las "
    "cambie",
    "hidden_character": f"escriba el id de nuevo, sin caracteres invisibles: {_CORRIGE}",
    "card_number_refused": "quite el número de todos los archivos y copias; envíe un token",
    "not_utf8": "guarde el archivo en UTF-8 y planifíquelo de nuevo",
    "nul_byte": f"el archivo pudo dañarse al escribirse: {_CORRIGE}",
    "field_too_long": f"un id tiene como máximo 255 caracteres: {_CORRIGE}",
    "line_too_long": "compruebe si ahí falta un salto de línea; escriba la fila de nuevo",
    "line_unreadable": "guarde el archivo con saltos de línea LF o CRLF",
    "quote_not_closed": "cierre las comillas, o duplique las que van dentro del valor",
    "too_few_fields": "compruebe si la línea se cortó o falta un separador",
    "too_many_fields": "ponga entre comillas los valores que contienen el separador",
    "torn_line": "copie el archivo de nuevo; si está completo, añada un salto de línea al final",
    "not_json": "escriba un objeto JSON por línea",
    "formula_not_calculated": "abra el libro en Excel, recalcúlelo y guárdelo",
    "unknown_command": f"escriba AssignCard o SetDefaultCard: {_CORRIGE}",
    "both_filled": f"deje vacía una de las dos, o use dos filas: {_CORRIGE}",
    "ambiguous_cards": f"{_ELIJA}; en una copia, --old-defaults ARCHIVO dice cuál era la "
    "predeterminada",
    "unchanged": "nada: el cliente ya tiene una tarjeta predeterminada",
    "contradictory_defaults": f"revise la cuenta anterior; después {_ELIJA}",
    "default_not_copied": f"haga que se copie también la predeterminada anterior, o {_ELIJA}",
    "contradictory_copies": f"compruebe cuál de las copias se usa; después {_ELIJA}",
    "not_default": "nada: la predeterminada era otra tarjeta del cliente",
    "unknown_object": "quite lo que no sea tarjeta, método de pago, fuente ni cliente, o diga las "
    "columnas con --map",
    "no_card": "no hay tarjeta que establecer como predeterminada; impórtela antes",
    "blank_row": "nada: la fila está en blanco",
    "bank_account": "nada: es una cuenta bancaria, que aquí no puede ser predeterminada",
    "not_a_card": "nada: es un método de pago de otro tipo, que aquí no puede ser predeterminado",
    "no_default": "nada: el cliente no tiene tarjeta aquí, o no tiene predeterminada",
    "repeated_row": "nada: la fila anterior del cliente dice lo mismo",
    "shadowed": "otra predeterminada tiene prioridad y es la que se cobra: cámbiela o quítela, si "
    "debe cobrarse esta",
    "superseded": "nada: prevalece un comando más reciente del mismo cliente",
    "drifted": "su tarjeta predeterminada no es la que esperaba el archivo: decida cuál queda",
    "cancelled": f"si aun así debe hacerse: {_OTRA_VEZ}",
    "resource_missing": "compruebe que los ids sean de esta cuenta y modo, y no se hayan borrado",
    "card_declined": _OTRA_TARJETA,
    "expired_card": _OTRA_TARJETA,
    "incorrect_cvc": _OTRA_TARJETA,
    "incorrect_number": _OTRA_TARJETA,
    "incorrect_zip": _OTRA_TARJETA,
    "processing_error": f"no se pudo consultar al banco: {_OTRA_VEZ}",
    "token_already_used": "el token se usó en otro lugar: revise las tarjetas del cliente, o cree "
    "un token nuevo",
    "token_in_use": f"otra petición usaba el token: {_OTRA_VEZ}",
    "livemode_mismatch": "los ids son del otro modo: ejecute el archivo con la clave de ese modo",
    "payment_method_unactivated": "active ese tipo de método de pago en el panel de Stripe",
    "customer_max_payment_methods": "quite tarjetas que el cliente ya no use y repita la fila",
    "attached_elsewhere": "es de otro cliente: pida la tarjeta otra vez con un SetupIntent, y "
    "envíe el método de pago nuevo",
    "payment_method_not_reusable": "se desvinculó, o se usó sin cliente: pida la tarjeta otra vez "
    "con un SetupIntent, y envíe el método de pago nuevo",
    "parameter_unknown": "un error de este programa, o una cuenta con otra versión de la API: "
    "avise a quienes lo mantienen",
    "invalid_request_error": "lea el mensaje: Stripe no acepta la petición tal como está",
    "idempotency_error": _AVISE,
    "lock_timeout": f"otro programa cambiaba el cliente sin parar: {_OTRA_VEZ}",
    "rate_limit": f"demasiadas peticiones a Stripe: ponga un límite a la migración y {_OTRA_VEZ}",
    "api_error": "Stripe falló un día entero: `cards failed replay` reprocesa el comando",
    "api_connection_error": "no se pudo conectar con Stripe: `cards failed replay` lo reprocesa",
    "expired": "en un día entero no se supo qué hizo Stripe: vea el cliente y luego `cards failed "
    "replay`",
    "lost": "el diario la perdió: revise el cliente en Stripe antes de repetirla",
    "signature_missing": "los workers exigen firmas: configure CARDS_SIGNING_KEYS y luego "
    f"{_OTRA_VEZ}",
    "signature_invalid": "su registro en Redis fue alterado, o los workers no conocen su clave: "
    "averigüe quién escribe en Redis",
    "signature_stale": f"esperó más de CARDS_SIGNATURE_MAX_AGE: {_OTRA_VEZ}",
    "poison": "hizo caer a su worker: avise a quienes mantienen el programa, con el id del comando",
    "internal_error": _AVISE,
    "failed": "`cards failed show ID` dice por qué; `cards failed replay ID` lo reprocesa",
}
OTHERWISE_ES = (
    "busque el código en la documentación de Stripe (códigos de error) y vuelva a ejecutar "
    "errors.csv"
)


def todo_es(code: str) -> str:
    """What a person does next about rows that ended with the code."""
    return TODO_ES.get(code, OTHERWISE_ES)
