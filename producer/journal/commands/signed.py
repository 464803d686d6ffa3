"""What of a row and of a message is signed.

Of a row, what says what is to be done, for whom and on which terms; not what says how far it is:
workers change that with every try.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from producer.contract import AssignCard, Lane, SetDefaultCard
from producer.security.command_signatures import Flaw, Purpose, Signing

# Headers of a message. That of the journal tells a worker that it had the command before.
JOURNALLED, SENDER, SIGNATURE = "cards-journalled", "cards-sender", "cards-signature"


class Terms(NamedTuple):
    """On what terms a command of a migration is carried out, as its row has them."""

    migration: str = ""
    number: str = ""
    first: str = ""  # "1" where the customer is read first
    since: str = ""  # "1" where it is to be left if it is newer
    expected: str = ""  # "=" and the default that it is to have before


NO_TERMS = Terms()


def sign_row(
    signing: Signing,
    command_id: str,
    command: AssignCard | SetDefaultCard,
    lane: Lane,
    sender: str = "",
    terms: Terms = NO_TERMS,
) -> str:
    """The signature of a command's row; "" without keys."""
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
    """The terms that a row holds."""
    return Terms(
        row.get("migration", ""),
        row.get("number", ""),
        "1" if "first" in row else "",
        # When that is lies in the journal anyway, as does when others have set the default.
        "1" if "since" in row else "",
        f"={row['expected']}" if "expected" in row else "",
    )


def sign_message(
    signing: Signing, headers: Mapping[str, Any], body: str, sender: str = ""
) -> dict[str, str]:
    """The headers that sign a message of these headers and this body; none without keys."""
    if not signing.on:
        return {}
    named = {SENDER: sender} if sender else {}
    signature = signing.sign(Purpose.MESSAGE, _of_message({**headers, **named}, body))
    return {**named, SIGNATURE: signature}


def message_flaw(
    signing: Signing, headers: Mapping[str, Any], body: str, *, now_ms: float, max_age_s: float
) -> Flaw | None:
    """What is wrong with a message's signature, by its headers and its body as it was sent."""
    return signing.flaw(
        str(headers.get(SIGNATURE) or ""),
        Purpose.MESSAGE,
        _of_message(headers, body),
        now_ms=now_ms,
        max_age_s=max_age_s,
    )


def _of_message(headers: Mapping[str, Any], body: str) -> list[str]:
    named = (str(headers.get(name, "")) for name in ("task", "id", JOURNALLED, SENDER))
    return [*named, body]
