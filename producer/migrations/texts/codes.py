"""What each code of a row means for a person, and what to do about it: for plan, report and page.

The table of docs/migrations.md says the same; a test compares them. Stripe's codes: docs,
error-codes.
"""

from __future__ import annotations

_FIX_AND_RUN = "correct it in the file (or in errors.csv) and run that"
_ASK_THE_CUSTOMER = "ask the customer for another card; running it again changes nothing"
_AGAIN = "run errors.csv again"
_CHOOSE = "choose in the file that --undecided writes, and run that"

_TODO = {
    # The row itself.
    "parameter_missing": f"fill the column: {_FIX_AND_RUN}",
    "parameter_invalid": f"check the column's ids: {_FIX_AND_RUN}",
    "spreadsheet_damage": "a spreadsheet has changed the id: take the file as it was exported, not "
    "as it was saved there, or have the column imported as text",
    "id_case": "capitals and small letters matter in ids: export the file again, and do not change "
    "their case",
    "hidden_character": f"write the id anew, without what cannot be seen in it: {_FIX_AND_RUN}",
    "card_number_refused": "take the number out of every file and copy; send a token instead",
    "not_utf8": "save the file in UTF-8 and plan it again",
    "nul_byte": f"the file may be damaged where it was written: {_FIX_AND_RUN}",
    "field_too_long": f"an id has at most 255 characters: {_FIX_AND_RUN}",
    "line_too_long": "look whether a line end is missing there; write the row anew",
    "line_unreadable": "save the file with LF or CRLF as line ends",
    "quote_not_closed": "close the quote, or double quotes inside quotes",
    "too_few_fields": "look whether the line was cut, or a delimiter is missing",
    "too_many_fields": "put values that hold the delimiter in quotes",
    "torn_line": "copy the file again; if it is whole, end its last line with a line end",
    "not_json": "write one JSON object a line",
    "formula_not_calculated": "open the workbook in Excel, have it calculated, and save it",
    "unknown_command": f"write AssignCard or SetDefaultCard: {_FIX_AND_RUN}",
    "both_filled": f"leave one of the two empty, or use two rows: {_FIX_AND_RUN}",
    "unknown_object": "leave out what is no card, payment method, source or customer, or name the "
    "columns with --map",
    "no_card": "nothing to make the default; import the card first",
    # It is not said which card is meant.
    "ambiguous_cards": f"{_CHOOSE}; of a copy, --old-defaults FILE says which was the default",
    "contradictory_defaults": f"look at the old account; then {_CHOOSE}",
    "default_not_copied": f"have the old default copied too; or {_CHOOSE}",
    "contradictory_copies": f"look which copy is in use; then {_CHOOSE}",
    # Applied, or so already.
    "shadowed": "another default comes first and is charged: set that one, or take it away, if "
    "this one should be charged",
    # Nothing is wrong with it, and nothing to be sent.
    "blank_row": "nothing: the row is blank",
    "bank_account": "nothing: it is a bank account, which is not made a default here",
    "not_a_card": "nothing: it is a payment method of another kind, which is not made a default "
    "here",
    "no_default": "nothing: the customer has no card here, or no default",
    # Not sent, or not applied, without Stripe having a say.
    "repeated_row": "nothing: the customer's row before it says the same",
    "not_default": "nothing: another card of the customer was the default",
    "superseded": "nothing: a newer command for the same customer stands",
    "unchanged": "nothing: the customer has a default",
    "drifted": "the customer's default is not what the file expects: look which should stand",
    "cancelled": f"if it should be done after all: {_AGAIN}",
    # Stripe said no.
    "resource_missing": "check that the ids are of this account and mode, and were not deleted",
    "card_declined": _ASK_THE_CUSTOMER,
    "expired_card": _ASK_THE_CUSTOMER,
    "incorrect_cvc": _ASK_THE_CUSTOMER,
    "incorrect_number": _ASK_THE_CUSTOMER,
    "incorrect_zip": _ASK_THE_CUSTOMER,
    "processing_error": f"the bank could not be asked: {_AGAIN}",
    "token_already_used": "the token was spent elsewhere: look at the customer's cards, or make "
    "a new token",
    "token_in_use": f"another request was using the token: {_AGAIN}",
    "livemode_mismatch": "the ids are of the other mode: run with that mode's key",
    "payment_method_unactivated": "activate the payment method's kind in Stripe's dashboard",
    "customer_max_payment_methods": "detach cards the customer no longer uses, then run it again",
    "attached_elsewhere": "it belongs to another customer: collect the card again with a "
    "SetupIntent, and send the new payment method",
    "payment_method_not_reusable": "it was detached, or used while attached to nobody: collect the "
    "card again with a SetupIntent, and send the new payment method",
    "parameter_unknown": "a bug here, or an account with another API version: tell the maintainers",
    "invalid_request_error": "read the message: Stripe does not take this request as it stands",
    # Given up.
    "idempotency_error": "a bug here: tell the maintainers, with the command's id",
    "lock_timeout": f"something else kept changing the customer: {_AGAIN}",
    "rate_limit": f"Stripe was asked too much: throttle the migration, then {_AGAIN}",
    "api_error": "Stripe failed for a day: `cards failed replay` takes the command up again",
    "api_connection_error": "Stripe was out of reach: `cards failed replay` takes it up again",
    "expired": "it is not known what Stripe did for a day: look at the customer, then "
    "`cards failed replay`",
    "lost": "the journal has lost it: look at the customer at Stripe before it is run again",
    "signature_missing": f"workers demand signatures: set CARDS_SIGNING_KEYS, then {_AGAIN}",
    "signature_invalid": "its row in Redis was changed, or its key is not listed at the workers: "
    "look who writes to Redis",
    "signature_stale": f"it waited longer than CARDS_SIGNATURE_MAX_AGE: {_AGAIN}",
    "poison": "it killed its worker: tell the maintainers, with the command's id",
    "internal_error": "a bug here: tell the maintainers, with the command's id",
    "failed": "`cards failed show ID` says why; `cards failed replay ID` takes it up again",
}
_OTHERWISE = "look the code up in Stripe's documentation (error codes), then run errors.csv again"


def todo(code: str) -> str:
    """What a person does next about rows that ended with the code."""
    return _TODO.get(code, _OTHERWISE)


def known_codes() -> dict[str, str]:
    """Every code with something of its own to say, and what."""
    return dict(_TODO)
