"""What a row's state is called, and what it means, in the report and on the page."""

from __future__ import annotations

from producer.migrations.model.rows import RowState

# What each state is called, and what it means: (Spanish, English). In the order they are shown in.
STATES = {
    RowState.APPLIED: (("aplicada", "Stripe lo hizo"), ("applied", "Stripe did it")),
    RowState.ALREADY_SO: (
        ("ya estaba así", "estaba así antes; no se cambió nada"),
        ("already so", "it was so before; nothing was changed"),
    ),
    RowState.SUPERSEDED: (
        ("reemplazada", "prevalece un comando más reciente del cliente; no se cambió nada"),
        ("superseded", "a newer command for the same customer stands; nothing was changed"),
    ),
    RowState.DRIFTED: (
        ("desfasada", "el cliente ya no estaba como suponía el archivo; no se cambió nada"),
        ("drifted", "the customer was no longer as the file believed; nothing was changed"),
    ),
    RowState.REJECTED: (
        ("rechazada", "Stripe la rechazó; no se cambió nada"),
        ("rejected", "Stripe said no; nothing was changed"),
    ),
    RowState.INVALID: (
        ("no válida", "la fila tiene un error; no se envió"),
        ("invalid", "the row itself is wrong; it was not sent"),
    ),
    RowState.AMBIGUOUS: (
        ("ambigua", "no se indica qué tarjeta debe ser, o no hay ninguna; no se cambió nada"),
        ("ambiguous", "which card is meant is not said, or there is none; nothing was changed"),
    ),
    RowState.SKIPPED: (
        ("omitida", "no se refiere a ninguna tarjeta, o no a la predeterminada; no se envió"),
        ("skipped", "it is about no card, or not about the default; it was not sent"),
    ),
    RowState.CANCELLED: (
        ("cancelada", "se canceló la migración antes de enviar la fila"),
        ("cancelled", "the migration was cancelled before the row was sent"),
    ),
    RowState.FAILED: (
        ("fallida", "se dejó de intentar; debe revisarla una persona"),
        ("failed", "given up; a person should look at it"),
    ),
    RowState.UNKNOWN: (
        ("en duda", "enviada, y aún no se sabe si Stripe la aplicó; se está averiguando"),
        ("unknown", "sent, and not known yet whether Stripe did it; it is being found out"),
    ),
    RowState.PENDING: (("pendiente", "aún no enviada"), ("pending", "not sent yet")),
    RowState.SENT: (
        ("enviada", "enviada, y aún no consta cómo terminó"),
        ("sent", "sent, and not recorded yet how it ended"),
    ),
}
SHOWN = tuple(STATES)
"""States in the order in which they are shown."""
