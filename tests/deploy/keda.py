"""A strict schema of KEDA's ScaledObject (keda.sh/v1alpha1), as far as the example needs it."""

from __future__ import annotations

from typing import Any


def _only(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    """An object with only these fields."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_TEXT, _COUNT = {"type": "string"}, {"type": "integer", "minimum": 0}
_RULES = _only(
    stabilizationWindowSeconds={"type": "integer", "minimum": 0, "maximum": 3600},
    selectPolicy={"enum": ["Max", "Min", "Disabled"]},
    policies={
        "type": "array",
        "items": _only(
            ("type", "value", "periodSeconds"),
            type={"enum": ["Pods", "Percent"]},
            value={"type": "integer", "minimum": 1},
            periodSeconds={"type": "integer", "minimum": 1, "maximum": 1800},
        ),
    },
)
_PROMETHEUS = _only(
    ("type", "metadata"),
    type={"const": "prometheus"},
    name=_TEXT,
    metricType={"enum": ["AverageValue", "Value"]},
    # Values of a trigger are strings, numbers too.
    metadata=_only(
        ("serverAddress", "query", "threshold"),
        serverAddress=_TEXT,
        query=_TEXT,
        threshold={"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"},
        activationThreshold={"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"},
        namespace=_TEXT,
        ignoreNullValues={"enum": ["true", "false"]},
    ),
)

SCALED_OBJECT = _only(
    ("apiVersion", "kind", "metadata", "spec"),
    apiVersion={"const": "keda.sh/v1alpha1"},
    kind={"const": "ScaledObject"},
    metadata={"type": "object", "required": ["name"]},
    spec=_only(
        ("scaleTargetRef", "triggers"),
        scaleTargetRef=_only(("name",), name=_TEXT, kind=_TEXT, apiVersion=_TEXT),
        minReplicaCount=_COUNT,
        maxReplicaCount=_COUNT,
        idleReplicaCount=_COUNT,
        pollingInterval=_COUNT,
        cooldownPeriod=_COUNT,
        fallback=_only(("failureThreshold", "replicas"), failureThreshold=_COUNT, replicas=_COUNT),
        advanced=_only(
            horizontalPodAutoscalerConfig=_only(
                name=_TEXT, behavior=_only(scaleDown=_RULES, scaleUp=_RULES)
            ),
        ),
        triggers={"type": "array", "minItems": 1, "items": _PROMETHEUS},
    ),
)
