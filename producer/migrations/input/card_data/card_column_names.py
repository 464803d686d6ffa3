"""Recognises names of columns that would hold card numbers or CVCs."""

from __future__ import annotations

import re

from producer.contract.card_data.card_numbers import looks_like_cvc, named_like_cvc

_WORD = re.compile(r"[a-z]+")
# Names, without separators, of columns with a primary account number (the term of PCI DSS), in
# English and Spanish.
_NUMBER_NAME = re.compile(
    r"card(?:num|no$|nr$)|(?:^|[^a])cc(?:num|no$|nr$)|creditcard$|primaryaccountn|numero(?:de)?(?:la)?tarjeta"
    r"|(?:num|nro|no)tarjeta|tarjeta(?:numero|num|nro)"
)
_CVC_NAME = re.compile(r"codigo(?:de)?seguridad|securitycode|cardverification|^cv[cv2]+$")
_LAST_DIGITS = re.compile("last(?:4|four)")
# American Express's name for its CVC, and a common name for a customer's id.
_CID = re.compile(r"(?<![a-z])cid(?=\d?(?:$|[^a-z]))")
_OF_A_CARD = frozenset({"amex", "card", "cc", "code", "codigo", "tarjeta"})
# Words for the result of a CVC check, rather than the CVC.
_OF_A_CHECK = frozenset(
    {
        *("check", "checks", "outcome", "provided", "recollection", "require", "required"),
        *("response", "result", "resultado", "status", "verificacion", "estado"),
    }
)
# Stripe docs: API reference, cards/object, cvc_check; and whether a CVC was given.
_OUTCOMES = frozenset({"pass", "fail", "unavailable", "unchecked", "true", "false"})
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CHECKED = 1_000  # characters of a value


def named_like_card_data(name: str) -> bool:
    """Whether a column of this name would hold card numbers or CVCs; a `cid` column may not."""
    return named_like_number(name) or named_like_cvcs(name)


def named_like_number(name: str) -> bool:
    """Whether a column of this name would hold card numbers."""
    parted = _parted(name)
    bare = _bare(parted)
    if _LAST_DIGITS.search(bare):
        return False
    return "pan" in _WORD.findall(parted) or _NUMBER_NAME.search(bare) is not None


def named_like_cvcs(name: str) -> bool:
    """Whether a column of this name would hold CVCs, or results of CVC checks."""
    parted = _parted(name)
    if _OF_A_CARD.isdisjoint(_WORD.findall(parted)):
        parted = _CID.sub("id", parted)
    bare = _bare(parted)
    if _LAST_DIGITS.search(bare):
        return False
    return named_like_cvc(parted) or _CVC_NAME.search(bare) is not None


def named_like_check(name: str) -> bool:
    """Whether the name of a CVC-like column says that it is of checks."""
    return not _OF_A_CHECK.isdisjoint(_WORD.findall(_parted(name)))


def named_cid(name: str) -> bool:
    """Whether a column of this name holds CVCs or customers' ids: its values decide."""
    parted = _parted(name)
    return (
        _CID.search(parted) is not None
        and _LAST_DIGITS.search(_bare(parted)) is None
        and not named_like_card_data(name)
    )


def is_outcome(value: object) -> bool:
    """Whether a value is the result of a CVC check, rather than a CVC."""
    if isinstance(value, str):
        return value.strip().lower() in _OUTCOMES
    return isinstance(value, bool)


def is_cvc(value: object) -> bool:
    """Whether a value looks like a CVC."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return False
    # Tables of numbers with gaps write whole numbers as 123.0.
    return looks_like_cvc(str(value)[:_CHECKED].strip().removesuffix(".0"))


def _parted(name: str) -> str:
    return _CAMEL.sub("_", name).lower()


def _bare(parted: str) -> str:
    return re.sub(r"[^a-z0-9]", "", parted.replace("ó", "o").replace("ú", "u"))
