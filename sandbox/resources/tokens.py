"""/v1/tokens."""

from __future__ import annotations

from typing import Any

from sandbox.objects import brands
from sandbox.objects.account import Account
from sandbox.objects.cards import Card, CardFace
from sandbox.objects.objects import Token
from sandbox.protocol.calls import Call
from sandbox.protocol.errors import Json, StripeError, declined, missing


def check(call: Call) -> None:
    """Raises StripeError 400 for missing card details."""
    card = call.params.get("card")
    if not isinstance(card, dict):
        raise StripeError(
            400, "Missing required param: card.", code="parameter_missing", param="card"
        )
    face_of(card)


def face_of(card: dict[str, Any]) -> CardFace:
    """The card details for one of Stripe's test numbers.

    Raises StripeError 402 for any other number, as Stripe's test mode does; the number is
    neither kept nor echoed.
    """
    values = []
    for name in ("number", "exp_month", "exp_year"):
        value = card.get(name)
        if not isinstance(value, str) or not value:
            raise StripeError(
                400,
                f"Missing required param: card[{name}].",
                code="parameter_missing",
                param=f"card[{name}]",
            )
        values.append(value)
    number, month, year = values
    brand = brands.of_number(number)
    if brand is None:
        raise declined(
            "card_declined",
            "test_mode_live_card",
            "Your card was declined. Your request was in test mode, but used a non test card. For "
            "a list of valid test cards, visit: https://stripe.com/docs/testing.",
        )
    if not month.isdecimal() or not 1 <= int(month) <= 12:
        raise declined("invalid_expiry_month", None, "Your card's expiration month is invalid.")
    if not year.isdecimal() or not 2000 <= int(year) <= 2099:
        raise declined("invalid_expiry_year", None, "Your card's expiration year is invalid.")
    holder = card.get("name")
    return CardFace(brand, int(month), int(year), holder if isinstance(holder, str) else None)


def create(account: Account, call: Call) -> Json:
    card = account.ids.new("card")
    token = Token(account.ids.new("tok"), card, face_of(call.params["card"]), account.now())
    account.tokens[token.id] = token
    account.record("token.created", call, token.id)
    return _shown(token)


def retrieve(account: Account, call: Call) -> Json:
    id = call.ids[0]
    brand = brands.of_test_token(id)
    if brand is not None:
        return _shown(Token(id, account.ids.new("card"), CardFace(brand), account.now()))
    token = account.token(id)
    if token is None:
        raise missing("token", id, "token")
    return _shown(token)


def usable(account: Account, id: str, param: str, *, attaching: bool = True) -> Token | CardFace:
    """An unused token, or the face of a test token such as tok_visa, which is reusable.

    Raises StripeError: 400 for an unknown or used one, 402 when attaching one that declines.
    """
    brand = brands.of_test_token(id)
    if brand is not None:
        face = CardFace(brand)
        if attaching:
            check_accepted(face)
        return face
    token = account.token(id)
    if token is None:
        raise missing("token", id, param, 400)
    if token.used:
        raise StripeError(
            400,
            f"You cannot use a Stripe token more than once: {id}.",
            code="token_already_used",
            param=param,
        )
    if attaching:
        check_accepted(token.face)
    return token


def spend(account: Account, what: Token | CardFace) -> str:
    """Mark a token used; return the id of the card made from it."""
    if isinstance(what, Token):
        what.used = True
        return what.card
    return account.ids.new("card")


def check_accepted(face: CardFace) -> None:
    """Raises StripeError 402 for a card that its bank refuses at attachment."""
    decline = face.brand.decline
    if decline is not None:
        raise declined(decline.code, decline.decline_code, decline.message)


def _shown(token: Token) -> Json:
    card = Card(token.card, token.face, None, token.created, 0).shown()
    if not token.used:
        card["cvc_check"] = "unchecked"
    return {
        "id": token.id,
        "object": "token",
        "card": card,
        "client_ip": None,
        "created": token.created,
        "livemode": False,
        "type": "card",
        "used": token.used,
    }
