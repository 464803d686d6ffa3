"""What columns of customers and cards are called, by whom they come from."""

from __future__ import annotations

import unicodedata

# Stripe's exports, its API's attributes and Sigma's columns, and what systems beside Stripe call
# them, in English and Spanish; as `bare` writes them.
CUSTOMERS = frozenset(
    {
        *("userid", "user", "customer", "customerid", "customeridnew", "stripecustomer"),
        *("stripecustomerid", "stripeuserid", "cus", "cusid", "cust", "custid", "cid", "client"),
        *("clientid", "cliente", "clienteid", "idcliente", "idusuario", "usuario", "usuarioid"),
    }
)
# They say which card is the default, or is to be it.
DEFAULTS = frozenset(
    {
        *("defaultsource", "defaultsourceid", "defaultpaymentmethod", "defaultpaymentmethodid"),
        *("invoicesettingsdefaultpaymentmethod", "invoicesettingsdefaultpaymentmethodid"),
        *("defaultcard", "defaultcardid", "defaultpm", "tarjetapredeterminada"),
    }
)
# They say a card of the customer.
CARDS = frozenset(
    {
        *("card", "cardid", "paymentmethod", "paymentmethodid", "pm", "pmid", "source", "sourceid"),
        *("sourceidnew", "paymentsource", "paymentsourceid", "stripecard", "stripecardid"),
        *("stripesource", "stripesourceid", "stripepaymentmethod", "stripepaymentmethodid"),
        *("tarjeta", "tarjetaid", "idtarjeta", "metododepago", "metodopago"),
    }
)
TOKENS = frozenset({"token", "tokenid", "tok", "cardtoken", "sourcetoken", "stripetoken"})
# Whose id it is, only its values say.
IDS = frozenset({"id", "stripeid"})


def bare(name: str) -> str:
    """A name without case, accents, spaces, underscores and hyphens."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(c for c in plain if c.isalnum())
