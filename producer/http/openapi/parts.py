"""Building blocks of the routes' OpenAPI descriptions."""

from __future__ import annotations

from typing import Any

from producer.security.api_tokens import Scope


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def yes(description: str, data: dict[str, Any], **headers: str) -> dict[str, Any]:
    envelope = {
        "type": "object",
        "required": ["status", "message", "data"],
        "properties": {"status": {"const": True}, "message": {"type": "string"}, "data": data},
        "additionalProperties": False,
    }
    return answer(description, envelope, **headers)


def no(description: str, **headers: str) -> dict[str, Any]:
    return answer(description, ref("Refused"), **headers)


def answer(description: str, schema: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": description,
        "content": {"application/json": {"schema": schema}},
    }
    if headers:
        answer["headers"] = {
            name.replace("_", "-"): {"description": text, "schema": {"type": "string"}}
            for name, text in headers.items()
        }
    return answer


def parameter(
    name: str, where: str, description: str, schema: dict[str, Any], *, required: bool = False
) -> dict[str, Any]:
    return {
        "name": name,
        "in": where,
        "required": required,
        "description": description,
        "schema": schema,
    }


ENCODING = no(
    "`encoding_unsupported`: the body has a `Content-Encoding` that is not accepted here, or does "
    "not match it.",
    Accept_Encoding="The encodings accepted.",
)
RETRY = {"Retry_After": "Seconds until the next attempt."}
UNKNOWN_HOST = no("`host_unknown`: `Host` names neither loopback nor one of CARDS_HOSTS.")
_REFUSED = {
    400: no(
        "`parameter_missing`, `parameter_invalid` or `card_number_refused`; or Stripe's refusal, "
        "with Stripe's code. `host_invalid`: HTTP/1.1 without a single valid `Host`."
    ),
    401: no("`unauthorized`: missing or unknown bearer token.", WWW_Authenticate="`Bearer`"),
    408: no("`request_timeout`: headers or body arrived too slowly. The connection is closed."),
    421: UNKNOWN_HOST,
    429: no(
        "`rate_limited`: more requests than CARDS_API_RPS, or too many wrong tokens. Nothing was "
        "done.",
        RateLimit_Policy="The limit, in the syntax of draft-ietf-httpapi-ratelimit-headers.",
        RateLimit="What is left of the limit. Both are on every answer if there is a limit.",
        **RETRY,
    ),
    431: no("`head_too_large`: over 32 kB or 100 headers. The connection is closed."),
    500: no("`internal_error`: a bug; whether anything was accepted is unknown."),
    503: no(
        "`unavailable`: Redis cannot be reached, nothing was accepted; or `too_many_connections`.",
        **RETRY,
    ),
}


def refused(*scopes: Scope, other_origin: bool = False) -> dict[Any, Any]:
    """The refusals common to all routes, for a route that needs one of the scopes."""
    names = " or ".join(f"`{scope.value}`" for scope in scopes)
    forbidden = f"`forbidden`: the token lacks the scope {names}."
    if other_origin:
        forbidden += " `other_origin`: a browser sent the request for a foreign page."
    challenge = '`Bearer error="insufficient_scope"`, for `forbidden`'
    return {**_REFUSED, 403: no(forbidden, WWW_Authenticate=challenge)}
