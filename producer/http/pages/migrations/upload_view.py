"""Renders the upload form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from producer.http.migrations.upload.parameters import NAMES
from producer.http.pages.texts.say import Say
from producer.http.pages.texts.uploads import Upload
from producer.migrations.input.columns.resolution import DEFAULT, SOURCE, USER
from producer.migrations.input.values.display_text import visible

PATH = "/migrations"
MAP = "map-"
# Options in display order; those that uploads do not support are left out.
_TEXTS = (
    ("sheet", Upload.SHEET, "text"),
    ("only-if-default-is", Upload.ONLY_IF, "text"),
    ("rps", Upload.RPS, "decimal"),
    ("stop-after-failures", Upload.STOP, "text"),
)
_FLAGS = (("skip-if-newer", Upload.NEWER), ("blind", Upload.BLIND))
_COMMANDS = ("AssignCard", "SetDefaultCard")
_MEANINGS = {USER: Upload.USER, SOURCE: Upload.SOURCE, DEFAULT: Upload.DEFAULT}


def form(
    say: Say,
    *,
    by: str,
    max_bytes: int,
    values: Mapping[str, str] | None = None,
    columns: Sequence[str] = (),
    reason: str = "",
) -> str:
    """The form's section. `max_bytes` is the size of the largest file.

    After a refusal, `reason` says why, as HTML; `values` are the values filled in; `columns` are
    the file's columns.
    """
    values = values or {}
    who = f" {escape(say(Upload.BY, name=by))}" if by else ""
    kinds = escape(say(Upload.KINDS, most=_size(say, max_bytes)))
    # The fields precede the file, since it is checked against them while it arrives.
    return (
        f'<section id="upload" data-uploading="{escape(say(Upload.UPLOADING, share="{share}"))}" '
        f'data-checking="{escape(say(Upload.CHECKING))}" data-cut="{escape(say(Upload.CUT))}">'
        f"<h2>{escape(say(Upload.TITLE))}</h2>{reason}"
        f'<p class="quiet">{escape(say(Upload.INTRO))}{who}</p>'
        f'<form method="post" action="{PATH}" enctype="multipart/form-data" class="upload">'
        f"{_options(say, values, columns)}"
        f'<label class="drop" for="file"><b>{escape(say(Upload.DROP))}</b>'
        f'<small class="quiet">{kinds}</small>'
        '<input type="file" id="file" name="file" required></label>'
        f"<button>{escape(say(Upload.CHECK))}</button>"
        '<p class="progress" hidden><progress max="1"></progress>'
        '<span role="status"></span></p></form></section>'
    )


def _options(say: Say, values: Mapping[str, str], columns: Sequence[str]) -> str:
    shown = " open" if columns or any(values.values()) else ""
    kinds = _select(
        say, "command", Upload.BY_COLUMNS, _COMMANDS, values.get("command", ""), say(Upload.COMMAND)
    )
    maps = "".join(_map(say, field, values.get(MAP + field, ""), columns) for field in _MEANINGS)
    texts = "".join(
        _text(name, say(word), values.get(name, ""), kind)
        for name, word, kind in _TEXTS
        if name in NAMES
    )
    flags = "".join(
        f'<label class="flag"><input type="checkbox" name="{name}" value="true"'
        f"{' checked' if values.get(name) else ''}> {escape(say(word))}</label>"
        for name, word in _FLAGS
    )
    mapped = (
        f"<fieldset><legend>{escape(say(Upload.MAP))}</legend>"
        f'<div class="grid-of-fields">{maps}</div></fieldset>'
    )
    others = f'<div class="grid-of-fields">{kinds}{texts}</div>'
    # After a missing column, the choice of columns comes first.
    fields = mapped + others if columns else others + mapped
    return (
        f'<details class="options"{shown}><summary>{escape(say(Upload.OPTIONS))}</summary>'
        f"{fields}{flags}</details>"
    )


def _map(say: Say, field: str, value: str, columns: Sequence[str]) -> str:
    label = f"{field}: {say(_MEANINGS[field])}"
    if not columns:
        return _text(MAP + field, label, value, "text")
    return _select(say, MAP + field, Upload.BY_NAME, columns, value, label)


def _select(
    say: Say, name: str, nothing: Upload, values: Sequence[str], chosen: str, label: str
) -> str:
    options = f'<option value="">{escape(say(nothing))}</option>'
    for value in values:
        selected = " selected" if value == chosen else ""
        options += f'<option value="{escape(value)}"{selected}>{escape(visible(value))}</option>'
    return (
        f'<label for="{escape(name)}">{escape(label)}'
        f'<select id="{escape(name)}" name="{escape(name)}">{options}</select></label>'
    )


def _text(name: str, label: str, value: str, mode: str) -> str:
    return (
        f'<label for="{name}">{escape(label)}<input id="{name}" name="{name}" '
        f'inputmode="{mode}" autocomplete="off" value="{escape(value)}"></label>'
    )


def _size(say: Say, count: int) -> str:
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= size:
            return f"{say.figure(count / size, 0 if count % size == 0 else 1)} {unit}"
    return f"{count} bytes"
