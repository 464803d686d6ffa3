"""Sentences of the pages of failed commands, in Spanish and English."""

from __future__ import annotations

from producer.http.pages.texts.migrations import Sentence


class Failure(Sentence):
    """A sentence by its meaning; the value is (Spanish, English)."""

    TITLE = ("Comandos fallidos", "Failed commands")
    OF_CODE = ("Comandos fallidos con {code}", "Failed commands with {code}")
    WHAT = (
        "Comandos que se dejaron de intentar, los más antiguos primero. Se guardan hasta que "
        "alguien los retoma.",
        "Commands that gave up, the oldest first. They are kept until somebody replays them.",
    )
    NARROW = ("Filtrar", "Narrow")
    KIND = ("Comando", "Command")
    TAG = ("Etiqueta (nombre=valor)", "Tag (name=value)")
    ANY = ("cualquiera", "any")
    FAILED_AT = ("Falló (UTC)", "Gave up (UTC)")
    NO_MATCH = ("Ninguno coincide.", "None matches.")
    NOT_IN_THESE = (
        "Entre los {count} que se miraron no hay ninguno más.",
        "There are no more among the {count} that were looked at.",
    )
    FURTHER = ("Siguientes", "Further ones")
    SEE = ("Verlos", "See them")
    SEE_ALL = ("Ver todos", "See all")
    REPLAY = ("Retomar estos…", "Replay these…")
    REPLAY_FIRST = (
        "Antes se dice cuántos son, y se pregunta.",
        "How many they are is said before, and you are asked.",
    )
    NARROW_FIRST = (
        "Para retomarlos, fíltrelos antes: por código, comando o cliente.",
        "To replay them, narrow them down first: by code, command or customer.",
    )
    LOOK_ONLY = (
        "Retomarlos requiere un token con el permiso (scope) operate.",
        "Replaying them takes a token with the scope operate.",
    )
    COUNTED = ("Se retomarían {count}", "{count} would be replayed")
    COUNTED_SOME = ("Se retomarían {count} o más", "{count} or more would be replayed")
    NOT_ONE = ("No hay ninguno que retomar", "There is none to replay")
    MEANS = (
        "Retómelos cuando la causa se haya ido. Cada uno conserva su id y va al final de la cola. "
        "Antes de enviarlo otra vez se mira si Stripe ya lo hizo; si un comando más reciente lo ha "
        "adelantado, queda reemplazado.",
        "Replay them when the cause is gone. Each keeps its id and goes to the end of its queue. "
        "Whether Stripe did it already is looked up before it is sent again; where a newer command "
        "has overtaken it, it becomes superseded.",
    )
    AT_A_TIME = ("Se retoman {count} cada vez.", "{count} are replayed at a time.")
    WITHOUT_POISON = (
        "Se dejan fuera {count} con `poison`: pararon su worker y pararían otro. Primero los mira "
        "quien lo mantiene: `cards export ID`.",
        "{count} with `poison` are left out: they killed their worker, and would kill another. The "
        "maintainers look at them first: `cards export ID`.",
    )
    WITHOUT_UNSIGNED = (
        "Se dejan fuera {count} cuya firma falta o no es válida: docs/signatures.md.",
        "{count} are left out whose signature is missing or wrong: docs/signatures.md.",
    )
    SURE = ("Sí, retomar {count}", "Yes, replay {count}")
    BACK = ("No, volver a la lista", "No, back to the list")
    REPLAYED = ("Se retomaron {count}", "{count} were replayed")
    REPLAYED_AS = ("Ahora están así:", "They stand so now:")
    GONE = ("ya no están", "gone")
    REST = ("Los que quedan", "What is left")
    BAD_FILTER = ("Ese filtro no es válido", "That filter is not valid")
    BAD_FILTER_DO = (
        "Un código como api_error, AssignCard o SetDefaultCard, o el id de un cliente (cus_…). "
        "Mire si el enlace está completo.",
        "A code such as api_error, AssignCard or SetDefaultCard, or a customer's id (cus_…). Look "
        "whether the link is complete.",
    )
