"""Texts are there in Spanish and in English, with the same placeholders in both."""

from __future__ import annotations

import pkgutil
import string
from collections.abc import Iterator
from importlib import import_module

import pytest

import producer
from producer.contract.bilingual import Bilingual, Say
from producer.contract.caller_texts import Text


def _tables(table: type[Bilingual] = Bilingual) -> Iterator[type[Bilingual]]:
    for module in pkgutil.walk_packages(producer.__path__, "producer."):
        if module.name.rpartition(".")[2] != "__main__":
            import_module(module.name)
    yield from table.__subclasses__()


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("table", list(_tables()), ids=lambda table: table.__name__)
def test_both_languages_have_the_same_placeholders(table: type[Bilingual]) -> None:
    """Every text of every table has words in both, and each placeholder has a name."""
    assert len(table) >= 1
    for text in table:
        assert text.spanish, text
        assert text.english, text
        assert _placeholders(text.spanish) == _placeholders(text.english), text
        assert "" not in _placeholders(text.spanish), text


def test_all_tables_are_found() -> None:
    """The test above sees the tables of envelopes, migrations, reports and pages."""
    found = {table.__name__ for table in _tables()}
    assert {"Text", "Reason", "Todo", "ReportText", "FormatText", "Page", "Live", "Upload"} <= found


def test_a_text_is_said_in_a_language() -> None:
    """Placeholders are filled, and a value that is a text is said in the same language."""
    assert Text.NOT_READY.say("en", missing=Text.STOPPING) == "Not ready: the process is stopping"
    say = Say("es")
    assert say(Text.NOT_READY, missing=Text.STOPPING) == (
        "No está listo: el proceso se está deteniendo"
    )
    assert (say.figure(1234.5, 1), Say("en").figure(1234.5, 1)) == ("1.234,5", "1,234.5")
