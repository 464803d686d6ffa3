"""The OpenAPI document matches the process's behaviour, and its page needs no network."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_schema_validator import OAS31Validator

from producer.contract import CommandStatus
from tests.unit.http.web import ASSIGN, DEFAULT

_OF_A_MIGRATION = (
    *("run", "pause", "resume", "cancel", "throttle", "events", "plan"),
    *("report.csv", "report.jsonl", "report.html", "errors.csv", "undo.csv"),
)


@pytest.fixture
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    """The document as served."""
    made: dict[str, Any] = (await client.get("/openapi.json")).json()
    return made


def _schema(document: dict[str, Any], name: str) -> OAS31Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return OAS31Validator(schema)


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [ref for value in part.values() for ref in _references(value)]
    if isinstance(part, list):
        return [ref for value in part for ref in _references(value)]
    return []


def test_every_schema_and_reference_is_sound(document: dict[str, Any]) -> None:
    """All schemas are valid JSON Schema, and all references can be resolved."""
    assert document["openapi"].startswith("3.1")
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for reference in _references(document):
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]


def test_every_route_is_described_with_its_answers(document: dict[str, Any]) -> None:
    """The contract's routes are described with its refusals, and without the framework's error."""
    assert set(document["paths"]) == {
        "/api/cards/assign",
        "/api/cards/default",
        "/api/cards/{userId}",
        "/api/tasks/{taskId}",
        "/api/tasks/{taskId}/events",
        "/api/overview",
        "/api/failed",
        "/api/failed/replay",
        "/api/commands/{taskId}",
        "/api/customers/{userId}",
        "/stripe/events",
        "/api/migrations",
        "/api/migrations/{migrationId}",
        *(f"/api/migrations/{{migrationId}}/{part}" for part in _OF_A_MIGRATION),
        "/healthz",
        "/readyz",
        "/metrics",
    }
    assert "HTTPValidationError" not in str(document)
    for path in ("/api/migrations", "/api/migrations/{migrationId}/throttle"):
        assert "415" in document["paths"][path]["post"]["responses"]
    for path in ("/api/cards/assign", "/api/cards/default"):
        order = document["paths"][path]["post"]
        assert {
            "200",
            "202",
            "400",
            "401",
            "402",
            "403",
            "404",
            "415",
            "421",
            "422",
            "429",
            "503",
        } <= set(order["responses"])
        names = {parameter["name"] for parameter in order["parameters"]}
        assert names == {"Idempotency-Key", "Prefer", "Callback-Url", "Lane", "Metadata"}
        assert order["security"] == [{"bearer": ["send"]}, {}]
        assert set(order["responses"]["202"]["headers"]) >= {"Location", "Retry-After"}


def test_every_operation_names_its_scopes(document: dict[str, Any]) -> None:
    """All operations but public ones name the sufficient scopes and the answer without them."""
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path in ("/healthz", "/readyz", "/stripe/events"):
                assert operation["security"] == []
                continue
            scopes = [name for one in operation["security"] for name in one.get("bearer", ())]
            assert scopes
            assert operation["security"][-1] == {}  # for processes without tokens
            responses = operation["responses"]
            assert {"401", "403", "421", "429"} <= set(responses), path
            assert all(f"`{scope}`" in responses["403"]["description"] for scope in scopes)
            assert {"Retry-After", "RateLimit", "RateLimit-Policy"} == set(
                responses["429"]["headers"]
            )


def test_bodies_match_the_contract(document: dict[str, Any]) -> None:
    """The body schemas accept the contract's examples, and no further fields."""
    for name, body in (("AssignCard", ASSIGN), ("SetDefaultCard", DEFAULT)):
        schema = _schema(document, name)
        assert schema.is_valid(body)
        assert not schema.is_valid({**body, "kind": name})
        assert not schema.is_valid({**body, "userId": "x"})


async def test_answers_are_as_described(
    client: httpx.AsyncClient, document: dict[str, Any]
) -> None:
    """A 202, a refusal and a status are valid by the document's schemas."""
    order = document["paths"]["/api/cards/default"]["post"]["responses"]
    accepted = await client.post(
        "/api/cards/default", json=DEFAULT, headers={"Prefer": "respond-async"}
    )
    described = order["202"]["content"]["application/json"]["schema"]
    validator = OAS31Validator({**described, "components": document["components"]})
    assert validator.is_valid(accepted.json())
    refused = await client.post("/api/cards/default", json={})
    assert _schema(document, "Refused").is_valid(refused.json())
    task = await client.get(accepted.headers["location"])
    assert _schema(document, "CommandStatus").is_valid(task.json()["data"])
    CommandStatus.model_validate(task.json()["data"])


async def test_the_page_loads_nothing_else(client: httpx.AsyncClient) -> None:
    """The page is self-contained: no script, style or image comes from elsewhere."""
    page = await client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    outside = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", page.text, flags=re.S)
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", outside)
    assert page.text.count("</script>") == 2
    assert "/api/cards/assign" in page.text
