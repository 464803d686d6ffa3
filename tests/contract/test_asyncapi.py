"""`docs/asyncapi.yaml` agrees with the code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from producer.contract import AssignCard, CommandKind, Envelope, Lane, SetDefaultCard
from producer.journal.commands.messages import task_message
from producer.journal.commands.results import celery_result
from producer.journal.commands.signed import JOURNALLED, SENDER, SIGNATURE
from producer.security.command_signatures import Signing
from tests.contract.decoding import decode

ROOT = Path(__file__).resolve().parents[2]
ORDERS = [
    AssignCard(customer="cus_QRs9eKZ4xUzN2TP9", source="tok_1QRs9eKZ4xUzN2TP9vQqWXYZ"),
    SetDefaultCard(customer="cus_QRs9eKZ4xUzN2TP9", card="card_1QRs9eKZ4xUzN2TPabcdefgh"),
]
# What AsyncAPI 3.0.0 allows at the places used here (specification, "AsyncAPI Object" and below).
ROOT_FIELDS = {
    "asyncapi",
    "id",
    "info",
    "servers",
    "defaultContentType",
    "channels",
    "operations",
    "components",
}
CHANNEL_FIELDS = {"address", "title", "description", "messages", "parameters"}
OPERATION_FIELDS = {"action", "title", "channel", "messages", "reply"}
MESSAGE_FIELDS = {
    "name", "title", "summary", "contentType", "correlationId", "headers", "payload", "examples",
}  # fmt: skip


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docs/asyncapi.yaml").read_text("utf-8"))
    return loaded


def resolve(document: dict[str, Any], node: Any) -> Any:
    """The node itself, with references followed."""
    while isinstance(node, dict) and "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def references(node: Any) -> Iterator[str]:
    """All references below the node."""
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def check(document: dict[str, Any], schema: Any, value: Any) -> None:
    """Raise ValidationError unless the value fits a schema of the document."""
    whole = {**schema, "components": document["components"]}
    jsonschema.Draft7Validator(whole).validate(value)


def comparable(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without the titles that pydantic adds."""
    properties = {
        name: {key: value for key, value in inner.items() if key != "title"}
        for name, inner in schema["properties"].items()
    }
    return {**{k: v for k, v in schema.items() if k != "title"}, "properties": properties}


def test_every_reference_has_a_target(document: dict[str, Any]) -> None:
    """Every reference of the document has a target."""
    found = list(references(document))
    assert found
    for reference in found:
        assert reference.startswith("#/")
        assert isinstance(resolve(document, {"$ref": reference}), dict)


def test_the_structure_is_that_of_asyncapi_3(document: dict[str, Any]) -> None:
    """The document uses only fields of AsyncAPI 3.0.0, and all required ones."""
    assert document["asyncapi"] == "3.0.0"
    assert set(document) == ROOT_FIELDS
    assert {"title", "version"} <= set(document["info"])
    for server in document["servers"].values():
        assert {"host", "protocol"} <= set(server)
    for channel in document["channels"].values():
        assert set(channel) <= CHANNEL_FIELDS
        assert channel["address"]
    for operation in document["operations"].values():
        assert set(operation) <= OPERATION_FIELDS
        assert operation["action"] in ("send", "receive")
        assert operation["channel"]["$ref"].startswith("#/channels/")
        for message in operation["messages"]:
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")
    for message in document["components"]["messages"].values():
        assert set(message) <= MESSAGE_FIELDS


def test_channels_are_the_lanes_and_carry_every_command(document: dict[str, Any]) -> None:
    """Each lane is a channel under its queue's name, with a message for each command."""
    queues = {c["address"]: c for name, c in document["channels"].items() if name != "results"}
    assert set(queues) == {lane.value for lane in Lane}
    for channel in queues.values():
        assert set(channel["messages"]) == {kind.value for kind in CommandKind}
    taken = {resolve(document, o["channel"])["address"] for o in document["operations"].values()}
    assert taken == set(queues)


@pytest.mark.parametrize("model", [AssignCard, SetDefaultCard])
def test_keyword_arguments_are_the_models(document: dict[str, Any], model: Any) -> None:
    """The schema of a command's keyword arguments is its model's."""
    documented = document["components"]["schemas"][model.__name__]
    actual = model.model_json_schema(by_alias=True, mode="serialization")
    assert comparable(documented) == comparable(actual)


def test_the_envelope_is_the_models(document: dict[str, Any]) -> None:
    """The envelope has the model's fields, and model and schema accept the same values."""
    schema = document["components"]["schemas"]["Envelope"]
    actual = Envelope.model_json_schema()
    assert set(schema["properties"]) == set(actual["properties"])
    assert schema["additionalProperties"] is actual["additionalProperties"] is False
    for envelope in (Envelope.yes("done", {"a": 1}), Envelope.no("code", "not done")):
        check(document, schema, envelope.model_dump())
    for wrong in (
        {"status": False, "message": "no code", "data": None},
        {"status": True, "message": "a code", "data": None, "code": "x"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            check(document, schema, wrong)
        with pytest.raises(ValueError, match="code is present"):
            Envelope.model_validate(wrong)


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.kind.value)
def test_written_messages_fit(document: dict[str, Any], order: AssignCard | SetDefaultCard) -> None:
    """Headers and payload of a written message match the documented message."""
    message = resolve(document, {"$ref": f"#/components/messages/{order.kind.value}"})
    signing = Signing.of("k" * 32)
    for text in (
        task_message(order, "an-id", "bulk"),
        task_message(order, "an-id", "bulk", signing=signing, sender="billing"),
    ):
        headers, payload = decode(text)
        check(document, message["headers"], headers)
        check(document, message["payload"], payload)
    described = document["components"]["schemas"]["TaskHeaders"]["properties"]
    assert {JOURNALLED, SENDER, SIGNATURE} <= headers.keys() & described.keys()


def test_written_results_fit(document: dict[str, Any]) -> None:
    """A stored result matches the documented one, under the documented key."""
    stored = json.loads(celery_result("an-id", Envelope.no("c", "m")))
    check(document, document["components"]["schemas"]["CeleryResult"], stored)
    assert document["channels"]["results"]["address"] == "celery-task-meta-{taskId}"


@pytest.mark.parametrize("name", ["AssignCard", "SetDefaultCard", "Result"])
def test_examples_fit_their_messages(document: dict[str, Any], name: str) -> None:
    """Every example in the document matches its schema."""
    message = document["components"]["messages"][name]
    assert message["examples"]
    for example in message["examples"]:
        check(document, message["payload"], example["payload"])
        if "headers" in message:
            check(document, message["headers"], example["headers"])
