"""The parts that descriptions of routes in the OpenAPI document are made of."""

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
    "`encoding_unsupported`: the body has a `Content-Encoding` that is not taken here, or is not "
    "in the one it names.",
    Accept_Encoding="What is taken.",
)
RETRY = {"Retry_After": "Seconds after which to ask again."}
UNKNOWN_HOST = no("`host_unknown`: `Host` names neither loopback nor one of CARDS_HOSTS.")
_REFUSED = {
    400: no(
        "`parameter_missing`, `parameter_invalid` or `card_number_refused`; or Stripe's refusal, "
        "with Stripe's code. `host_invalid`: HTTP/1.1 without a single valid `Host`."
    ),
    401: no("`unauthorized`: no or wrong bearer token.", WWW_Authenticate="`Bearer`"),
    408: no("`request_timeout`: headers or body came too slowly. The connection is closed."),
    421: UNKNOWN_HOST,
    429: no(
        "`rate_limited`: more requests than CARDS_API_RPS, or too many wrong tokens; nothing was "
        "done.",
        RateLimit_Policy="The limit, in the syntax of draft-ietf-httpapi-ratelimit-headers.",
        RateLimit="What is left of it. Both on every answer where there is a limit.",
        **RETRY,
    ),
    431: no("`head_too_large`: over 32 kB, or 100, of headers. The connection is closed."),
    500: no("`internal_error`: a bug of this process; nothing is known to have been accepted."),
    503: no(
        "`unavailable`: Redis is out of reach, nothing was accepted; or `too_many_connections`.",
        **RETRY,
    ),
}


def refused(*scopes: Scope, other_origin: bool = False) -> dict[Any, Any]:
    """What a route that needs one of the scopes is refused with, as every route is."""
    names = " or ".join(f"`{scope.value}`" for scope in scopes)
    forbidden = f"`forbidden`: the token has not the scope {names}."
    if other_origin:
        forbidden += " `other_origin`: a browser sent it for a page of somebody else's."
    challenge = '`Bearer error="insufficient_scope"`, where it is that'
    return {**_REFUSED, 403: no(forbidden, WWW_Authenticate=challenge)}
