"""The states of migrations and of their rows, in Spanish and English, for reports and pages."""

from __future__ import annotations

from producer.contract.texts import Bilingual
from producer.migrations.model.rows import RowState


class MigrationStateText(Bilingual):
    """Names of a migration's states."""

    RUNNING = ("en marcha", "running")
    PAUSED = ("en pausa", "paused")
    CANCELLING = ("cancelándose", "being cancelled")
    STOPPED = ("detenida", "stopped")
    CANCELLED = ("cancelada", "cancelled")
    FINISHED = ("terminada", "finished")


class RowStateText(Bilingual):
    """Names of a row's states, in the order in which they are shown."""

    APPLIED = ("aplicada", "applied")
    ALREADY_SO = ("ya estaba así", "already so")
    SUPERSEDED = ("reemplazada", "superseded")
    DRIFTED = ("desfasada", "drifted")
    REJECTED = ("rechazada", "rejected")
    INVALID = ("no válida", "invalid")
    AMBIGUOUS = ("ambigua", "ambiguous")
    SKIPPED = ("omitida", "skipped")
    CANCELLED = ("cancelada", "cancelled")
    FAILED = ("fallida", "failed")
    UNKNOWN = ("en duda", "unknown")
    PENDING = ("pendiente", "pending")
    SENT = ("enviada", "sent")


class RowStateMeaning(Bilingual):
    """What a row's states mean."""

    APPLIED = (
        "Stripe lo hizo",
        "Stripe did it",
    )
    ALREADY_SO = (
        "estaba así antes; no se cambió nada",
        "it was so before; nothing was changed",
    )
    SUPERSEDED = (
        "prevalece un comando más reciente del cliente; no se cambió nada",
        "a newer command for the same customer stands; nothing was changed",
    )
    DRIFTED = (
        "el cliente ya no estaba como suponía el archivo; no se cambió nada",
        "the customer was no longer as the file believed; nothing was changed",
    )
    REJECTED = (
        "Stripe la rechazó; no se cambió nada",
        "Stripe said no; nothing was changed",
    )
    INVALID = (
        "la fila tiene un error; no se envió",
        "the row itself is wrong; it was not sent",
    )
    AMBIGUOUS = (
        "no se indica qué tarjeta debe ser, o no hay ninguna; no se cambió nada",
        "which card is meant is not said, or there is none; nothing was changed",
    )
    SKIPPED = (
        "no se refiere a ninguna tarjeta, o no a la predeterminada; no se envió",
        "it is about no card, or not about the default; it was not sent",
    )
    CANCELLED = (
        "se canceló la migración antes de enviar la fila",
        "the migration was cancelled before the row was sent",
    )
    FAILED = (
        "se dejó de intentar; debe revisarla una persona",
        "given up; a person should look at it",
    )
    UNKNOWN = (
        "enviada, y aún no se sabe si Stripe la aplicó; se está averiguando",
        "sent, and not known yet whether Stripe did it; it is being found out",
    )
    PENDING = (
        "aún no enviada",
        "not sent yet",
    )
    SENT = (
        "enviada, y aún no consta cómo terminó",
        "sent, and not recorded yet how it ended",
    )


SHOWN = tuple(RowState[name] for name in RowStateText.__members__)
"""States of rows in the order in which they are shown."""
