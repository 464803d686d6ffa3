"""A browser's form with a file is parsed as a stream, in pieces of any size."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.http.migrations.upload.multipart import FormBroken, read_form

_TYPE = "multipart/form-data; boundary=----WebKitFormBoundaryx7"
_MARK = b"------WebKitFormBoundaryx7"


def _field(name: str, value: str) -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"'
    return _MARK + b"\r\n" + head.encode() + b"\r\n\r\n" + value.encode() + b"\r\n"


def _file(content: bytes, name: str = "cards.csv") -> bytes:
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    typed = b"\r\nContent-Type: text/csv\r\n\r\n"
    return _MARK + b"\r\n" + head.encode() + typed + content + b"\r\n"


async def _pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def _read(
    body: bytes, size: int = 7, kind: str = _TYPE
) -> tuple[list[tuple[str, str]], str, bytes]:
    form = await read_form(kind, _pieces(body, size))
    content = b"".join([chunk async for chunk in form.file])
    return form.fields, form.filename, content


@given(
    st.lists(st.sampled_from([b"a", b"\r", b"\n", b"-", _MARK, b"\r\n--", b"\0", b"\xff"])),
    st.integers(1, 90),
)
async def test_the_file_is_passed_on_unchanged(parts: list[bytes], size: int) -> None:
    """Any content but the boundary at a line's start is passed on, however it is split."""
    content = b"".join(parts)
    if b"\r\n" + _MARK in b"\r\n" + content + b"\r\n":
        content = content.replace(_MARK, b"")
    body = (
        _field("rps", "5") + _field("map-userId", "cliente é") + _file(content) + _MARK + b"--\r\n"
    )
    told = await _read(body, size)
    assert told == ([("rps", "5"), ("map-userId", "cliente é")], "cards.csv", content)


async def test_names_are_parsed_as_browsers_write_them() -> None:
    """Quotes are escaped, other characters are UTF-8, and the boundary may be quoted."""
    body = _file(b"x", "a %22b%22 ñ.csv") + _MARK + b"--"
    quoted = 'multipart/form-data; boundary="----WebKitFormBoundaryx7"'
    assert (await _read(body, kind=quoted))[1:] == ('a "b" ñ.csv', b"x")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary",
        _field("a", "b") + _MARK + b"--",
        _file(b"cut off")[:-2],
        _file(b"x") + _field("after", "it") + _MARK + b"--",
        _field("a", "x" * 20_000) + _file(b"") + _MARK + b"--",
        b"".join(_field(f"n{n}", "x" * 1000) for n in range(20)) + _file(b"") + _MARK + b"--",
        _MARK + b"\r\nX: " + b"y" * 9_000,
        _MARK + b"\r\nContent-Type: text/plain\r\n\r\nnameless\r\n" + _MARK + b"--",
    ],
)
async def test_malformed_forms_are_refused(body: bytes) -> None:
    """Truncated, without a file, with a part after it, or with too many fields."""
    with pytest.raises(FormBroken):
        await _read(body)
    with pytest.raises(FormBroken):
        await _read(body, kind="application/x-www-form-urlencoded")
