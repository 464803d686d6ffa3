"""What is said of single rows, in the language of envelopes.

Where a row is judged it is said in English, without values of the file. Here it is in Spanish,
found by the English sentence; what an envelope can say is in `contract/messages.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from producer.contract.messages import Text
from producer.contract.texts import Language
from producer.migrations.texts.codes import todo

# (Spanish, English)
_SENTENCES = (
    ("la línea tiene más de {limit} caracteres", "the line has more than {limit} characters"),
    (
        "hay comillas que no se cierran, o que se cierran antes de tiempo",
        "a quote is opened and not closed, or closed too early",
    ),
    (
        "hay un retorno de carro en medio de la línea",
        "a carriage return stands in the middle of the line",
    ),
    ("la fila tiene menos campos que el encabezado", "the row has fewer fields than the header"),
    ("la fila tiene más campos que el encabezado", "the row has more fields than the header"),
    (
        "el archivo termina en medio de esta línea: su id es más corto que todos los demás",
        "the file ends in the middle of this line: its id is shorter than all others",
    ),
    ("la línea no es un objeto JSON", "the line is not a JSON object"),
    (
        "una propiedad aparece dos veces en el objeto de la línea",
        "a member stands twice in the line's object",
    ),
    ("el cliente no es un objeto JSON", "the customer is not a JSON object"),
    ("el cliente no tiene ninguna tarjeta", "the customer has no card"),
    (
        "source y default_source tienen valor: no se indica cuál debe usarse",
        "both source and default_source are filled: which is meant is not said",
    ),
    (
        "ni source ni default_source tienen valor",
        "neither source nor default_source is filled",
    ),
    ("el valor tiene más de {limit} caracteres", "the value has more than {limit} characters"),
    (
        "el valor parece un número de tarjeta o un CVC",
        "the value looks like a card number or a CVC",
    ),
    ("el valor contiene un byte NUL", "the value holds a NUL byte"),
    ("el valor no está en UTF-8", "the value is not UTF-8"),
    (
        "la predeterminada esperada no es válida: debe estar vacía o empezar por card_, src_, pm_",
        "the expected default is not valid: it must be empty or start with card_, src_, pm_",
    ),
    ("la fila está en blanco en todas las columnas", "the row is blank in all columns"),
    ("el objeto tiene más de {limit} caracteres", "the object has more than {limit} characters"),
    ("el elemento no es un objeto JSON", "the element is not a JSON object"),
    ("una propiedad aparece dos veces en el objeto", "a member stands twice in the object"),
    ("hay un salto de línea en medio de la línea", "a line end stands in the middle of the line"),
    (
        "la fórmula de la celda no tiene valor en el archivo",
        "the cell's formula has no value in the file",
    ),
    ("una cuenta bancaria, no una tarjeta", "a bank account, not a card"),
    ("el cliente no tiene aquí ninguna tarjeta", "the customer has no card here"),
    ("el cliente no tiene tarjeta predeterminada", "the customer has no default"),
    (
        "un método de pago que no es una tarjeta",
        "a payment method of another kind than card",
    ),
    (
        "el registro no es una tarjeta, un método de pago, una fuente ni un cliente de Stripe",
        "the record is no card, payment method, source or customer of Stripe's",
    ),
    (
        "un número en notación científica: una hoja de cálculo tomó el id como número",
        "a number in scientific notation: a spreadsheet has taken the id for a number",
    ),
    (
        "un número cortado a 15 dígitos: una hoja de cálculo tomó el id como número",
        "a number cut to 15 digits: a spreadsheet has taken the id for a number",
    ),
    (
        "un error de hoja de cálculo, como #NAME? o #####, en lugar del id",
        "an error of a spreadsheet, such as #NAME? or #####, in the id's place",
    ),
    (
        "una fórmula de hoja de cálculo en lugar del id",
        "a formula of a spreadsheet in the id's place",
    ),
    (
        "un apóstrofo delante del id, como el que ponen las hojas de cálculo",
        "an apostrophe before the id, as spreadsheets write",
    ),
    (
        "una fecha: una hoja de cálculo tomó el id como fecha",
        "a date: a spreadsheet has taken the id for one",
    ),
    ("dentro del id hay {hidden}", "within the id stands {hidden}"),
    (
        "un número, no un texto: una hoja de cálculo tomó el id como número",
        "a number, not a text: a spreadsheet has taken the id for a number",
    ),
    (
        "el id perdió sus mayúsculas y minúsculas originales: empieza con mayúsculas",
        "the id's letters have lost their case: it begins with capitals",
    ),
    ("Ya no está en el diario", "It is not in the journal any more"),
    ("Stripe no devuelve el cliente", "Stripe does not show the customer"),
    ("la predeterminada es {card}", "the default is {card}"),
)
# Why a row that could be sent is not: `held.py`.
_HELD = (
    (
        "la predeterminada era otra de las {cards} tarjetas del cliente",
        "another of the customer's {cards} cards was the default",
    ),
    (
        "una de las {cards} tarjetas del cliente, y no consta cuál era la predeterminada",
        "one of the customer's {cards} cards, and which was the default is not said",
    ),
    (
        "varias de las {cards} tarjetas del cliente figuran como predeterminada",
        "several of the customer's {cards} cards are said to be the default",
    ),
    (
        "la predeterminada del cliente era otra tarjeta, que no está en el archivo",
        "the customer's default was another card, which is not in the file",
    ),
    (
        "según el archivo, una tarjeta del cliente se copió a dos lugares",
        "the file says of a card of the customer that it was copied to two places",
    ),
)
_PLACE = re.compile(r"\\\{(\w+)\\\}")


def in_language(text: str, language: Language) -> str:
    """A sentence of ours about a row, in the language; any other text as it is."""
    return text if language == "en" or not text else _in_spanish(text)


def where(line: int, column: str, language: Language) -> str:
    """A row's place in the file; `column` is "" where it is the row as a whole."""
    names = ("línea", "columna") if language == "es" else ("line", "column")
    return f"{names[0]} {line}" + (f", {names[1]} {column}" if column else "")


def plan_in(told: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """A plan as `Plan.wire` has it, with what it says of single rows in the language."""
    examples = {
        code: [
            {
                **one,
                "what": in_language(one["what"], language),
                "todo": todo(code, language),
            }
            for one in some
        ]
        for code, some in told.get("examples", {}).items()
    }
    return {**told, "examples": examples}


@lru_cache(maxsize=512)
def _in_spanish(text: str) -> str:
    for english, spanish in _patterns():
        if (found := english.fullmatch(text)) is not None:
            return spanish.format(**found.groupdict())
    return text


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    faced = [(f"{{face}}: {es}", f"{{face}}: {en}") for es, en in _HELD]
    pairs = [*_SENTENCES, *_HELD, *faced, *(text.value for text in Text)]
    # One that is nothing but a place would be found in any text.
    return [(_pattern(en), es) for es, en in pairs if re.sub(r"\{\w+\}", "", en)]


def _pattern(english: str) -> re.Pattern[str]:
    seen: set[str] = set()

    def group(found: re.Match[str]) -> str:
        name = found[1]
        again = name in seen
        seen.add(name)
        return f"(?P={name})" if again else f"(?P<{name}>.+?)"

    return re.compile(_PLACE.sub(group, re.escape(english)), re.DOTALL)
