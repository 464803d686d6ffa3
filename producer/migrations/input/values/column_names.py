"""Usual names of columns of customers and cards."""

from __future__ import annotations

import unicodedata

# Names in Stripe's exports, API and Sigma, and in other systems, in English and Spanish, in the
# form of `bare`.
CUSTOMERS = frozenset(
    {
        *("userid", "user", "customer", "customerid", "customeridnew", "stripecustomer"),
        *("stripecustomerid", "stripeuserid", "cus", "cusid", "cust", "custid", "cid", "client"),
        *("clientid", "cliente", "clienteid", "idcliente", "idusuario", "usuario", "usuarioid"),
    }
)
# The card that is the default, or will be.
DEFAULTS = frozenset(
    {
        *("defaultsource", "defaultsourceid", "defaultpaymentmethod", "defaultpaymentmethodid"),
        *("invoicesettingsdefaultpaymentmethod", "invoicesettingsdefaultpaymentmethodid"),
        *("defaultcard", "defaultcardid", "defaultpm", "tarjetapredeterminada"),
    }
)
# Any card of the customer.
CARDS = frozenset(
    {
        *("card", "cardid", "paymentmethod", "paymentmethodid", "pm", "pmid", "source", "sourceid"),
        *("sourceidnew", "paymentsource", "paymentsourceid", "stripecard", "stripecardid"),
        *("stripesource", "stripesourceid", "stripepaymentmethod", "stripepaymentmethodid"),
        *("tarjeta", "tarjetaid", "idtarjeta", "metododepago", "metodopago"),
    }
)
TOKENS = frozenset({"token", "tokenid", "tok", "cardtoken", "sourcetoken", "stripetoken"})
# Only the values show whose id it is.
IDS = frozenset({"id", "stripeid"})


def bare(name: str) -> str:
    """The letters and digits of a name, in lower case and without accents."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(c for c in plain if c.isalnum())
