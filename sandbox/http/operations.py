"""The operations of Stripe's API that the sandbox supports, and finding one by its path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.objects import views
from sandbox.objects.account import Account
from sandbox.protocol.calls import Call
from sandbox.protocol.errors import Json, StripeError
from sandbox.resources import customers, pages, payment_methods, sources, subscriptions, tokens

_LIST = frozenset({"limit", "starting_after", "ending_before"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One method and path. Parameters besides `params` are refused, as at Stripe."""

    method: str
    template: str
    handler: Callable[[Account, Call], Json]
    params: frozenset[str] = frozenset()
    expandable: frozenset[str] = frozenset()
    check: Callable[[Call], None] | None = None

    @property
    def endpoint(self) -> str:
        """The operation's name, which Stripe's endpoint limit counts by."""
        return f"{self.method} {self.template}"

    def validate(self, call: Call) -> None:
        """Raises StripeError 400; a failed validation is not saved under an idempotency key."""
        for name, value in call.params.items():
            if name == "expand":
                self._check_expand(value)
            elif name not in self.params:
                raise StripeError(
                    400,
                    f"Received unknown parameter: {name}",
                    code="parameter_unknown",
                    param=name,
                )
        if self.check is not None:
            self.check(call)

    def _check_expand(self, names: object) -> None:
        if not isinstance(names, list):
            raise StripeError(400, "Invalid array", code="parameter_invalid", param="expand")
        for name in names:
            if name not in self.expandable:
                raise StripeError(
                    400, f"This property cannot be expanded ({name}).", param="expand"
                )


_CUSTOMER_PARAMS = frozenset(
    {"email", "name", "phone", "description", "metadata", "source", "invoice_settings"}
)

_SUBSCRIPTION_DEFAULTS = frozenset({"default_payment_method", "default_source"})

OPERATIONS = (
    Operation(
        "GET",
        "/v1/customers",
        customers.listed,
        _LIST | {"email"},
        views.of_list(views.CUSTOMER),
        pages.check,
    ),
    Operation(
        "POST",
        "/v1/customers",
        customers.create,
        _CUSTOMER_PARAMS | {"payment_method"},
        views.CUSTOMER,
        customers.check,
    ),
    Operation("GET", "/v1/customers/:id", customers.retrieve, expandable=views.CUSTOMER),
    Operation(
        "POST",
        "/v1/customers/:id",
        customers.update,
        _CUSTOMER_PARAMS | {"default_source"},
        views.CUSTOMER,
        customers.check,
    ),
    Operation("DELETE", "/v1/customers/:id", customers.delete),
    Operation(
        "GET",
        "/v1/customers/:id/sources",
        sources.listed,
        _LIST | {"object"},
        views.of_list(views.HELD),
        pages.check,
    ),
    Operation(
        "POST",
        "/v1/customers/:id/sources",
        sources.create,
        frozenset({"source", "metadata"}),
        views.HELD,
        sources.check,
    ),
    Operation("GET", "/v1/customers/:id/sources/:id", sources.retrieve, expandable=views.HELD),
    Operation("DELETE", "/v1/customers/:id/sources/:id", sources.delete),
    Operation(
        "GET",
        "/v1/customers/:id/payment_methods",
        payment_methods.listed_of_customer,
        _LIST | {"type"},
        views.of_list(views.HELD),
        pages.check,
    ),
    Operation(
        "GET",
        "/v1/customers/:id/payment_methods/:id",
        payment_methods.retrieve_of_customer,
        expandable=views.HELD,
    ),
    Operation(
        "GET",
        "/v1/payment_methods",
        payment_methods.listed,
        _LIST | {"customer", "type"},
        views.of_list(views.HELD),
        pages.check,
    ),
    Operation(
        "POST",
        "/v1/payment_methods",
        payment_methods.create,
        frozenset({"type", "card", "metadata"}),
        views.HELD,
        payment_methods.check_new,
    ),
    Operation("GET", "/v1/payment_methods/:id", payment_methods.retrieve, expandable=views.HELD),
    Operation(
        "POST",
        "/v1/payment_methods/:id",
        payment_methods.update,
        frozenset({"metadata"}),
        views.HELD,
        payment_methods.check_update,
    ),
    Operation(
        "POST",
        "/v1/payment_methods/:id/attach",
        payment_methods.attach,
        frozenset({"customer"}),
        views.HELD,
        payment_methods.check_attach,
    ),
    Operation(
        "POST",
        "/v1/payment_methods/:id/detach",
        payment_methods.detach,
        expandable=views.HELD,
    ),
    Operation(
        "POST",
        "/v1/sources",
        sources.create_source,
        frozenset({"type", "token", "metadata"}),
        check=sources.check_new,
    ),
    Operation("GET", "/v1/sources/:id", sources.retrieve_source),
    Operation(
        "GET",
        "/v1/subscriptions",
        subscriptions.listed,
        _LIST | {"customer", "status"},
        check=pages.check,
    ),
    Operation(
        "POST",
        "/v1/subscriptions",
        subscriptions.create,
        _SUBSCRIPTION_DEFAULTS | {"customer", "items"},
        check=subscriptions.check_new,
    ),
    Operation("GET", "/v1/subscriptions/:id", subscriptions.retrieve),
    Operation(
        "POST",
        "/v1/subscriptions/:id",
        subscriptions.update,
        _SUBSCRIPTION_DEFAULTS,
        check=subscriptions.check,
    ),
    Operation("DELETE", "/v1/subscriptions/:id", subscriptions.cancel),
    Operation("POST", "/v1/tokens", tokens.create, frozenset({"card"}), check=tokens.check),
    Operation("GET", "/v1/tokens/:id", tokens.retrieve),
)


def _shape(method: str, steps: list[str]) -> tuple[str, str, str, int]:
    """What identifies an operation: every second step is an id, so the others and the length."""
    return method, steps[2], steps[4] if len(steps) > 4 else "", len(steps)


_BY_SHAPE = {_shape(each.method, each.template.split("/")): each for each in OPERATIONS}


def find(method: str, path: str) -> tuple[Operation, tuple[str, ...]] | None:
    """The operation at a path, and the ids in the path."""
    steps = path.split("/")
    if len(steps) < 3 or steps[1] != "v1":
        return None
    operation = _BY_SHAPE.get(_shape(method, steps))
    return (operation, tuple(steps[3::2])) if operation is not None else None
