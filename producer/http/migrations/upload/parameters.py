"""The query parameters of an upload, named like the options of `cards migrate run`."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.datastructures import QueryParams

from producer.contract import CommandKind
from producer.contract.card_data.redaction import redact
from producer.contract.messages import Text
from producer.contract.refusals import ParameterInvalid
from producer.migrations.input.columns.columns import FIELDS

NAMES = (
    "name",
    "map",
    "sheet",
    "command",
    "only-if-default-is",
    "skip-if-newer",
    "blind",
    "dry-run",
    "run",
    "rps",
    "stop-after-failures",
    "continue-in-new-journal",
)
_MAX_NAME = 120
_MAX_SHEET = 255
_MAX_RPS = 1_000_000.0


@dataclass(frozen=True, slots=True)
class Parameters:
    """How to read the uploaded file, and what to do with it."""

    name: str = "upload"
    maps: dict[str, str] = field(default_factory=dict)
    sheet: str = ""
    command: str | None = None
    expected: str | None = None
    skip_if_newer: bool = False
    blind: bool = False
    dry_run: bool = False
    run: bool = False
    rps: float | None = None
    stop_after: int | None = None
    stop_after_percent: float | None = None
    go_on: bool = False

    @classmethod
    def of(cls, query: QueryParams) -> Parameters:
        """Parse the query. Raises ParameterInvalid, which names the parameter."""
        for name in query:
            if name not in NAMES:
                raise ParameterInvalid(Text.UNKNOWN_FIELD, field=name[:40])
        stop_after, percent = _failures(query.get("stop-after-failures"))
        parameters = cls(
            name=_name(query.get("name", "")),
            maps=dict(map(_pair, query.getlist("map"))),
            sheet=query.get("sheet", "").strip()[:_MAX_SHEET],
            command=_command(query.get("command")),
            expected=query.get("only-if-default-is") or None,
            skip_if_newer=_flag(query, "skip-if-newer"),
            blind=_flag(query, "blind"),
            dry_run=_flag(query, "dry-run"),
            run=_flag(query, "run"),
            rps=_rps(query.get("rps")),
            stop_after=stop_after,
            stop_after_percent=percent,
            go_on=_flag(query, "continue-in-new-journal"),
        )
        if parameters.blind and parameters.expected:
            raise ParameterInvalid(Text.BLIND_LOOK, field="blind")
        return parameters


def rps_of(value: object) -> float | None:
    """The most rows a second; None for no limit. Raises ParameterInvalid."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong("rps", "0.01 … 1000000, null")
    if value == 0:
        return None
    if not 0.01 <= value <= _MAX_RPS:
        raise _wrong("rps", "0.01 … 1000000, null")
    return float(value)


def limit_of(query: QueryParams) -> int | None:
    """The number of rows of a pilot. Raises ParameterInvalid, also for any other parameter."""
    for name in query:
        if name != "limit":
            raise ParameterInvalid(Text.UNKNOWN_FIELD, field=name[:40])
    text = query.get("limit")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text[:12]) < 10**9):
        raise _wrong("limit", "1 … 999999999")
    return int(text)


def _name(text: str) -> str:
    """A name for display: without folders, control characters or tokens."""
    bare = text.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(c for c in bare if c.isprintable()).strip()
    return redact(printable)[:_MAX_NAME] or "upload"


def _pair(text: str) -> tuple[str, str]:
    name, sign, column = (part.strip() for part in text.partition("="))
    if not (sign and column and name in FIELDS):
        raise _wrong("map", "userId=COLUMN, source=COLUMN, default_source=COLUMN, command=COLUMN")
    return name, column


def _command(text: str | None) -> str | None:
    if text is not None and text not in frozenset(CommandKind):
        raise ParameterInvalid(Text.UNKNOWN_COMMAND)
    return text


def _flag(query: QueryParams, name: str) -> bool:
    match query.get(name, "false").lower():
        case "" | "true" | "1":
            return True
        case "false" | "0":
            return False
    raise _wrong(name, "true, false")


def _rps(text: str | None) -> float | None:
    try:
        return rps_of(float(text) if text else None)
    except ValueError:
        raise _wrong("rps", "0.01 … 1000000") from None


def _failures(text: str | None) -> tuple[int | None, float | None]:
    """`20`, or `5%`."""
    if text is None:
        return None, None
    number, percent = text.strip().removesuffix("%"), text.strip().endswith("%")
    try:
        if percent and 0 < float(number) <= 100:
            return None, float(number)
        if not percent and 0 < int(number) < 10**9:
            return int(number), None
    except ValueError:
        pass
    raise _wrong("stop-after-failures", "20, 5%")


def _wrong(name: str, wanted: str) -> ParameterInvalid:
    return ParameterInvalid(Text.BAD_PARAMETER, field=name, wanted=wanted)
