"""What docs/runbook.md says to do about a state and about each code of a failed command."""

from __future__ import annotations

from producer.contract.texts import Bilingual, Say

_MAINTAINERS = (
    "`cards export ID`, a quienes mantienen el programa",
    "`cards export ID`, to the maintainers",
)


class CodeTodo(Bilingual):
    """The third column of its table of codes, by the code."""

    api_error = (
        "cuando Stripe se recupere: `cards failed replay --filter code=api_error`",
        "when Stripe is well: `cards failed replay --filter code=api_error`",
    )
    api_connection_error = (
        "corrija la red y después `cards failed replay --filter code=api_connection_error`",
        "mend the network, then `cards failed replay --filter code=api_connection_error`",
    )
    rate_limit = (
        "CardsRateLimited y después `cards failed replay --filter code=rate_limit`",
        "CardsRateLimited, then `cards failed replay --filter code=rate_limit`",
    )
    lock_timeout = (
        "`cards failed replay --filter code=lock_timeout`",
        "`cards failed replay --filter code=lock_timeout`",
    )
    idempotency_error = _MAINTAINERS
    expired = (
        "revise el cliente en Stripe y después `cards failed replay ID`",
        "look at the customer at Stripe, then `cards failed replay ID`",
    )
    poison = (f"{_MAINTAINERS[0]}; no lo reprocese", f"{_MAINTAINERS[1]}; do not replay")
    internal_error = (
        f"{_MAINTAINERS[0]}; reprocéselo con la próxima versión",
        f"{_MAINTAINERS[1]}; replay with the next release",
    )


class _Other(Bilingual):
    """The advice for codes without one of their own."""

    TODO = ("`cards failed show ID` dice por qué", "`cards failed show ID` says why")


class StateTodo(Bilingual):
    """By the state of a command."""

    succeeded = ("nada", "nothing")
    rejected = (
        "nada aquí: quien lo envió recibió el motivo de Stripe, y enviará otro comando si debe "
        "hacerse",
        "nothing here: the caller was told Stripe's reason, and sends a new command if it should "
        "be done",
    )
    superseded = (
        "nada: se aplicó un comando más reciente para el mismo cliente y campo",
        "nothing: a newer command for the same customer and slot was applied",
    )
    cancelled = (
        "nada: lo canceló una persona antes de que se enviara",
        "nothing: a person did that before it was sent",
    )
    unknown = ("espere; se está averiguando", "wait; it is looked up")
    failed = ("revíselo, y después reprocéselo o déjelo", "look, then replay or leave")


def todo_of_code(say: Say, code: str) -> str:
    """What to type about failed commands of the code; what is code stands in backticks."""
    return say(CodeTodo.__members__.get(code, _Other.TODO))


def todo_of_state(say: Say, state: str) -> str:
    """What a person does about a command of the state; "" where it goes on by itself."""
    todo = StateTodo.__members__.get(state)
    return "" if todo is None else say(todo)


def known_codes() -> dict[str, str]:
    """Every code, and what to do about it in English."""
    return {code: todo.english for code, todo in CodeTodo.__members__.items()}


def known_states() -> dict[str, str]:
    """Every state, likewise."""
    return {state: todo.english for state, todo in StateTodo.__members__.items()}
