"""Detects a file's format by its first bytes, whatever its name."""

from __future__ import annotations

import json
import re
from typing import Any

from producer.migrations.errors import FileRefused
from producer.migrations.input.files.formats import Encoding, Form, Format
from producer.migrations.input.files.text_encodings import BOM, encoding_of, head_text
from producer.migrations.input.files.unsupported_kinds import refuse_markup, refuse_other_kinds
from producer.migrations.input.records.csv_header import header_of, line_end_of
from producer.migrations.input.records.json_elements import LIST
from producer.migrations.texts.reasons import Reason

_PARQUET = b"PAR1"
_SPACE = re.compile(r"\s*")
# What may follow the bracket of an array of objects.
_OBJECTS = ("{", "]", "")


def detected(data: bytes, *, gzipped: bool = False, member: str = "") -> Format:
    """The format of an unpacked file with these first bytes, unless it is a workbook.

    Raises:
        FileRefused: the format is not supported.
    """
    if data.startswith(_PARQUET):
        return Format(Form.PARQUET, gzipped, member=member)
    refuse_other_kinds(data)
    encoding = encoding_of(data)
    whole = head_text(data, encoding).removeprefix(BOM)
    text = whole.lstrip()
    if not text:
        raise FileRefused("empty_file", Reason.EMPTY)
    refuse_markup(text)
    form = _json_form(text)
    if form is not None:
        line_end = line_end_of(whole, quotes=False)
        return Format(form, gzipped, encoding=encoding, line_end=line_end, member=member)
    return _csv(whole, encoding, gzipped, member)


def _csv(text: str, encoding: Encoding, gzipped: bool, member: str) -> Format:
    header = header_of(text)
    return Format(
        Form.CSV,
        gzipped,
        header.delimiter,
        encoding,
        line_end_of(text),
        header.separator_line,
        member,
    )


def _json_form(text: str) -> Form | None:
    """The JSON form of a text with this beginning; None if it is not JSON."""
    if text.startswith("["):
        after = text[_after_space(text, 1) :][:1]
        if after in _OBJECTS:
            return Form.JSON_ARRAY
        if _value(text, 0) is not None:
            raise FileRefused("unknown_format", Reason.JSON_OF_OTHERS)
        return None  # some databases put column names in brackets
    if not text.startswith("{"):
        return None
    return _form_of_objects(text)


def _form_of_objects(text: str) -> Form:
    first = _first_member(text)
    if first is not None and _is_customer(first):
        return Form.STRIPE_MAPPING
    if _has_list(text):
        return Form.JSON_LIST
    found = _value(text, 0)
    if found is None:
        return Form.JSON_LINES
    end = found[1]
    one_line = not set("\r\n") & set(text[:end])
    alone = text[end:].lstrip(" \t")[:1] in ("", "\r", "\n")
    return Form.JSON_LINES if one_line and alone else Form.JSON_OBJECTS


def _is_customer(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("cards"), dict)


def _first_member(text: str) -> Any:
    """The value of the object's first member; None if it is malformed."""
    for _, at in _members(text):
        found = _value(text, at)
        return found[0] if found else None
    return None


def _has_list(text: str) -> bool:
    """Whether a member of the object is the list of rows."""
    for name, at in _members(text):
        if name == LIST and text[at : at + 1] == "[":
            return text[_after_space(text, at + 1) :][:1] in _OBJECTS
    return False


def _members(text: str) -> Any:
    """Names of an object's members and positions of their values, as far as they can be read."""
    at = _after_space(text, 1)
    while True:
        name = _value(text, at)
        if name is None or not isinstance(name[0], str):
            return
        at = _after_space(text, name[1])
        if text[at : at + 1] != ":":
            return
        at = _after_space(text, at + 1)
        yield name[0], at
        value = _value(text, at)
        if value is None:
            return
        at = _after_space(text, value[1])
        if text[at : at + 1] != ",":
            return
        at = _after_space(text, at + 1)


def _value(text: str, at: int) -> tuple[Any, int] | None:
    """A JSON value and its end position; None if it is malformed."""
    try:
        return json.JSONDecoder().raw_decode(text, at)
    except (ValueError, RecursionError):
        return None


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
