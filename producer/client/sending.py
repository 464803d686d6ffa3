"""How orders become calls of the journal: the checks, the windows of many orders, the waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Literal, TypeAlias
from uuid import uuid4

from producer.contract import (
    AssignCard,
    CardNumberRefused,
    CommandKind,
    Envelope,
    Lane,
    ParameterInvalid,
    Refusal,
    SetDefaultCard,
    State,
    parse_command,
)
from producer.contract.card_data.card_numbers import find_card_data, holds_card_number
from producer.contract.messages import Text
from producer.contract.metadata import parse_metadata
from producer.contract.refusals import IdempotencyKeyReused
from producer.contract.senders import WANTED, is_sender
from producer.contract.texts import Language
from producer.journal import (
    Acceptance,
    Call,
    Candidate,
    JournalUnavailable,
    accept,
    accept_many,
    cancel,
)
from producer.observability import tracing
from producer.security.command_signatures import UNSIGNED, Signing

Order: TypeAlias = AssignCard | SetDefaultCard
Metadata: TypeAlias = Mapping[str, str]
# An order, or an order with its idempotency key, and perhaps its metadata.
Item: TypeAlias = Order | tuple[Order, str | None] | tuple[Order, str | None, Metadata | None]
LaneName: TypeAlias = Lane | Literal["interactive", "bulk"]
OnRefused: TypeAlias = Callable[[Item, Refusal], object]

# Commands in one round trip: large enough that the trip does not count.
WINDOW = 500
# Commands that share a message of the bulk lane. More gains little, and a killed worker's message
# is delivered again whole.
BATCH = 50
# A subscription may miss a message while it is re-established; reading again makes up for it.
READ_AGAIN_S = 5.0
RECONNECT_S = 0.2
_KEY_LENGTH = 255


def assign_order(customer: str, source: str) -> Order:
    """An AssignCard of untrusted fields. Raises Refusal."""
    return parse_command(CommandKind.ASSIGN_CARD, {"userId": customer, "source": source})


def set_default_order(customer: str, card: str) -> Order:
    """A SetDefaultCard of untrusted fields. Raises Refusal."""
    return parse_command(CommandKind.SET_DEFAULT_CARD, {"userId": customer, "default_source": card})


def acceptance(
    order: Order,
    idempotency_key: str | None,
    lane: LaneName,
    sender: str = "",
    signing: Signing = UNSIGNED,
    trace: str = "",
    metadata: Metadata | None = None,
) -> Call[Acceptance]:
    """The call that accepts the order, with the context of a trace. Raises Refusal."""
    return accept(
        checked_order(order),
        command_id=str(uuid4()),
        lane=checked_lane(lane),
        idempotency_key=checked_key(idempotency_key),
        sender=sender,
        signing=signing,
        trace=trace,
        metadata=checked_metadata(metadata),
    )


def checked_order(order: Order) -> Order:
    """The order, if it holds no card data. Raises CardNumberRefused."""
    if (leaking := find_card_data(order.kwargs())) is not None:
        raise CardNumberRefused(Text.CARD_NUMBER, field=leaking)
    return order


def checked_sender(name: str) -> str:
    """The name of a service, or none. Raises ValueError."""
    if name and not is_sender(name):
        raise ValueError(f"sender {WANTED}")
    return name


def checked_lane(lane: LaneName) -> Lane:
    """The lane of that name. Raises ParameterInvalid."""
    try:
        return Lane(lane)
    except ValueError:
        raise ParameterInvalid(Text.BAD_LANE) from None


def checked_key(key: str | None) -> str | None:
    """The idempotency key, if it is valid. Raises ParameterInvalid or CardNumberRefused."""
    if key is None:
        return None
    if not isinstance(key, str) or not 1 <= len(key) <= _KEY_LENGTH:
        raise ParameterInvalid(Text.BAD_IDEMPOTENCY_KEY)
    if holds_card_number(key):
        raise CardNumberRefused(Text.CARD_NUMBER, field="Idempotency-Key")
    return key


def checked_metadata(given: Metadata | None) -> Metadata:
    """The tags, if they are valid. Raises ParameterInvalid or CardNumberRefused."""
    return {} if given is None else parse_metadata(given)


def split(item: Item) -> tuple[Order, str | None, Metadata | None]:
    """The order, its idempotency key and its metadata."""
    if not isinstance(item, tuple):
        return item, None, None
    return item if len(item) == 3 else (*item, None)


class Window:
    """Some items of a longer run, accepted in one round trip; a refused one stops no other.

    In the bulk lane 50 commands share a message, which costs a tenth of a message each.
    """

    def __init__(
        self,
        items: Iterable[Item],
        lane: LaneName,
        flow: str,
        sender: str = "",
        signing: Signing = UNSIGNED,
    ) -> None:
        """`flow` names the run: runs share the bulk lane evenly, whatever each has sent.

        `sender` is whose idempotency keys they are.
        """
        self._items = list(items)
        self._refused: dict[int, Refusal] = {}
        candidates: list[Candidate] = []
        lane = checked_lane(lane)
        # Of its own for each command: one span for a message of 50 would be the parent of all.
        traced = tracing.is_on()
        context = "" if traced else tracing.current()
        for place, item in enumerate(self._items):
            try:
                one = _candidate(*split(item), context)
            except Refusal as refusal:
                self._refused[place] = refusal
                continue
            if traced:
                one = replace(one, trace=tracing.created(one.command.kind, one.id, lane))
            candidates.append(one)
        size = BATCH if lane is Lane.BULK else 1
        self.calls: list[Call[list[Acceptance | IdempotencyKeyReused]]] = [
            accept_many(
                candidates[start : start + size],
                lane=lane,
                flow=flow,
                sender=sender,
                signing=signing,
            )
            for start in range(0, len(candidates), size)
        ]

    def outcomes(
        self, answers: Iterable[list[Acceptance | IdempotencyKeyReused]]
    ) -> Iterator[tuple[Item, Acceptance | Refusal]]:
        """Each item with its outcome, in the order they were given."""
        answered = chain.from_iterable(answers)
        for place, item in enumerate(self._items):
            yield item, self._refused.get(place) or next(answered)

    def accepted(
        self,
        answers: Iterable[list[Acceptance | IdempotencyKeyReused]],
        on_refused: OnRefused | None,
    ) -> Iterator[tuple[Acceptance, Order]]:
        """The accepted orders; refusals go to `on_refused`, or, without one, are raised."""
        for item, outcome in self.outcomes(answers):
            if not isinstance(outcome, Refusal):
                yield outcome, split(item)[0]
            elif on_refused is None:
                raise outcome
            else:
                on_refused(item, outcome)


def _candidate(
    order: Order, idempotency_key: str | None, metadata: Metadata | None, trace: str
) -> Candidate:
    key, tags = checked_key(idempotency_key), checked_metadata(metadata)
    return Candidate(str(uuid4()), checked_order(order), key, trace, tags)


def cancellation(command_id: str, language: Language, status_ttl_s: int) -> Call[State | None]:
    """The call that cancels a command."""
    envelope = Envelope.no("cancelled", Text.CANCELLED.say(language))
    return cancel(command_id, envelope, keep_s=status_ttl_s)


def left(deadline: float | None) -> float:
    """Seconds until the deadline (by `time.monotonic`), at least 0; READ_AGAIN_S without one."""
    return READ_AGAIN_S if deadline is None else max(0.0, deadline - time.monotonic())


def other_data(error: Exception) -> bool:
    """Whether waiting is of no use: Redis answers, and has lost its data."""
    return isinstance(error, JournalUnavailable) and error.other_data


def unavailable(error: Exception) -> JournalUnavailable:
    """The error for a connection that was lost while waiting."""
    return JournalUnavailable(error.cause if isinstance(error, JournalUnavailable) else error)
