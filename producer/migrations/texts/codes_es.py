"""What to do about each code, in Spanish; `codes.py` has the English."""

from __future__ import annotations

_CORRIGE = "corríjala en el archivo (o en errors.csv) y ejecútelo"
_OTRA_TARJETA = "pida otra tarjeta al cliente; repetirla no cambia nada"
_OTRA_VEZ = "ejecute errors.csv otra vez"
_AVISE = "es un fallo de este programa: avise a quien lo mantiene, con el id del comando"
_ELIJA = "elija en el archivo que escribe --undecided, y ejecútelo"

TODO_ES = {
    "parameter_missing": f"rellene la columna: {_CORRIGE}",
    "parameter_invalid": f"revise los ids de la columna: {_CORRIGE}",
    "spreadsheet_damage": "una hoja de cálculo cambió el id: tome el archivo como se exportó, no "
    "como se guardó ahí, o importe la columna como texto",
    "id_case": "en los ids importan mayúsculas y minúsculas: exporte el archivo de nuevo y no las "
    "cambie",
    "hidden_character": f"escriba el id de nuevo, sin lo que no se ve en él: {_CORRIGE}",
    "card_number_refused": "quite el número de todo archivo y copia; envíe un token",
    "not_utf8": "guarde el archivo en UTF-8 y planifíquelo de nuevo",
    "nul_byte": f"el archivo puede estar dañado donde se escribió: {_CORRIGE}",
    "field_too_long": f"un id tiene como mucho 255 caracteres: {_CORRIGE}",
    "line_too_long": "mire si falta ahí un fin de línea; escriba la fila de nuevo",
    "line_unreadable": "guarde el archivo con fines de línea LF o CRLF",
    "quote_not_closed": "cierre las comillas, o duplíquelas dentro de comillas",
    "too_few_fields": "mire si la línea se cortó o falta un separador",
    "too_many_fields": "ponga entre comillas los valores que contienen el separador",
    "torn_line": "copie el archivo de nuevo; si está entero, termine su última línea",
    "not_json": "escriba un objeto JSON por línea",
    "formula_not_calculated": "abra el libro en Excel, haga que se calcule y guárdelo",
    "unknown_command": f"escriba AssignCard o SetDefaultCard: {_CORRIGE}",
    "both_filled": f"deje vacía una de las dos, o use dos filas: {_CORRIGE}",
    "ambiguous_cards": f"{_ELIJA}; de una copia, --old-defaults ARCHIVO dice cuál era la "
    "predeterminada",
    "unchanged": "nada: el cliente ya tiene una predeterminada",
    "contradictory_defaults": f"mire la cuenta anterior; después {_ELIJA}",
    "default_not_copied": f"haga copiar también la predeterminada anterior; o {_ELIJA}",
    "contradictory_copies": f"mire cuál de las copias se usa; después {_ELIJA}",
    "not_default": "nada: la predeterminada era otra tarjeta del cliente",
    "unknown_object": "quite lo que no es tarjeta, método de pago, fuente ni cliente, o diga las "
    "columnas con --map",
    "no_card": "no hay tarjeta que hacer predeterminada; importe antes la tarjeta",
    "blank_row": "nada: la fila está en blanco",
    "bank_account": "nada: es una cuenta bancaria, que aquí no se hace predeterminada",
    "not_a_card": "nada: es un método de pago de otra clase, que aquí no se hace predeterminado",
    "no_default": "nada: el cliente no tiene aquí tarjeta, o no tiene predeterminada",
    "repeated_row": "nada: la fila anterior del cliente dice lo mismo",
    "shadowed": "otro valor predeterminado va antes y es el que se cobra: cámbielo o quítelo, si "
    "debe cobrarse este",
    "superseded": "nada: vale un comando más reciente del mismo cliente",
    "drifted": "su tarjeta predeterminada no es la que esperaba el archivo: mire cuál debe valer",
    "cancelled": f"si debe hacerse después de todo: {_OTRA_VEZ}",
    "resource_missing": "compruebe que los ids son de esta cuenta y modo, y que no se borraron",
    "card_declined": _OTRA_TARJETA,
    "expired_card": _OTRA_TARJETA,
    "incorrect_cvc": _OTRA_TARJETA,
    "incorrect_number": _OTRA_TARJETA,
    "incorrect_zip": _OTRA_TARJETA,
    "processing_error": f"no se pudo preguntar al banco: {_OTRA_VEZ}",
    "token_already_used": "el token se gastó en otro sitio: mire las tarjetas del cliente, o haga "
    "un token nuevo",
    "token_in_use": f"otra petición usaba el token: {_OTRA_VEZ}",
    "livemode_mismatch": "los ids son del otro modo: ejecútelo con la clave de ese modo",
    "payment_method_unactivated": "active ese tipo de método de pago en el panel de Stripe",
    "customer_max_payment_methods": "quite tarjetas que el cliente ya no usa y repítala",
    "attached_elsewhere": "es de otro cliente: pida la tarjeta otra vez con un SetupIntent, y "
    "envíe el método de pago nuevo",
    "payment_method_not_reusable": "se desvinculó, o se usó sin cliente: pida la tarjeta otra vez "
    "con un SetupIntent, y envíe el método de pago nuevo",
    "parameter_unknown": "un fallo de este programa, o una cuenta con otra versión de la API: "
    "avise a quien lo mantiene",
    "invalid_request_error": "lea el mensaje: Stripe no acepta la petición tal como está",
    "idempotency_error": _AVISE,
    "lock_timeout": f"otra cosa cambiaba al cliente todo el tiempo: {_OTRA_VEZ}",
    "rate_limit": f"se pidió demasiado a Stripe: ponga un límite a la migración y {_OTRA_VEZ}",
    "api_error": "Stripe falló todo un día: `cards failed replay` retoma el comando",
    "api_connection_error": "Stripe no estaba al alcance: `cards failed replay` lo retoma",
    "expired": "no se supo en todo un día qué hizo Stripe: mire al cliente y luego `cards failed "
    "replay`",
    "lost": "el diario la perdió: mire al cliente en Stripe antes de repetirla",
    "signature_missing": "los workers exigen firmas: configure CARDS_SIGNING_KEYS y luego "
    f"{_OTRA_VEZ}",
    "signature_invalid": "su registro en Redis fue cambiado, o los workers no conocen su clave: "
    "mire quién escribe en Redis",
    "signature_stale": f"esperó más que CARDS_SIGNATURE_MAX_AGE: {_OTRA_VEZ}",
    "poison": "mató a su worker: avise a quien lo mantiene, con el id del comando",
    "internal_error": _AVISE,
    "failed": "`cards failed show ID` dice por qué; `cards failed replay ID` lo retoma",
}
OTHERWISE_ES = (
    "busque el código en la documentación de Stripe (códigos de error) y ejecute errors.csv "
    "otra vez"
)


def todo_es(code: str) -> str:
    """What a person does next about rows that ended with the code."""
    return TODO_ES.get(code, OTHERWISE_ES)
