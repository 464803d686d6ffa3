"""Signatures of rows and messages: which fields they cover.

A row's signature covers the command, its customer and its terms, but not its progress: workers
change that with every attempt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from producer.contract import AssignCard, Lane, SetDefaultCard
from producer.security.command_signatures import Flaw, Purpose, Signing

# Headers of a message. JOURNALLED tells a worker that the journal already has the command.
JOURNALLED, SENDER, SIGNATURE = "cards-journalled", "cards-sender", "cards-signature"


class Terms(NamedTuple):
    """The terms of a migration's command, as its row has them."""

    migration: str = ""
    number: str = ""
    first: str = ""  # "1" if the customer is read first
    since: str = ""  # "1" if a default that was set since is left alone
    expected: str = ""  # "=" and the default that the customer must have before


NO_TERMS = Terms()


def sign_row(
    signing: Signing,
    command_id: str,
    command: AssignCard | SetDefaultCard,
    lane: Lane,
    sender: str = "",
    terms: Terms = NO_TERMS,
) -> str:
    """The signature of a command's row; "" without signing keys."""
    if not signing.on:
        return ""
    slot = command.slot.value if isinstance(command, SetDefaultCard) else ""
    kind, user, card = command.kind.value, command.customer, command.object_id
    fields = [command_id, kind, user, card, lane.value, slot, sender, *terms]
    return signing.sign(Purpose.ROW, fields)


def row_flaw(
    signing: Signing,
    command_id: str,
    row: Mapping[str, str],
    *,
    now_ms: float,
    max_age_s: float | None,
) -> Flaw | None:
    """What is wrong with a row's signature. `max_age_s` (seconds) is None for any age."""
    named = (row.get(name, "") for name in ("kind", "user", "card", "lane", "slot", "sender"))
    fields = [command_id, *named, *terms_of(row)]
    return signing.flaw(
        row.get("signature", ""), Purpose.ROW, fields, now_ms=now_ms, max_age_s=max_age_s
    )


def terms_of(row: Mapping[str, str]) -> Terms:
    """The terms in a row."""
    return Terms(
        row.get("migration", ""),
        row.get("number", ""),
        "1" if "first" in row else "",
        # The time itself is unsigned, like the times at which others set the default.
        "1" if "since" in row else "",
        f"={row['expected']}" if "expected" in row else "",
    )


def sign_message(
    signing: Signing, headers: Mapping[str, Any], body: str, sender: str = ""
) -> dict[str, str]:
    """The headers that sign a message with these headers and this body; none without keys."""
    if not signing.on:
        return {}
    named = {SENDER: sender} if sender else {}
    signature = signing.sign(Purpose.MESSAGE, _message_fields({**headers, **named}, body))
    return {**named, SIGNATURE: signature}


def message_flaw(
    signing: Signing, headers: Mapping[str, Any], body: str, *, now_ms: float, max_age_s: float
) -> Flaw | None:
    """What is wrong with a message's signature, given its headers and its body as sent."""
    return signing.flaw(
        str(headers.get(SIGNATURE) or ""),
        Purpose.MESSAGE,
        _message_fields(headers, body),
        now_ms=now_ms,
        max_age_s=max_age_s,
    )


def _message_fields(headers: Mapping[str, Any], body: str) -> list[str]:
    named = (str(headers.get(name, "")) for name in ("task", "id", JOURNALLED, SENDER))
    return [*named, body]
