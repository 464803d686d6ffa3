"""Texts of the pages of failed commands, in Spanish and English."""

from __future__ import annotations

from producer.contract.bilingual import Bilingual


class Failed(Bilingual):
    """What the pages of failed commands say."""

    TITLE = ("Comandos fallidos", "Failed commands")
    OF_CODE = ("Comandos fallidos con {code}", "Failed commands with {code}")
    WHAT = (
        "Comandos que se dejaron de intentar, primero los más antiguos. Se guardan hasta que "
        "alguien los reprocesa.",
        "Commands that gave up, the oldest first. They are kept until somebody replays them.",
    )
    NARROW = ("Filtrar", "Filter")
    KIND = ("Comando", "Command")
    TAG = ("Etiqueta (nombre=valor)", "Tag (name=value)")
    ANY = ("cualquiera", "any")
    FAILED_AT = ("Falló (UTC)", "Gave up (UTC)")
    NO_MATCH = ("Ninguno coincide.", "None matches.")
    NOT_IN_THESE = (
        "Entre los {count} que se revisaron no hay ninguno más.",
        "There are no more among the {count} that were looked at.",
    )
    FURTHER = ("Siguientes", "Next")
    SEE = ("Verlos", "See them")
    SEE_ALL = ("Ver todos", "See all")
    REPLAY = ("Reprocesar estos…", "Replay these…")
    REPLAY_FIRST = (
        "Antes se muestra cuántos son y se pide confirmación.",
        "You see how many they are first, and are asked to confirm.",
    )
    NARROW_FIRST = (
        "Para reprocesarlos, fíltrelos antes: por código, comando o cliente.",
        "To replay them, filter them first: by code, command or customer.",
    )
    LOOK_ONLY = (
        "Reprocesarlos requiere un token con el permiso (scope) operate.",
        "Replaying them takes a token with the scope operate.",
    )
    COUNTED = ("Se reprocesarían {count}", "{count} would be replayed")
    COUNTED_SOME = ("Se reprocesarían {count} o más", "{count} or more would be replayed")
    NOT_ONE = ("No hay ninguno que reprocesar", "There is none to replay")
    MEANS = (
        "Reprocéselos cuando la causa esté resuelta. Cada uno conserva su id y va al final de la "
        "cola. Antes de enviarlo otra vez se comprueba si Stripe ya lo hizo; si un comando más "
        "reciente se le adelantó, queda reemplazado.",
        "Replay them when the cause is gone. Each keeps its id and goes to the end of its queue. "
        "Whether Stripe did it already is looked up before it is sent again; where a newer command "
        "has overtaken it, it becomes superseded.",
    )
    AT_A_TIME = ("Se reprocesan {count} por vez.", "{count} are replayed at a time.")
    WITHOUT_POISON = (
        "Se excluyen {count} con `poison`: hicieron caer a su worker y harían caer a otro. Primero "
        "los revisan quienes mantienen el programa: `cards export ID`.",
        "{count} with `poison` are left out: they killed their worker, and would kill another. The "
        "maintainers look at them first: `cards export ID`.",
    )
    WITHOUT_UNSIGNED = (
        "Se excluyen {count} cuya firma falta o no es válida: docs/signatures.md.",
        "{count} are left out whose signature is missing or wrong: docs/signatures.md.",
    )
    SURE = ("Sí, reprocesar {count}", "Yes, replay {count}")
    BACK = ("No, volver a la lista", "No, back to the list")
    REPLAYED = ("Enviados a reprocesar: {count}", "{count} were replayed")
    REPLAYED_AS = ("Su estado ahora:", "Their states now:")
    GONE = ("ya no están", "gone")
    REST = ("Los que quedan", "What is left")
    BAD_FILTER = ("Ese filtro no es válido", "That filter is not valid")
    BAD_FILTER_DO = (
        "Use un código como api_error, AssignCard o SetDefaultCard, o el id de un cliente (cus_…). "
        "Compruebe que el enlace esté completo.",
        "Use a code such as api_error, AssignCard or SetDefaultCard, or a customer's id (cus_…). "
        "Check that the link is complete.",
    )
